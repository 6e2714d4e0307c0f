"""Compiled kernels are kept, loaded without compiling, and never run stale."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rnnlab
from rnnlab.kernels import folder

# `pack_tamed` of linalg.py leans on scaled.py: an edit there is what Numba itself would not see (numba issue 1833).
CODE = """
import numpy as np
from rnnlab.kernels import linalg
panels = np.empty(linalg.packed_size(1, 1, np.dtype(float)))
print(linalg.pack_tamed(np.array([[1e9]]), panels), sum(linalg.pack_tamed.stats.cache_misses.values()))
"""


def run(place: Path, **variables: Path) -> list[int]:
    paths = {"PYTHONPATH": place, "RNNLAB_CACHE_DIR": place / "cache", **variables}
    environment = {**os.environ, **{name: str(path) for name, path in paths.items()}}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True, cwd=place
    )
    return [int(word) for word in done.stdout.split()]


@pytest.fixture
def sources(tmp_path):
    """A copy of rnnlab that may be edited."""
    shutil.copytree(Path(rnnlab.__file__).parent, tmp_path / "rnnlab", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edit(sources):
    scaled = sources / "rnnlab" / "kernels" / "scaled.py"
    scaled.write_text(scaled.read_text().replace("2.0**-80, 2.0**80", "2.0**-50, 2.0**50"))


def beside_the_sources(sources):
    return list((sources / "rnnlab").rglob("*.nb?"))


def test_an_edited_kernel_is_never_run_from_a_stale_cache(sources):
    assert run(sources) == [0, 1]
    assert run(sources) == [0, 0]
    edit(sources)
    assert run(sources) == [30, 1]
    assert not beside_the_sources(sources)


def test_nor_where_the_cache_cannot_be_written_to(sources):
    (sources / "file").touch()
    (sources / "temporary").mkdir()
    places = {"RNNLAB_CACHE_DIR": sources / "file" / "cache", "TMPDIR": sources / "temporary"}
    assert run(sources, **places) == [0, 1]
    assert run(sources, **places) == [0, 0]
    edit(sources)
    assert run(sources, **places) == [30, 1]
    assert not beside_the_sources(sources)
    (home,) = (sources / "temporary").iterdir()
    assert home.stat().st_mode & 0o777 == 0o700
    assert len(list(home.glob("kernels-*"))) == 2


def test_nor_where_nothing_can_be_kept(sources):
    (sources / "file").touch()
    (sources / "temporary").mkdir()
    (sources / "temporary" / f"rnnlab-{os.geteuid()}").symlink_to(sources)  # what others may have laid there
    places = {"RNNLAB_CACHE_DIR": sources / "file" / "cache", "TMPDIR": sources / "temporary"}
    assert run(sources, **places) == [0, 1]
    assert run(sources, **places) == [0, 1]
    edit(sources)
    assert run(sources, **places) == [30, 1]
    assert not beside_the_sources(sources)


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("RNNLAB_CACHE_DIR", str(tmp_path))
    folder.cache_folder.cache_clear()
    yield tmp_path / "rnnlab"
    folder.cache_folder.cache_clear()


def test_the_cache_lies_with_the_user_and_is_named_by_the_sources(home):
    assert folder.cache_folder().parent == home
    assert folder.cache_folder().is_dir()
    assert not folder.is_compiled()
    (folder.cache_folder() / "kernel.nbc").touch()
    assert folder.is_compiled()


def test_kernels_that_nobody_used_for_a_month_go_when_new_ones_come(home):
    ages = {"kernels-old": 31, "kernels-young": 29, "other": 31}
    for name, days in ages.items():
        (home / name / "within").mkdir(parents=True)
        os.utime(home / name, (time.time() - days * 86400,) * 2)
    current = folder.cache_folder()
    assert {each.name for each in home.iterdir()} == {"kernels-young", "other", current.name}
    os.utime(current, (0, 0))
    folder.cache_folder.cache_clear()
    assert time.time() - folder.cache_folder().stat().st_mtime < 60


LINKED = """
import numpy as np
from rnnlab.kernels import linalg
panels, a, c = np.zeros(linalg.packed_size(3, 5, np.dtype(float))), np.ones((2, 3)), np.empty((2, 5))
linalg.pack(np.arange(15.0).reshape(3, 5), panels)
linalg.product(1.0, a, panels, 0.0, c)
(made,) = linalg.product.overloads.values()
functions = [f for f in made.library._final_module.functions if not f.is_declaration]
print(int(c.sum()), len(functions), sum(f.linkage.name in ("external", "internal") for f in functions))
"""


def test_a_kernel_calls_its_own_copies_of_others_whatever_was_loaded_before(sources, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "CODE", LINKED)
    total, functions, own = run(sources)
    assert (total, functions) == (210, own)
    assert functions > 3
    assert run(sources) == [210, 0, 0]  # from the cache, which has the code and not what it was made of
