"""Rows 5 and 6: a disk that is really full. A tmpfs is mounted where that is allowed; a limit on file sizes always is.

A tmpfs fills page by page. A run is given no free page, then one, then two, until it has enough: each of them ends
at a later file - the lock, the holder's note, the environment, the first manifest, a long table, its commit, the
journal, the last manifest. After each, what was there is there, and the same command ends the same when there is
room.
"""

from __future__ import annotations

import itertools
import os
import resource
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rnnlab import runner, store
from rnnlab.errors import StoreIOError
from tests.faults.fakes import install
from tests.faults.runs import ROOT, SMALL, call, keys, made, process, results, small_blocks, unreadable

PAGE = resource.getpagesize()


@pytest.fixture
def disk(tmp_path):
    """A file system of 1 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    ) if shutil.which("mount") else None  # fmt: skip
    if mounted is None or mounted.returncode:
        pytest.skip("no tmpfs can be mounted here (that takes root); the limit on file sizes is tested all the same")
    yield folder
    subprocess.run(["umount", folder], check=True)


def grid(seeds: int):
    return made(measure={"fake": {}}, activation="tanh", length=3, recurrent_scale=0.5, seed={"range": seeds})


def fill(folder: Path, pages: int) -> Path:
    """Leave so many pages free."""
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail
    ballast.write_bytes(b"x" * PAGE * (free - pages))
    assert os.statvfs(folder).f_bavail == pages
    return ballast


def test_a_run_that_the_disk_stops_at_any_file_loses_nothing(disk, tmp_path, monkeypatch):
    small_blocks(monkeypatch, 1)
    install(monkeypatch)
    runner.run(grid(4), store=tmp_path / "whole", workers=1)
    undisturbed = results(tmp_path / "whole")
    runner.run(grid(2), store=tmp_path / "first", workers=1)
    stopped = set()
    for pages in itertools.count():
        shutil.copytree(tmp_path / "first", disk / "s")
        before, manifest = keys(disk / "s" / "e", "fake"), (disk / "s" / "e" / "manifest.json").read_bytes()
        ballast = fill(disk, pages)
        try:
            runner.run(grid(4), store=disk / "s", workers=1)
        except StoreIOError as error:
            stopped.add(str(error).split(": cannot ")[1].split(":")[0])
            room = "Make room" in str(error)
        else:
            break
        assert room
        assert before <= keys(disk / "s" / "e", "fake")
        assert unreadable(disk / "s" / "e") == []
        now = store.read_manifest(store.layout(disk / "s", "e"))
        assert now["finished"] is None or (disk / "s" / "e" / "manifest.json").read_bytes() == manifest
        ballast.unlink()
        assert runner.run(grid(4), store=disk / "s", workers=1).failed == 0
        assert results(disk / "s") == undisturbed
        shutil.rmtree(disk / "s")
    assert pages > 3
    assert {"note who writes", "write the environment", "write the manifest", "publish a block"} & stopped
    assert len(stopped) >= 3, stopped


def test_the_command_ends_in_6_and_goes_on_when_there_is_room(disk, monkeypatch):
    monkeypatch.chdir(disk)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    ballast = fill(disk, 8)
    output = call("run", "small.toml", "--store", "s", code=6)
    assert "No space left on device" in output
    assert "Make room" in output
    assert "run the same command again" in output
    ballast.unlink()
    assert "12 trials computed" in call("run", "small.toml", "--store", "s")


LIMITED = textwrap.dedent("""
    import resource, sys
    from rnnlab.cli import main

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
    main(sys.argv[2:])
""")


@pytest.mark.parametrize("limit", [0, 100, 1500, 20_000])
def test_a_limit_on_the_size_of_files_is_a_full_disk_too(limit, tmp_path):
    """At 0 not even the holder can be noted; at 1500 no manifest fits; at 20,000 no table of this grid."""
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    command = [sys.executable, "-c", LIMITED, str(limit), "run", "small.toml", "--store", "s"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 6, done.stderr
    assert "Make room" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "s").glob("small/[!.]*/*.parquet"))
    assert "12 trials computed" in call("run", tmp_path / "small.toml", "--store", tmp_path / "s")
    with process("ls", "--store", tmp_path / "s") as listed:
        assert "complete" in listed.communicate()[0]
