"""Compiled kernels are kept, loaded without compiling, and never run stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import rnnlab
from rnnlab.kernels import options

# `pack_tamed` of linalg.py leans on scaled.py: an edit there is what Numba itself would not see (numba issue 1833).
CODE = """
import numpy as np
from rnnlab.kernels import linalg
panels = np.empty(linalg.packed_size(1, 1, np.dtype(float)))
print(linalg.pack_tamed(np.array([[1e9]]), panels), sum(linalg.pack_tamed.stats.cache_misses.values()))
"""


def run(place: Path) -> list[int]:
    environment = {**os.environ, "PYTHONPATH": str(place), "RNNLAB_CACHE_DIR": str(place / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True, cwd=place
    )
    return [int(word) for word in done.stdout.split()]


def test_an_edited_kernel_is_never_run_from_a_stale_cache(tmp_path):
    shutil.copytree(Path(rnnlab.__file__).parent, tmp_path / "rnnlab", ignore=shutil.ignore_patterns("__pycache__"))
    assert run(tmp_path) == [0, 1]
    assert run(tmp_path) == [0, 0]
    scaled = tmp_path / "rnnlab" / "kernels" / "scaled.py"
    scaled.write_text(scaled.read_text().replace("2.0**-80, 2.0**80", "2.0**-50, 2.0**50"))
    assert run(tmp_path) == [30, 1]


def test_the_cache_lies_with_the_user_and_is_named_by_the_sources(monkeypatch, tmp_path):
    monkeypatch.setenv("RNNLAB_CACHE_DIR", str(tmp_path))
    options.cache_folder.cache_clear()
    assert options.cache_folder().parent == tmp_path / "rnnlab"
    options.cache_folder.cache_clear()
