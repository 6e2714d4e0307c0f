"""What a report costs: to write one of 10,000 trials, to open it in Chromium, to filter it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from benchmarks.bars import Bar, summary, table
from benchmarks.processes import RNNLAB, seconds
from rnnlab.report.page import MOST
from tests.browser import browsing, chromium, opened

MANY = """
schema = 1
name = "many"
[grid]
activation = ["tanh", "relu"]
recurrent_scale = {{ start = 0.25, stop = 8.0, num = 25, spacing = "log" }}
input_scale = {{ start = 0.0, stop = 2.0, num = 10 }}
width = 8
length = 16
outputs = 2
seed = {{ range = {seeds} }}
[measure.gradients]
[measure.lags]
[measure.lyapunov]
"""
FIRST = "performance.getEntriesByName('first-picture')[0].startTime / 1000"
FILTER = """async (seed) => {
    const start = performance.now();
    setFilter("seed", [seed]);
    await refresh();
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)));
    return performance.now() - start;
}"""


def section(quick: bool, rounds: int) -> str:
    """Measure and return the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bars = measured(folder, 1 if quick else 20, rounds)
    return "\n\n".join([summary(bars), table(["what", "measured (bar)"], [[bar.what, bar.cell] for bar in bars])])


def measured(folder: Path, seeds: int, rounds: int) -> list[Bar]:
    """Measure a grid of 500 points with so many seeds."""
    file, page, store = folder / "many.toml", folder / "many.html", ["--store", str(folder / "results")]
    file.write_text(MANY.format(seeds=seeds), encoding="utf-8")
    seconds([*RNNLAB, "run", str(file), *store])
    command = [*RNNLAB, "report", "many", "-o", str(page), *store]
    seconds(command)  # warm
    written = median(seconds(command) for _ in range(rounds))
    bars = [
        Bar(f"`rnnlab report`, {500 * seeds:,} trials with their curves", written, 10.0, False, "{:.2f} s"),
        Bar("its size", page.stat().st_size / 1e6, MOST / 1e6, False, "{:.2f} MB"),
    ]
    return [*bars, *in_browser(page, rounds)] if chromium() else bars


def in_browser(file: Path, rounds: int) -> list[Bar]:
    """Measure opening to the first picture, and a filter until picture and table are painted anew."""
    first, filters = [], []
    with browsing() as browser:
        for _ in range(rounds):
            with opened(browser, file) as page:
                first.append(page.evaluate(FIRST))
                filters += [page.evaluate(FILTER, seed) for seed in (1, 1, 1)]
    return [
        Bar("opened in Chromium, to the first picture", median(first), 1.5, False, "{:.2f} s"),
        Bar("a filter, to picture and table", median(filters), 100.0, False, "{:.0f} ms"),
    ]
