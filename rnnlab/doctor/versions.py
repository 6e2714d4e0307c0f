"""Python and the packages that rnnlab stands on, against what it asks for."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from rnnlab.doctor.finding import Finding

PYTHON = (3, 11)
_ASKED = re.compile(r"([A-Za-z0-9_-]+)\s*(?:>=\s*([0-9.]+))?")


def check(store: Path) -> Iterator[Finding]:
    """Yield how Python and the packages stand."""
    found = platform.python_version()
    if sys.version_info[:2] < PYTHON:
        least = ".".join(map(str, PYTHON))
        yield Finding("python", "problem", f"{found}, and rnnlab needs {least}", f"install Python {least} or newer")
    else:
        yield Finding("python", "ok", f"{found} at {sys.executable}")
    wrong = [told for name, least in asked().items() if (told := _short(name, least))]
    if wrong:
        yield Finding("packages", "problem", "; ".join(wrong), "pip install --upgrade rnnlab")
    else:
        told = ", ".join(f"{name} {installed(name)}" for name in ("numpy", "numba", "pandas", "pyarrow"))
        yield Finding("packages", "ok", told)


def asked() -> dict[str, str]:
    """Return what rnnlab needs at run time, with the least version or ""; nothing where it is not installed."""
    try:
        lines = [line for line in requires("rnnlab") or () if "extra ==" not in line]
    except PackageNotFoundError:
        return {}
    matches = (_ASKED.match(line) for line in lines)
    return {match[1]: match[2] or "" for match in matches if match}


def installed(name: str) -> str | None:
    """Return the version of a package, None where it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _short(name: str, least: str) -> str:
    found = installed(name)
    if found is None:
        return f"{name} is missing"
    return f"{name} {found} is older than {least}" if _parts(found) < _parts(least) else ""


def _parts(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text.partition("+")[0])[:3]]
