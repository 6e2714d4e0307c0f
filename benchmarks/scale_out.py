"""The same blocks through worker processes and through a Dask cluster of this machine, two workers each."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from benchmarks.bars import Bar, summary, table
from benchmarks.processes import ratio
from rnnlab import executors, experiment, grid, runner

WORKERS = 2
PEERS = ("processes", "dask")


def section(quick: bool, rounds: int) -> str:
    """Measure and return the table."""
    blocks = blocks_of(number=4 if quick else 24)
    with ExitStack() as stack:
        engines = {name: stack.enter_context(executors.opened(name, WORKERS)) for name in PEERS}
        for engine in engines.values():
            seconds(engine, blocks[: 2 * WORKERS])  # kernels are loaded
        times: dict[str, list[float]] = {name: [] for name in PEERS}
        for turn in range(rounds):
            for name in PEERS if turn % 2 else PEERS[::-1]:
                times[name].append(seconds(engines[name], blocks))
    block = median(times["processes"]) * WORKERS / len(blocks)
    what = f"throughput of Dask beside processes, {len(blocks)} blocks of {block:.2f} s, {WORKERS} workers"
    bar = Bar(what, ratio(times["processes"], times["dask"]), 0.9, True, "{:.2f}x")
    spread = [a / b for a, b in zip(times["processes"], times["dask"], strict=True)]
    rows = [[bar.what, bar.cell, f"{min(spread):.2f} to {max(spread):.2f}"]]
    return "\n\n".join([summary([bar]), table(["what", f"median of {rounds} rounds (bar)", "rounds"], rows)])


def blocks_of(number: int) -> list[grid.Block]:
    """Return blocks of about a quarter of a second of one core that nobody else uses: smaller than those of a run."""
    values = {"activation": "tanh", "width": 128, "length": 100, "batch": 8, "seed": {"range": 4000}}
    made = experiment.parse({"schema": 1, "name": "blocks", "grid": values, "measure": {"gradients": {}}})
    settings = {name: each.model_dump(mode="json") for name, each in made.measures.items()}
    found = grid.blocks(grid.trials(made), settings)
    assert len(found) >= number, len(found)
    return [replace(block, trials=block.trials[: max(1, len(block.trials) // 6)]) for block in found[:number]]


def seconds(engine: executors.Engine, blocks: list[grid.Block]) -> float:
    """Return the time in which all blocks are computed and their tables are here."""
    begin = time.perf_counter()
    for _, result in executors.run(runner.compute, blocks, executor=engine):
        assert isinstance(result, runner.BlockResult), result
    return time.perf_counter() - begin
