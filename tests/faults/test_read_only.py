"""Row 7: a store that really cannot be written: reading commands work, `run` refuses before it computes anything."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from tests.faults.runs import ROOT, SMALL, call

# Root may write anywhere: it becomes nobody, once everything is imported that nobody might not be allowed to read.
COMMANDS = textwrap.dedent("""
    import json, os, sys
    from click.testing import CliRunner
    import rnnlab.runner.running, rnnlab.api, rnnlab.analysis, rnnlab.measures, rnnlab.draws, rnnlab.figures
    import filelock, pandas, pyarrow.parquet, rich.table
    from rnnlab import draws
    from rnnlab.cli import main

    folder = sys.argv[1]
    small, s = [f"{folder}/small.toml"], ["--store", f"{folder}/s"]
    for command in (["show", "small", *s], ["plan", *small, *s, "-s", "seed=9"]):
        CliRunner().invoke(main, command)  # imports the rest
    if os.getuid() == 0:
        os.setgroups([]), os.setgid(65534), os.setuid(65534)

    def networks(trials):
        raise AssertionError("computed in vain")

    draws.networks = networks
    answers = {}
    for name, command in {
        "ls": ["ls", *s], "show": ["show", "small", *s], "plan": ["plan", *small, *s, "-s", "seed=0,1,2,3"],
        "run": ["run", *small, *s], "fewer": ["run", *small, *s, "-s", "seed=0"],
        "more": ["run", *small, *s, "-s", "seed=0,1,2,3"], "new": ["run", *small, *s, "-s", "name=new"],
    }.items():
        done = CliRunner().invoke(main, command)
        answers[name] = [done.exit_code, done.output]
    print(json.dumps(answers))
""")


@pytest.fixture
def folder():
    """A folder that everybody can read, and nobody but its owner write; tmp_path cannot be entered by others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def everything(folder: Path, mode: int) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(mode if path.is_dir() else mode & 0o666)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes are those of POSIX")
def test_a_folder_that_may_only_be_read(folder):
    import json

    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    call("run", folder / "small.toml", "--store", folder / "s")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    everything(folder, 0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, str(folder)],
            capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
    finally:
        everything(folder, 0o755)
    assert {name: code for name, (code, _) in answers.items()} == {
        "ls": 0, "show": 0, "plan": 0, "run": 0, "fewer": 0, "more": 6, "new": 6,
    }, answers  # fmt: skip
    assert "done already" in answers["run"][1]
    assert "read-only" in answers["fewer"][1]
    for name in ("more", "new"):
        assert "choose another with --store" in answers[name][1]
        assert "computed in vain" not in answers[name][1]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
