"""What a result may depend on besides its parameters: versions, processor, BLAS."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import rnnlab

_PACKAGES = ("numpy", "numba", "llvmlite", "pandas", "pyarrow", "pydantic", "threadpoolctl")
# What numbers are made with: pandas, pyarrow and the rest only carry them.
_IN_NUMBERS = ("rnnlab", "python", "numpy", "numba", "llvmlite")


def describe() -> dict[str, Any]:
    """Return rnnlab's, Python's and the packages' versions, the kernels' sources, the machine, its BLAS as it is used.

    Imports NumPy and Numba: ask once per run.
    """
    from rnnlab.kernels.folder import sources

    return {
        "rnnlab": rnnlab.__version__,
        "kernels": sources(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "machine": {
            "host": platform.node(),
            "system": f"{platform.system()} {platform.release()}",
            "architecture": platform.machine(),
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "libc": " ".join(platform.libc_ver()),
            "compiled_for": _compiled_for(),
        },
        "blas": _blas(),
    }


def with_packages(description: Mapping[str, Any], codes: Mapping[str, str]) -> dict[str, Any]:
    """Return the description with version and code of the packages that an experiment takes parts from, if any."""
    return {**description, **({"plugins": dict(codes)} if codes else {})}


def fingerprint(description: Mapping[str, Any]) -> str:
    """Return 10 digits of a hash of what can change bits: versions, code, processor, BLAS; not the host."""
    versions = {"rnnlab": description["rnnlab"], "python": description["python"], **description["packages"]}
    machine = description["machine"]
    relevant = {
        "versions": {name: versions[name] for name in _IN_NUMBERS},
        "machine": {name: machine[name] for name in ("architecture", "cpu", "libc", "compiled_for")},
        "blas": description["blas"],
        "kernels": description["kernels"],
        **({"plugins": description["plugins"]} if "plugins" in description else {}),
    }
    text = json.dumps(relevant, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def git(folder: Path = Path(rnnlab.__file__).parent) -> dict[str, Any] | None:
    """Return the commit of rnnlab's own source and whether it was changed since, None where git does not track it."""
    if not _ask_git(folder, "ls-files", "__init__.py"):
        return None
    commit = _ask_git(folder, "rev-parse", "HEAD")
    changes = _ask_git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return {"commit": commit, "changed": bool(changes)} if commit else None


def _ask_git(folder: Path, *words: str) -> str:
    # A hook of git names its own repository in the environment.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env=variables)
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    """Return the model of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def _compiled_for() -> str:
    """Return the processor that Numba compiles for, which its settings can change."""
    import llvmlite.binding as llvm
    import numba

    name = numba.config.CPU_NAME or llvm.get_host_cpu_name()
    features = numba.config.CPU_FEATURES
    return f"{name} {features}" if features else str(name)


def _blas() -> list[dict[str, Any]]:
    """Return every BLAS of this process with the threads that it has while rnnlab computes."""
    import numpy  # noqa: F401
    import threadpoolctl

    from rnnlab.blas import single_threaded_blas

    with single_threaded_blas():
        pools = [pool for pool in threadpoolctl.threadpool_info() if pool.get("user_api") == "blas"]
    # Another library of the same process may bring a BLAS of its own, which rnnlab never calls.
    ours = [pool for pool in pools if "numpy" in _words(pool["filepath"])]
    return sorted((_pool(pool) for pool in ours or pools), key=lambda pool: str(pool["library"]))


def _words(path: str) -> list[str]:
    return [word for part in Path(path).parts for word in part.replace("_", ".").split(".")]


def _pool(pool: Mapping[str, Any]) -> dict[str, Any]:
    file = Path(pool["filepath"]).name
    return {
        "library": f"{pool['internal_api']} ({file.partition('-')[0].partition('.')[0]})",
        "version": pool.get("version"),
        "architecture": pool.get("architecture"),
        "threads": pool["num_threads"],
    }
