"""Small runs for the tests of faults: in this process, or by the real command in another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
from click.testing import CliRunner

from rnnlab import api, store
from rnnlab.cli import main
from rnnlab.store import parquet
from tests.test_runner import made, results, small_blocks

__all__ = ["LONG", "ROOT", "call", "files_of", "keys", "made", "process", "results", "small_blocks", "unreadable"]

LONG = "RNNLAB_SOAK" in os.environ  # `make soak`
ROOT = Path(__file__).parent.parent.parent
SMALL = """\
schema = 1
name = "small"
[grid]
activation = ["tanh", "relu"]
recurrent_scale = [0.5, 2.0]
length = 12
width = 4
seed = { range = 3 }
[measure.gradients]
"""


def call(*arguments: object, code: int = 0) -> str:
    """Call the command in this process, and return what it prints on both streams."""
    done = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="rnnlab")
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output


def process(*arguments: object, **options: object) -> subprocess.Popen[str]:
    """Start the real command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "rnnlab", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, **options,
    )  # fmt: skip


def files_of(folder: Path) -> list[Path]:
    """Return the Parquet files that a reader of the folder would open."""
    return sorted(folder.glob("[!.]*/*.parquet"))


def unreadable(folder: Path) -> list[Path]:
    """Return the files that are not what their names vouch for, or that pandas cannot read."""
    return [path for path in files_of(folder) if not (parquet.vouched(path, path.read_bytes()) and _opens(path))]


def _opens(path: Path) -> bool:
    try:
        return len(pd.read_parquet(path)) > 0
    except Exception:
        return False


def keys(folder: Path, measure: str = "gradients") -> set[str]:
    """Return the trials that are done."""
    return set(store.published(store.layout(folder.parent, folder.name), measure)["key"].to_pylist())


def frame(folder: Path) -> pd.DataFrame:
    """Return what `rnnlab.load` makes of the experiment, without what tells who computed it."""
    return api.load(folder.name, folder.parent).trials.drop(columns="environment")
