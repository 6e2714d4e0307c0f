"""How far trials are that take long: one file each, replaced as they go on, removed when their rows are published.

The first line of a file vouches for the bytes that follow: an archive of NumPy arrays, and what they are of as JSON.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnnlab.store import files, staging
from rnnlab.store.layouts import Layout
from rnnlab.store.problems import explained

if TYPE_CHECKING:
    import numpy as np

_NAME = re.compile(r"[0-9a-f]{20}-[0-9a-f]{16}\.checkpoint")
_ABOUT, _STATE = "about", "state."


class Unusable(Exception):
    """A checkpoint that is not what was written, or not what its name tells."""


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """How far a measure is with a trial.

    environment: the fingerprint of versions, kernels and machine, of which another may make other bits. seconds: of
    work. state: arrays without Python objects.
    """

    key: str
    measure: str
    settings: str
    version: int
    environment: str = ""
    seconds: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its file: the key, and a hash of the label."""
        label = json.dumps([self.measure, self.settings, self.version])
        return f"{self.key}-{hashlib.sha256(label.encode()).hexdigest()[:16]}.checkpoint"


def checkpoints(place: Layout) -> dict[str, int]:
    """Return the names of the checkpoints that there are, with their bytes."""
    if files.kind(place.checkpoints) != "folder":  # a planted link is not followed
        return {}
    found = files.entries(place.checkpoints)
    return {each.name: each.size for each in found if each.kind == "file" and _NAME.fullmatch(each.name)}


def write_checkpoint(place: Layout, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in the place of the trial's earlier one, which stands until this is on the disk.

    Call under the lock.
    """
    data = _encoded(checkpoint)
    with explained(place.checkpoints, "write a checkpoint", len(data)):
        staging.folder(place.checkpoints)
        staging.replace(place, place.checkpoints / checkpoint.name, data)


def read_checkpoint(place: Layout, name: str) -> Checkpoint:
    """Return the checkpoint of this name; raises Unusable, with what is wrong."""
    try:
        data = files.read(place.checkpoints / name)
    except OSError as error:
        raise Unusable(f"cannot be read: {error.strerror or error}") from error
    try:
        found = _decoded(data)
    except (ValueError, KeyError, TypeError, OSError, EOFError) as error:
        raise Unusable(f"is damaged ({error})") from error
    if found.name != name:
        raise Unusable("is of another trial than its name tells")
    return found


def remove_checkpoint(place: Layout, name: str) -> None:
    """Remove a checkpoint; fine where there is none. Call under the lock."""
    with explained(place.checkpoints, "remove a checkpoint"):
        files.remove(place.checkpoints / name)


def _encoded(checkpoint: Checkpoint) -> bytes:
    import numpy as np

    names = [name for name in Checkpoint.__slots__ if name != "state"]
    about = json.dumps({name: getattr(checkpoint, name) for name in names}, allow_nan=False)
    archive: Any = {_ABOUT: np.frombuffer(about.encode(), np.uint8)}
    archive |= {f"{_STATE}{name}": array for name, array in checkpoint.state.items()}
    file = io.BytesIO()
    np.savez(file, **archive)
    body = file.getvalue()
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def _decoded(data: bytes) -> Checkpoint:
    import numpy as np

    vouched, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != vouched:
        raise ValueError("its bytes are not those that its first line vouches for")
    with np.load(io.BytesIO(body), allow_pickle=False) as archive:
        about = json.loads(archive[_ABOUT].tobytes())
        state = {name.removeprefix(_STATE): archive[name] for name in archive.files if name.startswith(_STATE)}
    return Checkpoint(**about, state=state)
