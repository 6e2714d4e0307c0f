"""One peer in a process of its own, so that no thread pool disturbs another's: `python -m benchmarks.worker`.

Started with module, N,B,T,G (and the updates of a training) and dtype, it prepares every variant, says what each found,
and then times each once for every line that it reads. It answers in lines of JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.shapes import Shape, of_size

LEAST = 0.1  # seconds that one turn should last


class Worker:
    """The parent's side: starts a peer, and asks it for one turn at a time."""

    def __init__(self, module: str, shape: Shape, dtype: str, **environment: str) -> None:
        command = [sys.executable, "-m", "benchmarks.worker", module, shape.size, dtype]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, **environment})
        self.first: dict[str, Any] = {}

    def ready(self) -> None:
        """Wait until everything is compiled; `first` then has what each variant found."""
        self.first = self._answer()

    def turn(self) -> dict[str, float]:
        """Return the seconds of one call of each variant."""
        assert self._process.stdin
        print("go", file=self._process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(self._process.args)} ended without an answer: see above.")  # type: ignore[arg-type]
        return dict(json.loads(line))


def seconds(compute: Callable[[], object], repeats: int) -> float:
    """Return the mean time of a call."""
    start = time.perf_counter()
    for _ in range(repeats):
        compute()
    return (time.perf_counter() - start) / repeats


def main(module: str, size: str, dtype: str) -> None:
    """Answer the parent until it closes the pipe."""
    answers = os.fdopen(os.dup(1), "w")  # whatever a library prints goes to stderr
    os.dup2(2, 1)
    peer = import_module(f"benchmarks.peers.{module}")
    arrays = of_size(size).arrays(dtype)
    digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays.values())).hexdigest()
    variants = {name: prepare(arrays) for name, prepare in peer.VARIANTS.items()}
    found = {name: {k: v.tolist() for k, v in compute().items()} for name, compute in variants.items()}
    repeats = {name: max(1, round(LEAST / seconds(compute, 1))) for name, compute in variants.items()}
    about = peer.about() if hasattr(peer, "about") else ""
    print(json.dumps({"found": found, "arrays": digest, "about": about}), file=answers, flush=True)
    for _ in sys.stdin:
        times = {name: seconds(compute, repeats[name]) for name, compute in variants.items()}
        print(json.dumps(times), file=answers, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
