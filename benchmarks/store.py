"""What the store costs: 100,000 tiny trials beside one file written at once, a resumption, a plan of 10^9 trials."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.bars import Bar, summary, table


def section(quick: bool, rounds: int) -> str:
    """Measure and return the table."""
    count = 2_000 if quick else 100_000
    found: dict[str, list[dict[str, float]]] = {"bare": [], "run": [], "resume": [], "plan": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for way, each in found.items():
                each.append(_measured(way, count, Path(folder)))
                print(f"  {way}: {each[-1]['seconds']:.2f} s", flush=True)
    ratios = [ours["seconds"] / theirs["seconds"] for ours, theirs in zip(found["run"], found["bare"], strict=True)]
    resumed, planned = _median(found["resume"], "seconds"), _median(found["plan"], "seconds")
    bars = [
        Bar(f"{count:,} tiny trials, beside draws, kernels and one to_parquet", median(ratios), 1.5, False, "{:.2f}x"),
        Bar(f"resume of {count:,} trials that are all done, without a manifest", resumed, 3.0, False, "{:.2f} s"),
        Bar("plan of 10^9 trials", planned, 2.0, False, "{:.2f} s"),
        Bar("memory of that plan beyond its imports", _median(found["plan"], "kB") / 1000, 200.0, False, "{:.0f} MB"),
    ]
    return "\n\n".join([summary(bars), table(["what", "measured (bar)"], [[bar.what, bar.cell] for bar in bars])])


def _median(found: list[dict[str, float]], name: str) -> float:
    return median(each[name] for each in found)


def _measured(way: str, count: int, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bare_grid", way, str(count), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))
