"""Bad experiment files by the dozen: seeded damage to a good one, kept where an independent judge finds it bad.

The judge is Python's own tomllib, and for what is still TOML the names of its keys: one that the good file has not
got is a typo.
"""

from __future__ import annotations

import random
import tomllib

from tests.bad_files import CORPUS

GOOD = """\
schema = 1
name = "vanish"
title = "Does it vanish?"

[grid]
activation = ["tanh", "relu"]
recurrent_scale = { start = 0.5, stop = 4.0, num = 9, spacing = "log" }
length = [50, 100]
width = 32
seed = { range = 4 }
loss_at = "last"

[measure.gradients]
steps = 10
"""
NUMBER = 90


def _flip(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def _truncate(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def _duplicate(data: bytes, dice: random.Random) -> bytes:
    start, end = sorted(dice.sample(range(len(data)), 2))
    return data[:end] + data[start:end] + data[end:]


def _remove(data: bytes, dice: random.Random) -> bytes:
    start, end = sorted(dice.sample(range(len(data)), 2))
    return data[:start] + data[end:]


def _insert(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + dice.randbytes(dice.randrange(1, 30)) + data[at:]


def _shuffle(data: bytes, dice: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    dice.shuffle(lines)
    return b"".join(lines)


def _bad(data: bytes) -> bool:
    try:
        found = tomllib.loads(data.decode("utf-8-sig"))
    except ValueError:
        return True
    return not _names(found) <= _names(tomllib.loads(GOOD)) or not {"schema", "name", "grid"} <= found.keys()


def _names(table: dict) -> set[str]:
    inside = (_names(value) for value in table.values() if isinstance(value, dict))
    return set(table).union(*inside)


def made() -> dict[str, bytes]:
    """Return the files by name, the same ones each time."""
    dice, found = random.Random(2026), {}
    damages = (_flip, _truncate, _duplicate, _remove, _insert, _shuffle)
    while len(found) < NUMBER:
        damage = damages[len(found) % len(damages)]
        data = damage(GOOD.encode(), dice)
        if _bad(data):
            found[f"{damage.__name__[1:]} {len(found)}"] = data
    return found


FILES = {
    **{name: content.encode() if isinstance(content, str) else content for name, (content, *_) in CORPUS.items()},
    **made(),
}
