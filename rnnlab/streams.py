"""One random stream for each (seed, name), or (seed, name, number), so that nobody shifts another's."""

from __future__ import annotations

import hashlib
import threading

import numpy as np

from rnnlab.trial import DRAWS_VERSION

# Every random stream. A name is part of the numbers: never change one.
STREAMS = (
    "recurrent", "input", "output", "biases", "initial_state", "inputs", "targets",
    "recurrent_mask", "recurrent_angles", "recurrent_factors",
    "training", "training_targets", "test", "test_targets",
    "teacher_recurrent", "teacher_input", "teacher_output", "teacher_sample",
    "flossing", "flossing_targets",
)  # fmt: skip
_LABELS = {name: name.encode() for name in STREAMS}  # no stream but those of the table can be drawn from


class _Streams(threading.local):
    """One generator a thread, set to the stream that is wanted: making a generator costs more than a small draw."""

    def __init__(self) -> None:
        self._generators = [np.random.Generator(np.random.PCG64(0)) for _ in range(3)]

    def at(self, seed: int, name: str, place: int = 0, number: int | None = None) -> np.random.Generator:
        """Return the generator at the start of the stream; valid until the next call with the same place.

        number: of a stream that is one of many, as the updates of a training are.
        """
        return rewound(self._generators[place], seed, name, number)


def rewound(generator: np.random.Generator, seed: int, name: str, number: int | None = None) -> np.random.Generator:
    """Set a generator to the start of a stream, and return it."""
    label = b"rnnlab %d %d %s" % (DRAWS_VERSION, seed, _LABELS[name]) + (b"" if number is None else b" %d" % number)
    digest = hashlib.blake2b(label, digest_size=32).digest()
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {
            "state": int.from_bytes(digest[:16], "little"),
            "inc": int.from_bytes(digest[16:], "little") | 1,
        },
        "has_uint32": 0,
        "uinteger": 0,
    }
    return generator


streams = _Streams()
