"""Where experiments lie that go by a bare name: in experiments/, in the current folder, and with rnnlab itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

FOLDER = "experiments"
_PACKAGE = Path(__file__).parent
_MOST = 1000  # files of a folder that are looked at


def shipped() -> Path | None:
    """Return the folder of the experiments that come with rnnlab: in the package, or beside its sources."""
    beside = _PACKAGE.parent / FOLDER if (_PACKAGE.parent / "pyproject.toml").is_file() else None
    places = (_PACKAGE / "examples", beside)
    return next((place for place in places if place is not None and place.is_dir()), None)


def folders() -> list[Path]:
    """Return the folders in which a bare name is looked for, the first that has it wins."""
    own = shipped()
    return [Path(FOLDER), Path(), *([own] if own else [])]


def named(name: str) -> Path | None:
    """Return the file that a bare NAME (or NAME.toml) stands for, None where there is none."""
    if not name or Path(name).name != name:
        return None
    file = name if name.endswith(".toml") else f"{name}.toml"
    return next((folder / file for folder in folders() if is_file(folder / file)), None)


def available() -> dict[str, Path]:
    """Return the experiment files that go by a bare name, by name; files of TOML that describe no grid are none."""
    found: dict[str, Path] = {}
    for folder in folders():
        for file in _files(folder):
            if file.stem not in found and _describes_a_grid(file):
                found[file.stem] = file
    return found


def stored(store: str) -> list[str]:
    """Return the names of the experiments in a store that have a record, by a look at its folders alone."""
    try:
        return sorted(path.parent.name for path in Path(store).glob("[a-z0-9]*/manifest.json"))[:_MOST]
    except OSError:
        return []


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(folder.glob("*.toml"))[:_MOST]
    except OSError:
        return


def _describes_a_grid(file: Path) -> bool:
    """Tell whether a regular file of a bounded size speaks of a grid, without a parser: completion has no time."""
    try:
        return file.is_file() and file.stat().st_size <= 2**20 and b"grid" in file.read_bytes()
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Tell whether there is a file; what is no name at all is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, or with a NUL in it
        return False
