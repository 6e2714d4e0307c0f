"""Arrays out of files: what cannot be used is said with its place and a remedy, and nothing in a file is executed."""

from __future__ import annotations

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from rnnlab.errors import UsageError, did_you_mean
from rnnlab.machine import memory

if TYPE_CHECKING:
    import numpy as np

ARRAYS = ("U", "W", "V", "b", "c", "h0", "x", "y", "cotangents")
WORDS = ("activation", "loss", "loss_at")
_KNOWN = (*ARRAYS, *WORDS, "parameters")
_CHUNK = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class NetworkFiles:
    """A network and its sequences as they stand in files."""

    arrays: Mapping[str, np.ndarray]  # of ARRAYS
    words: Mapping[str, str]  # of WORDS
    files: Mapping[str, Mapping[str, Any]]  # by role: name, sha256 and bytes of each file


def read_network(
    network: str | PathLike[str],
    *,
    inputs: str | PathLike[str] | None = None,
    targets: str | PathLike[str] | None = None,
    cotangents: str | PathLike[str] | None = None,
) -> NetworkFiles:
    """Return what stands in NET.npz (U, W, V, and maybe all else that can be said) and in .npy files beside it.

    inputs, targets and cotangents take the place of x, y and cotangents in the first file. Raises UsageError for a
    file that cannot be read, that holds Python objects, is larger than the machine's memory, or holds unknown names.
    """
    if targets is not None and cotangents is not None:
        raise UsageError(
            "targets and cotangents are both given: cotangents are dL/do of a loss of yours, without targets"
        )
    found = {"network": Path(network)}
    beside = {"inputs": ("x", inputs), "targets": ("y", targets), "cotangents": ("cotangents", cotangents)}
    found |= {role: Path(path) for role, (_, path) in beside.items() if path is not None}
    for path in found.values():
        _check_file(path)
    arrays, words = _network(found["network"])
    if targets is not None or cotangents is not None:
        arrays = {name: array for name, array in arrays.items() if name not in ("y", "cotangents")}
    arrays |= {beside[role][0]: _array(path) for role, path in found.items() if role != "network"}
    return NetworkFiles(arrays, words, {role: _identity(path) for role, path in found.items()})


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist.{_neighbours(path)}") from None
    except (OSError, ValueError) as error:  # no permission, too long for a name, a NUL in it
        raise UsageError(f"{str(path)!r:.200} cannot be read: {error}") from None
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path} is no file: name the file itself, as numpy.savez or numpy.save wrote it")
    _check_size(str(path), status.st_size)


def _neighbours(path: Path) -> str:
    try:
        there = [str(each) for each in sorted(path.parent.glob(f"*{path.suffix}"))[:1000]]
    except OSError:
        there = []
    return did_you_mean(str(path), there)


def _check_size(place: str, size: int) -> None:
    there = memory()
    if there is not None and size > there:
        raise UsageError(
            f"{place} takes {size / 2**30:.1f} GiB, and this machine has {there / 2**30:.1f} GiB of memory"
        )


def _network(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the arrays and the words of NET.npz."""
    if _head(path)[:2] != b"PK":
        raise UsageError(f"{path} is no .npz file: write it with numpy.savez({path.name!r}, U=U, W=W, V=V)")
    members = _reading(str(path), lambda: _members(path))
    names = {member.removesuffix(".npy"): member for member in members}
    for name in names:
        if name not in _KNOWN:
            advice = did_you_mean(name, _KNOWN)
            raise UsageError(f"{path} holds {name!r:.80}, which is unknown.{advice} Rename it, or leave it out.")
    _check_size(f"{path}, unpacked,", sum(members.values()))
    read = {name: _reading(f"{path}: {name}", partial(_member, path, member)) for name, member in names.items()}
    arrays = {name: array for name, array in read.items() if name in ARRAYS}
    for name in ("U", "W", "V"):
        if name not in arrays:
            raise UsageError(
                f"{path} holds no {name}; it holds {', '.join(names) or 'nothing'}. U, W and V must be there."
            )
    return arrays, _words(path, read)


def _members(path: Path) -> dict[str, int]:
    with zipfile.ZipFile(path) as archive:
        return {each.filename: each.file_size for each in archive.infolist()}


def _member(path: Path, member: str) -> np.ndarray:
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        array = _read(file, archive.getinfo(member).file_size)
        file.read(1)  # the end, where the checksum is compared
        return array


def _array(path: Path) -> np.ndarray:
    if _head(path)[:6] != b"\x93NUMPY":
        raise UsageError(f"{path} is no .npy file: write it with numpy.save({path.name!r}, array)")

    def read() -> np.ndarray:
        with path.open("rb") as file:
            return _read(file, path.stat().st_size)

    return _reading(str(path), read)


def _read(file: IO[bytes], size: int) -> np.ndarray:
    """Return the array of a .npy file; its header may not promise more than there is."""
    import numpy as np

    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are never loaded: save it as an array of numbers")
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if count * dtype.itemsize > size:
        raise ValueError(f"it is cut off: {shape} of {dtype} does not fit into {size:,} bytes. Save it again")
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise ValueError(f"it is cut off after {len(data):,} of {count * dtype.itemsize:,} bytes. Save it again")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def _reading(place: str, read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # whatever NumPy and zipfile say of bytes that are no array
        raise UsageError(f"{place} cannot be read: {' '.join(str(error).split())[:300]}") from None


def _head(path: Path) -> bytes:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(6)

    return cast("bytes", _reading(str(path), read))


def _words(path: Path, read: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Return activation, loss and loss_at as far as they are there, by themselves or among `parameters`."""
    given: dict[str, Any] = {}
    if "parameters" in read:  # JSON, as `rnnlab extract` writes it
        told = _reading(f"{path}: parameters", lambda: json.loads(str(read["parameters"])))
        given = {name: told[name] for name in WORDS if name in told} if isinstance(told, dict) else {}
    given |= {name: read[name].item() if read[name].ndim == 0 else read[name] for name in WORDS if name in read}
    for name, value in given.items():
        if not isinstance(value, str):
            raise UsageError(f"{path}: {name} is no text: save it as a string")
    return given


def _identity(path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
            size += len(data)
    return {"file": path.name, "sha256": digest.hexdigest(), "bytes": size}
