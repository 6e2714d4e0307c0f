"""What is built of the checkout: the wheel has what rnnlab needs and no more, the sdist makes the same wheel."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from tests import installed

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]  # the wheel from the sdist
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def test_wheel_has_every_module_and_its_data(built):
    with zipfile.ZipFile(built[0]) as wheel:
        names = set(wheel.namelist())
    package = ROOT / "rnnlab"
    listed = subprocess.run(["git", "ls-files", "rnnlab"], cwd=ROOT, capture_output=True, text=True, check=False)
    here = set(listed.stdout.split()) or {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"rnnlab/py.typed", "rnnlab/tasks/digits.parquet"} <= here <= names
    assert {name.split("/")[0] for name in names} == {"rnnlab", f"rnnlab-{PROJECT['version']}.dist-info"}


def test_wheel_has_the_experiments(built):
    names = {Path(name).name for name in zipfile.ZipFile(built[0]).namelist() if name.startswith("rnnlab/examples/")}
    assert names == {path.name for path in (ROOT / "experiments").glob("*.toml")}


def test_wheel_names_its_command_and_licence(built):
    info = f"rnnlab-{PROJECT['version']}.dist-info"
    with zipfile.ZipFile(built[0]) as wheel:
        assert "rnnlab = rnnlab.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
        assert wheel.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_sdist_has_what_a_developer_needs(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "requirements.lock", "CITATION.cff", "tests/naive.py", "experiments/quickstart.toml"} <= names
    assert not [
        name for name in names if name.startswith(("results/", ".venv", "docs/_build")) and name != "results/README.md"
    ]


def test_pins_are_the_lock_without_hashes():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = installed.versions(lock).splitlines()
    assert len(pins) == lock.count("==") - lock.count("== '") > 20
    assert not [pin for pin in pins if "--hash" in pin or pin.endswith("\\")]


def test_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_every_supported_python_is_tested_and_named():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = [word.rpartition(" ")[2] for word in PROJECT["classifiers"] if "Python :: 3." in word]
    assert f"VERSIONS := {' '.join(named)}" in makefile
    assert PROJECT["requires-python"] == f">={named[0]}"
