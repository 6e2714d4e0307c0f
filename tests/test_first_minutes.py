"""The first ten minutes of somebody who has the README and nothing else: how many commands, and that they work."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MOST = 6
FIRST = re.compile(r"^## The first ten minutes\n.*?^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands():
    block = FIRST.search((ROOT / "README.md").read_text(encoding="utf-8"))
    return [line.split("  #")[0].strip() for line in block[1].splitlines() if line.strip()]


def test_from_a_clone_to_the_figure_of_a_grid_of_ones_own_in_six_commands():
    lines = commands()
    assert len(lines) <= MOST
    assert not [line for line in lines if re.search(r"[;&|]", line)]  # each is one
    assert lines[0].startswith("git clone ")
    assert lines[-1].startswith("rnnlab plot ")


def test_the_environment_is_where_it_is_activated():
    clone, make, activate, *_ = map(shlex.split, commands())
    folder = clone[-1]
    assert make == ["make", "-C", folder, "demo"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo: \$\(STAMP\)", makefile, re.MULTILINE)
    assert activate[1] == f"{folder}/{re.search(r'^VENV [?]= (.*)$', makefile, re.MULTILINE)[1]}/bin/activate"


@pytest.mark.slow
def test_they_work_in_an_empty_folder(tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}
    cache = {name: value for name, value in os.environ.items() if name == "RNNLAB_CACHE_DIR"}
    environment = {**clean, **cache, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"}
    for line in commands():
        program, *arguments = shlex.split(line)
        if program == "rnnlab":
            subprocess.run(
                [sys.executable, "-m", "rnnlab", *arguments], cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL,
                capture_output=True, check=True,
            )  # fmt: skip
    assert (tmp_path / "figures" / "mine.png").stat().st_size > 10_000
