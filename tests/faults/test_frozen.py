"""Row 25: stores of earlier versions are read, checked, shown and gone on with; newer ones are left untouched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rnnlab import api, experiment, grid, runner, store
from rnnlab.runner.labels import label_of
from rnnlab.store import parquet
from tests.faults.runs import ROOT, call, files_of, unreadable

STORES = ROOT / "tests" / "stores"
FROZEN = sorted(path.name for path in STORES.iterdir() if path.is_dir())


@pytest.fixture(params=FROZEN)
def frozen(request, tmp_path):
    shutil.copytree(STORES / request.param, tmp_path / "s")
    return tmp_path / "s"


def test_there_is_a_store_of_this_format():
    assert any(name.startswith(f"format-{store.FORMAT}-") for name in FROZEN)


def test_every_file_is_what_the_manifest_and_its_name_say(frozen):
    folder = frozen / "frozen"
    manifest = store.read_manifest(store.layout(frozen, "frozen"))
    assert unreadable(folder) == []
    assert [file["path"] for file in manifest["files"]] == [p.relative_to(folder).as_posix() for p in files_of(folder)]
    for file in manifest["files"]:
        data = (folder / file["path"]).read_bytes()
        assert (len(data), file["sha256"][:16]) == (file["bytes"], parquet.content(data))


def test_the_numbers_are_those_that_were_stored(frozen):
    trials = api.load("frozen", frozen).trials
    assert len(trials) == 16
    assert set(trials["status"]) == {"ok"}
    assert trials["loss"].sum() == pytest.approx(208.26522140815058, rel=1e-12)
    assert trials["growth_rate"].sum() == pytest.approx(-43.57626083816064, rel=1e-12)
    steps = api.load("frozen", frozen).table("gradients_by_step")
    assert len(steps) == 8 * (3 + 6)
    assert len(api.load("frozen", frozen).table("lags_by_lag")) > 0


def test_keys_are_for_ever(frozen):
    manifest = store.read_manifest(store.layout(frozen, "frozen"))
    described = experiment.parse(manifest["experiment"])
    stored = store.published(store.layout(frozen, "frozen"), "gradients")["key"].to_pylist()
    assert {trial.key for trial in grid.trials(described)} == set(stored)


def test_commands_read_it(frozen):
    assert "complete" in call("ls", "--store", frozen)
    assert "A store that stays readable" in call("show", "frozen", "--store", frozen)
    call("show", "frozen", "--measure", "lags", "--store", frozen)
    plan = json.loads(call("plan", frozen / "frozen" / "manifest.json", "--json", "--store", frozen))
    assert plan["trials"] == 16


def test_it_is_gone_on_with(frozen):
    """A longer axis computes what is new, and anew what a measure that has changed since had computed."""
    manifest = frozen / "frozen" / "manifest.json"
    measures = store.read_manifest(store.layout(frozen, "frozen"))["measures"]
    changed = [name for name, was in measures.items() if label_of(name, was["resolved"]).version != was["version"]]
    old = {path: path.read_bytes() for path in files_of(frozen / "frozen")}
    longer = experiment.read(manifest, ["seed=0,1,2"])
    summary = runner.run(longer, store=frozen)
    assert (summary.trials, summary.new) == (24, 24 if changed else 8)
    assert summary.notes[0].startswith("the experiment has changed since its last run: seed was [0, 1], is [0, 1, 2]")
    assert len(api.load("frozen", frozen).trials) == 24
    place = store.layout(frozen, "frozen")
    was = measures["gradients"]
    rows = store.read(place, "gradients", settings=was["settings"], version=was["version"])
    assert rows.num_rows >= 16
    assert store.read(place, "gradients").num_rows >= 16 + 24  # those with other settings, too
    assert old.keys() != set(files_of(frozen / "frozen"))


@pytest.mark.parametrize("command", ["show", "plan", "run", "extract"])
def test_a_newer_format_is_refused_and_left_untouched(frozen, command):
    path = frozen / "frozen" / "manifest.json"
    newer = {**json.loads(path.read_text(encoding="utf-8")), "format": store.FORMAT + 1, "layout": "unheard of"}
    path.write_text(json.dumps(newer), encoding="utf-8")
    before = _bytes(frozen)
    arguments = {"extract": ["frozen", "abc"], "show": ["frozen"]}.get(command, [STORES / "frozen.toml"])
    output = call(command, *arguments, "--store", frozen, code=2)
    assert f"newer rnnlab (format {store.FORMAT + 1}" in output
    assert "newer" in call("ls", "--store", frozen)
    assert _bytes(frozen) == before


def _bytes(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
