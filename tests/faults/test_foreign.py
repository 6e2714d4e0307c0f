"""Rows 10 and 23: what somebody else has put into a store is named, never opened, never followed, and never hangs."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.faults.runs import LONG, SMALL, call


def fifo(path: Path) -> None:
    os.mkfifo(path)


def empty(path: Path) -> None:
    path.touch()


def text(path: Path) -> None:
    path.write_text("hello", encoding="utf-8")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def folder(path: Path) -> None:
    path.mkdir()


def link_to_a_folder(path: Path) -> None:
    path.symlink_to(Path("victim").absolute())


def link_to_a_file(path: Path) -> None:
    path.symlink_to(Path("victim", "precious").absolute())


KINDS = (fifo, empty, text, dangling, folder, link_to_a_folder, link_to_a_file)
LINKS = (link_to_a_folder, link_to_a_file, dangling)
OWN = (
    "manifest.json .journal.json .holder.json .lock .staging .environments .damaged gradients gradients_by_step timings"
    " .checkpoints"
)
CASES = list(itertools.product(OWN.split(), KINDS))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    store = tmp_path_factory.mktemp("done")
    file = store / "small.toml"
    file.write_text(SMALL, encoding="utf-8")
    call("run", file, "--store", store / "s")
    return store


@pytest.fixture
def place(done, tmp_path, monkeypatch):
    """A copy of a finished store, and an alarm: whatever hangs is a failure, not a test that never ends."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(done / "s", "s")
    shutil.copy(done / "small.toml", ".")
    Path("victim").mkdir()
    Path("victim", "precious").write_text("precious", encoding="utf-8")
    before = signal.signal(signal.SIGALRM, _hangs)
    signal.alarm(60)
    yield tmp_path / "s" / "small"
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _hangs(*_: object) -> None:
    pytest.fail("it hangs")


def plant(path: Path, kind) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    kind(path)


def nothing_outside_was_touched() -> None:
    assert [path.name for path in Path("victim").iterdir()] == ["precious"]
    assert Path("victim", "precious").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("where", ["gradients", "gradients_by_step", ".", ".."])
def test_foreign_files_are_named_once_and_skipped_by_every_command(place, where):
    for kind in KINDS:
        kind(place / where / f"{kind.__name__}.parquet")
    assert "complete" in call("ls", "--store", "s")
    call("show", "small", "--store", "s")
    call("plan", "small.toml", "--store", "s")
    assert "done already" in call("run", "small.toml", "--store", "s")
    longer = call("run", "small.toml", "--store", "s", "-s", "seed=0,1,2,3")
    for kind in KINDS:
        name = f"{where}/{kind.__name__}.parquet"
        assert longer.count(f"{name}: is not of rnnlab; skipped") == where.startswith("gradients")
        assert os.path.lexists(place / name)
    nothing_outside_was_touched()


@pytest.mark.parametrize(("name", "kind"), CASES if LONG else CASES[::3])
def test_anything_in_the_place_of_rnnlabs_own_files_is_survived_or_named(place, name, kind):
    """Readers never fail as a whole: `ls` lists the store. A writer goes on, or says what to move away: 6."""
    plant(place / name, kind)
    call("ls", "--store", "s")
    assert _ends(["show", "small", "--store", "s"]) in (0, 4)
    code, output = _outcome(["run", "small.toml", "--store", "s", "-s", "seed=0,1,2,3"])
    assert code in (0, 6)
    if code:
        assert f"{place.name}/{name}" in output
        assert "move it away" in output
        plant(place / name, lambda path: None)
        call("run", "small.toml", "--store", "s", "-s", "seed=0,1,2,3")
    call("show", "small", "--store", "s")
    nothing_outside_was_touched()


def _ends(arguments: list[str]) -> int:
    return _outcome(arguments)[0]


def _outcome(arguments: list[str]) -> tuple[int, str]:
    from click.testing import CliRunner

    from rnnlab.cli import main

    done = CliRunner().invoke(main, arguments)
    assert "Traceback" not in done.output
    return done.exit_code, done.output


@pytest.mark.parametrize("kind", LINKS)
def test_a_link_in_place_of_the_experiment_is_refused(place, kind):
    plant(place, kind)
    assert "is no folder" in call("run", "small.toml", "--store", "s", code=6)
    nothing_outside_was_touched()


def test_a_planted_link_in_a_table_is_never_removed_through(place):
    """What a killed run left is removed: a link among it is not, nor what it points to."""
    link = place / "gradients_by_step" / f"{'0' * 16}-{'0' * 16}.parquet"
    link.symlink_to(Path("victim", "precious").absolute())
    call("run", "small.toml", "--store", "s", "-s", "seed=0,1,2,3")
    assert link.is_symlink()
    nothing_outside_was_touched()
