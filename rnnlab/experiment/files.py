"""Find an experiment file and read it: regular files only, a bounded number of bytes, UTF-8."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rnnlab import places, plugins
from rnnlab.errors import ExperimentError, Problem, UsageError, did_you_mean
from rnnlab.experiment import toml
from rnnlab.experiment.problems import show

MAX_TOML = 2**20
MAX_JSON = 2**24  # a manifest names every file of its store


def load(path: str | os.PathLike[str]) -> tuple[str, dict[str, Any]]:
    """Return the place to name in problems and the table in the file: TOML, or the experiment of a manifest.json.

    Raises ExperimentError where there is no such file, where it is no regular file (a FIFO would hang), too large,
    not UTF-8 (a BOM is fine) or not well-formed.
    """
    found = _found(os.fspath(path))
    is_json = found.suffix == ".json"
    place = _printable(str(found))
    text = _text(_bytes(found, MAX_JSON if is_json else MAX_TOML, place), place)
    return (f"{place}: experiment", _manifest(text, place)) if is_json else (place, toml.loads(text, place))


def _found(name: str) -> Path:
    """Return the path as it stands, or the file that a bare NAME or NAME.toml stands for."""
    if "\0" in name:
        raise _error(_printable(name), "is no path: it holds a NUL character.")
    path = Path(name)
    return path if places.is_file(path) else places.named(name) or path


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name that is too long for the file system
        return False


def _bytes(path: Path, limit: int, place: str) -> bytes:
    try:
        content = _head(path, limit + 1)
    except FileNotFoundError:
        raise _error(place, f"does not exist.{_neighbours(path)}") from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}. Name a file that can be read."
        raise _error(place, _folder(path) or reason) from None
    if content is None:
        raise _error(place, _folder(path) or "is no regular file; save the experiment as a file first.")
    if len(content) > limit:
        raise _error(place, f"is larger than {limit // 2**20} MiB; an experiment file is a few lines of TOML.")
    return content


def _head(path: Path, limit: int) -> bytes | None:
    """Return the first bytes of a regular file, None of anything else; to open a FIFO waits for no writer."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(limit)


def _folder(path: Path) -> str:
    return f"is a folder; name the file in it.{_neighbours(path / 'experiment.toml')}" if _is_folder(path) else ""


def _neighbours(path: Path) -> str:
    """Return " Did you mean X?" among the experiments that lie there, or among all for a bare name."""
    if path.parent == Path() and path.suffix != ".toml":
        known = places.available()
        near = did_you_mean(path.name, known)
        return f"{near if near.startswith(' Did') else ''} See what there is with: rnnlab run"
    try:
        files = {_printable(file.stem): _printable(str(file)) for file in sorted(path.parent.glob("*.toml"))[:1000]}
    except OSError:
        files = {}
    if not files:
        where = "here" if path.parent == Path() else f"in {_printable(str(path.parent))}/"
        return f" There are no experiment files {where}. Write one with: rnnlab new NAME"
    advice = did_you_mean(path.stem, files)
    near = advice.removeprefix(" Did you mean ").removesuffix("?")
    return f" Did you mean {files[near]}?" if near in files else advice


def _text(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        where = f"{place}: line {before.count(10) + 1}, column {error.start - before.rfind(10)}"
        raise _error(where, f"is not UTF-8 (byte 0x{content[error.start]:02x}); save the file as UTF-8.") from None


def _manifest(text: str, place: str) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
    except json.JSONDecodeError as error:
        raise _error(f"{place}: line {error.lineno}, column {error.colno}", f"is not JSON: {error.msg}.") from None
    except (RecursionError, ValueError) as error:
        raise _error(place, f"cannot be read as JSON: {str(error)[:100]}.") from None
    experiment = manifest.get("experiment") if isinstance(manifest, Mapping) else None
    if isinstance(experiment, dict):
        try:
            plugins.require(manifest.get("plugins"))
        except UsageError as error:
            raise _error(place, f"cannot be run here: {error}") from None
    if not isinstance(experiment, dict):
        raise _error(place, 'is no manifest of rnnlab: it has no table "experiment".')
    if _deeper(experiment, toml.MAX_DEPTH):
        raise _error(place, f"is no manifest of rnnlab: its experiment is more than {toml.MAX_DEPTH} levels deep.")
    return experiment


def _deeper(value: Any, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not levels or any(_deeper(item, levels - 1) for item in inside)


def _printable(name: str) -> str:
    return name if name.isprintable() and len(name) <= 300 else show(name)


def _error(place: str, message: str) -> ExperimentError:
    return ExperimentError([Problem(place, message)])
