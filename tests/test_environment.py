"""The environment: everything that bits depend on, and nothing else, makes the fingerprint."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys

import pytest

from rnnlab import environment


@pytest.fixture(scope="module")
def description():
    return environment.describe()


def test_it_is_data_and_names_what_matters(description):
    assert json.loads(json.dumps(description)) == description
    assert re.match(r"\d+\.\d+", description["packages"]["numba"])
    assert description["machine"]["cpu"]
    assert {pool["library"] for pool in description["blas"]} >= {"openblas (libscipy_openblas64_)"}
    assert all(pool["threads"] == 1 for pool in description["blas"])


def test_the_fingerprint_is_that_of_any_other_process(description):
    code = "from rnnlab import environment as e; print(e.fingerprint(e.describe()))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == environment.fingerprint(description)
    assert re.fullmatch("[0-9a-f]{10}", other.stdout.strip())


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        (("packages", "numpy"), True),
        (("packages", "numba"), True),
        (("python",), True),
        (("rnnlab",), True),
        (("machine", "cpu"), True),
        (("machine", "compiled_for"), True),
        (("blas",), True),
        (("packages", "pandas"), False),
        (("machine", "host"), False),
        (("machine", "cores"), False),
        (("kernels",), True),
    ],
)
def test_only_what_can_change_bits_counts(description, path, counts):
    changed = copy.deepcopy(description)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = "other"
    same = environment.fingerprint(changed) == environment.fingerprint(description)
    assert same is not counts


def test_the_commit_is_that_of_the_package_and_only_where_git_tracks_it(tmp_path, monkeypatch):
    def git(*words):
        command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *words]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.strip()

    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    assert environment.git(package) is None
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "first")
    assert environment.git(package) is None  # as an environment inside of somebody's repository
    git("add", "package")
    git("commit", "-q", "-m", "second")
    commit = git("rev-parse", "HEAD")
    monkeypatch.chdir("/")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert environment.git(package) == {"commit": commit, "changed": False}
    (package / "__init__.py").write_text("changed")
    assert environment.git(package)["changed"]


def test_no_git_at_all_is_fine(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment.git() is None
