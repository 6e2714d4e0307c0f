"""The tutorial word for word: in an empty folder each command and each Python block prints what the page shows."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(?:\{code-block\} )?(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What is another thing on every machine, and what is only said to a pipe or by a cold cache.
VARYING = re.compile(
    r"\b[\d.,]+ (?:s|min|kB|MB|GB)\b|on \d+ threads?|[\d,]+ of [\d,]+ trials\n|Compiling the kernels.*\n"
)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block, and what it is said to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


def printed(command: str) -> str:
    program, *arguments = shlex.split(command)
    assert program == "rnnlab"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "COLUMNS": "120"}
    argv = [sys.executable, "-m", "rnnlab", *arguments]
    done = subprocess.run(
        argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def comparable(text: str) -> list[str]:
    return VARYING.sub("", text).split()


@pytest.mark.slow
def test_everything_prints_what_the_tutorial_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    said = ""
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "console":
            for command, shown in commands(text):
                found = printed(command)
                assert comparable(found) == comparable(shown), f"{command} printed\n{found}"
        elif language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, str(PAGE), "exec"), namespace)
            said = out.getvalue()
        else:
            assert language == "text"
            assert comparable(text) == comparable(said), said
    compare_excerpt(PAGE.read_text(encoding="utf-8"), Path("turn.toml").read_text(encoding="utf-8"))
    assert (ROOT / "docs" / "figures" / "turn.png").exists()
    assert Path("figures/turn.png").exists()


def compare_excerpt(page: str, file: str) -> None:
    [excerpt] = re.findall(r"^```\n(\[grid\].*?)^```$", page, re.MULTILINE | re.DOTALL)
    written = [line.split("  #")[0].rstrip() for line in file.splitlines() if not line.startswith("#")]
    assert [line for line in excerpt.split("\n") if line not in written] == []


def test_what_varies_is_not_compared_and_everything_else_is():
    assert comparable("3 of 4 trials\nrun: 40 trials in 1.5 s on 2 threads") == comparable("run: 40 trials in 9 min")
    assert comparable("growth 0.27") != comparable("growth 0.28")


def test_the_notebook_is_kept_without_outputs():
    notebook = json.loads((ROOT / "docs" / "tutorial-notebook.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 10
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)
