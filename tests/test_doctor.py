"""`rnnlab doctor`: each check finds what is wrong where it is wrong, names the remedy, and is content elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections import namedtuple
from pathlib import Path

import pytest
from click.testing import CliRunner

from rnnlab import doctor, environment
from rnnlab import store as stores
from rnnlab.cli import main
from rnnlab.doctor import cache, numbers, results, room, threads, versions
from rnnlab.kernels import folder as kernels


@pytest.fixture(autouse=True)
def plain(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("RNNLAB_STORE", "RNNLAB_WORKERS", "NUMBA_DISABLE_JIT", *threads._OF_BLAS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_GROUPS", tmp_path / "no-groups")


def findings(module, store="results"):
    return {each.name: each for each in module.check(Path(store))}


def call(*arguments, code=0):
    done = CliRunner().invoke(main, ["doctor", *arguments], prog_name="rnnlab")
    assert done.exit_code == code, done.output
    return done


def test_remedies_stand_where_something_is_wrong_and_only_there():
    for each in doctor.examine("results"):
        assert bool(each.remedy) == (each.level != "ok")
        assert each.message


# --- versions --------------------------------------------------------------------------------------------------------


def test_versions_here_are_fine():
    assert [each.level for each in findings(versions).values()] == ["ok", "ok"]
    assert versions.asked()["numba"] == "0.60"


def test_old_python_and_old_or_missing_packages(monkeypatch):
    monkeypatch.setattr(versions, "PYTHON", (99, 0))
    assert findings(versions)["python"].level == "problem"
    monkeypatch.setattr(versions, "installed", {"numpy": "1.26.4", "numba": "0.61.0rc1"}.get)
    found = findings(versions)["packages"]
    assert found.level == "problem"
    assert "numpy 1.26.4 is older than 2.0" in found.message
    assert "pyarrow is missing" in found.message
    assert "numba" not in found.message
    assert found.remedy == "pip install --upgrade rnnlab"


# --- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "quota"), [("150000 100000", 1.5), ("max 100000", None)])
def test_a_container_allows_less(text, quota, monkeypatch, tmp_path):
    monkeypatch.setattr(threads, "processors", lambda: 8)
    monkeypatch.setattr(threads, "_GROUPS", tmp_path)
    (tmp_path / "cpu.max").write_text(text + "\n", encoding="ascii")
    assert threads.allowed() == quota
    found = findings(threads)["processors"]
    assert found.level == ("warning" if quota else "ok")
    assert ("RNNLAB_WORKERS=1" in found.remedy) == bool(quota)


def test_control_groups_of_the_first_version(monkeypatch, tmp_path):
    monkeypatch.setattr(threads, "_GROUPS", tmp_path)
    (tmp_path / "cpu").mkdir()
    for name, value in (("quota", "400000"), ("period", "100000")):
        (tmp_path / "cpu" / f"cpu.cfs_{name}_us").write_text(value, encoding="ascii")
    assert threads.allowed() == 4.0
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1", encoding="ascii")
    assert threads.allowed() is None


@pytest.mark.parametrize(("given", "level"), [("999", "warning"), ("many", "problem"), ("0", "problem"), ("1", "ok")])
def test_workers_of_the_environment(given, level, monkeypatch):
    monkeypatch.setenv("RNNLAB_WORKERS", given)
    found = findings(threads)["workers"]
    assert found.level == level
    assert "unset RNNLAB_WORKERS" in found.remedy or level == "ok"


def test_settings_that_hinder(monkeypatch):
    assert {"numba", "blas threads"}.isdisjoint(findings(threads))
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "all")
    found = findings(threads)
    assert (found["numba"].level, found["numba"].remedy) == ("problem", "unset NUMBA_DISABLE_JIT")
    assert (found["blas threads"].level, found["blas threads"].remedy) == ("problem", "unset OMP_NUM_THREADS")


@pytest.mark.parametrize(("threads_held", "level"), [(1, "ok"), (8, "problem"), (None, "warning")])
def test_blas(threads_held, level, monkeypatch):
    pools = [] if threads_held is None else [{"library": "openblas", "version": "1", "threads": threads_held}]
    monkeypatch.setattr(environment, "describe", lambda: {"blas": pools})
    assert findings(threads)["blas"].level == level


# --- the cache of kernels --------------------------------------------------------------------------------------------


@pytest.fixture
def home(monkeypatch, tmp_path):
    """An empty cache of kernels, and an empty folder of temporary files."""
    for name in ("cache", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("RNNLAB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    kernels.cache_folder.cache_clear()
    yield tmp_path
    kernels.cache_folder.cache_clear()


def test_a_cold_and_a_warm_cache(home):
    found = findings(cache)
    assert found["kernel cache"].level == "ok"
    assert (found["kernels"].level, found["kernels"].remedy) == ("warning", "rnnlab run quickstart")
    (kernels.cache_folder() / "one.nbc").write_bytes(b"x" * 2**20)
    found = findings(cache)["kernels"]
    assert (found.level, found.message) == ("ok", "1 compiled, 1 MiB")


def test_a_cache_that_cannot_be_written_to(home, monkeypatch):
    (home / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("RNNLAB_CACHE_DIR", str(home / "file"))
    found = findings(cache)["kernel cache"]
    assert found.level == "warning"
    assert str(home / "file") in found.message
    assert "RNNLAB_CACHE_DIR" in found.remedy
    kernels.cache_folder.cache_clear()
    monkeypatch.setattr(kernels, "_private", lambda: home / "file")
    found = findings(cache)
    assert list(found) == ["kernel cache"]
    assert found["kernel cache"].level == "problem"


def test_kernels_of_other_versions_are_told_of_and_removed(home, monkeypatch):
    monkeypatch.setattr(cache, "STALE", 10)
    old = home / "cache" / "rnnlab" / "kernels-old"
    old.mkdir(parents=True)
    (old / "one.nbc").write_bytes(b"x" * 11)
    here = kernels.cache_folder()
    (here / "two.nbc").write_bytes(b"x")
    assert findings(cache)["old kernels"].remedy == "rnnlab doctor --fix"
    assert f"removed {old}" in call("--fix").stderr
    assert not old.exists()
    assert (here / "two.nbc").exists()
    assert "old kernels" not in findings(cache)


# --- room ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("free", "level"), [(2**20, "problem"), (2**28, "warning"), (2**40, "ok")])
def test_a_full_disk_and_little_memory(free, level, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(2**41, 0, free))
    monkeypatch.setattr(room, "free_memory", lambda: free)
    monkeypatch.setattr(room, "memory", lambda: 2**41)
    monkeypatch.setattr(room, "LEAST_MEMORY", 2**26)
    found = findings(room)
    for name in ("disk of the store", "disk of temporary files", "memory"):
        assert found[name].level == level


def test_a_disk_that_refuses(monkeypatch):
    def refuse(**_where):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    found = findings(room, "deep/results")
    assert found["disk of the store"].level == "problem"
    assert "Read-only file system" in found["disk of the store"].message
    assert "--store" in found["disk of the store"].remedy
    if Path("/dev/shm").is_dir():
        assert found["shared memory"].level == "warning"


@pytest.mark.skipif(os.name != "posix", reason="this system has no such limit")
@pytest.mark.parametrize(("soft", "level"), [(64, "warning"), (4096, "ok"), (-1, "ok")])
def test_open_files(soft, level, monkeypatch):
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda which: (soft, 1024))
    found = findings(room)["open files"]
    assert found.level == level
    assert found.remedy == ("ulimit -n 1024" if level == "warning" else "")


# --- arithmetic and the store ----------------------------------------------------------------------------------------


def test_denormals(monkeypatch):
    assert findings(numbers)["arithmetic"].level == "ok"
    monkeypatch.setattr(numbers, "half", lambda: 0.0)
    assert findings(numbers)["arithmetic"].level == "problem"


def test_a_store_in_good_order_and_none(folder):
    assert [each.level for each in results.check(folder)] == ["ok"]
    assert "has no experiments yet" in findings(results, "nowhere")["store"].message
    Path("file").write_text("", encoding="utf-8")
    assert findings(results, "file")["store"].level == "problem"


def test_what_a_killed_run_left(folder):
    place = stores.layout(folder, "e")
    holder = {"pid": 2**22 + 1, "host": socket.gethostname(), "command": "rnnlab run x", "start": "then"}
    place.holder.write_text(json.dumps(holder), encoding="utf-8")
    found = findings(results, folder)["store e"]
    assert (found.level, found.remedy) == ("warning", f"rnnlab run e --store {folder}")
    place.holder.unlink()
    place.staging.mkdir(exist_ok=True)
    (place.staging / "x.parquet").write_bytes(b"")
    assert "rnnlab gc e" in findings(results, folder)["store e"].remedy
    shutil.rmtree(place.staging)
    place.manifest.write_text("{", encoding="utf-8")
    assert findings(results, folder)["store e"].level == "problem"


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_tells_json_and_exit_code(monkeypatch):
    def examine(store):
        yield doctor.Finding("one", "ok", "fine")
        yield doctor.Finding("two", "warning", "so so", "mend two")

    monkeypatch.setattr(doctor, "examine", examine)
    done = call()
    assert done.stdout.split() == ["ok", "one", "fine", "warning", "two", "so", "so", "→", "mend", "two"]
    assert done.stderr == "1 warning.\n"
    told = json.loads(call("--json", "-q").stdout)
    assert told[1] == {"name": "two", "level": "warning", "message": "so so", "remedy": "mend two"}
    monkeypatch.setattr(doctor, "examine", lambda store: [doctor.Finding("three", "problem", "bad", "mend three")])
    assert call(code=3).stderr == "1 problem.\n"
    monkeypatch.setattr(doctor, "examine", lambda store: [])
    assert call().stderr == "Nothing hinders runs here.\n"


def test_a_check_that_fails_keeps_no_other_from_it(monkeypatch):
    def check(store):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(doctor, "CHECKS", (check, versions.check))
    found = list(doctor.examine())
    assert [each.level for each in found] == ["problem", "ok", "ok"]
    assert "ZeroDivisionError: oh" in found[0].message
