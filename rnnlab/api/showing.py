"""Results and progress as notebooks show them: small HTML, everything of the user's escaped."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from rnnlab.api.results import Results

ROWS = 5  # trials that are shown
MOST = 100_000  # trials above which none is read only to be looked at
_EVERY = 0.2  # s between two looks at a run in a notebook
_LINES = 5.0  # s between two lines elsewhere
_NULL = ("None", "nan", "<NA>")
_VERDICTS = ("vanishes", "stable", "explodes")
Progress = Callable[[float, int], None]


def html_of(results: Results, *, size: int, axes: tuple[str, ...], tables: list[str]) -> str:
    """Return what stands in a notebook for results: what they are, what came out in a line, the first trials."""
    experiment, summary = results.manifest["experiment"], results.manifest.get("summary") or {}
    frame = results.statistics(results.measured[0]) if results.measured and size <= MOST else None
    facts = {
        "trials": _counted(size, summary, unfinished=results.manifest.get("finished") is None),
        "axes": ", ".join(axes) or "none",
        "measures": ", ".join(results.measured),
        "tables": ", ".join(tables),
        "verdict": "" if frame is None else _verdict(frame),
        "store": str(results.store),
    }
    title = f": {experiment['title']}" if experiment.get("title") else ""
    rows = "".join(f"<tr>{_cell(name, 'th')}{_cell(text)}</tr>" for name, text in facts.items() if text)
    shown = "" if frame is None else _first(frame, results.measured[0], axes, size)
    return f"<div><p><strong>{escape(results.name)}</strong>{escape(title)}</p><table>{rows}</table>{shown}</div>"


def progress_of(given: Progress | bool | None) -> Progress | None:
    """Return what is to be told of a run's progress: None shows it in a notebook and nowhere else, True everywhere."""
    if callable(given):
        return given
    if given is None:
        return NotebookProgress() if in_notebook() else None
    if not given:
        return None
    return NotebookProgress() if in_notebook() else _Lines()


def in_notebook() -> bool:
    """Tell whether this process is the kernel of a notebook."""
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


class NotebookProgress:
    """One bar in the cell's output, which changes in place."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = 0.0

    def __call__(self, done: float, total: int) -> None:
        """Show that `done` of `total` trials are done."""
        now = time.monotonic()
        if self._handle is not None and done < total and now - self._shown < _EVERY:
            return
        self._shown = now
        from IPython.display import display

        said = f"{done:,.4g} of {total:,} trials" if isinstance(done, float) else f"{done:,} of {total:,} trials"
        bar = f'<progress value="{done}" max="{total}" aria-label="trials done"></progress> {said}'
        bundle = {"text/html": bar, "text/plain": said}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)


class _Lines:
    """A line on stderr every few seconds, and one at the end."""

    def __init__(self) -> None:
        self._said = -_LINES

    def __call__(self, done: float, total: int) -> None:
        if done >= total or time.monotonic() - self._said >= _LINES:
            self._said = time.monotonic()
            print(f"{done:,} of {total:,} trials", file=sys.stderr, flush=True)


def _counted(size: int, summary: dict[str, Any], *, unfinished: bool) -> str:
    parts = [f"{size:,}"]
    parts += [f"{summary[name]:,} {name}" for name in ("failed", "diverged") if summary.get(name)]
    return ", ".join([*parts, *(["the run has not finished"] if unfinished else [])])


def _verdict(frame: pd.DataFrame) -> str:
    """Return in a line what became of the trials: verdicts of gradients, successes of training."""
    if "verdict" in frame and (known := frame["verdict"].dropna()).size:
        return ", ".join(f"{(known == word).mean():.0%} {_many(word)}" for word in _VERDICTS if (known == word).any())
    if "success" in frame and (known := frame["success"].dropna()).size:
        return f"{known.astype(float).mean():.0%} of the networks succeed"
    return ""


def _many(word: str) -> str:
    return {"vanishes": "vanish", "stable": "are stable", "explodes": "explode"}[word]


def _first(frame: pd.DataFrame, measure: str, axes: tuple[str, ...], size: int) -> str:
    from rnnlab import analysis

    wanted = ["key", *axes, "status", "verdict", *analysis.main_columns(measure)]
    names = [name for name in dict.fromkeys(wanted) if name in frame]
    head = "".join(_cell(name, "th") for name in names)
    body = "".join(f"<tr>{''.join(map(_cell, _words(row)))}</tr>" for row in frame[names].head(ROWS).to_numpy(object))
    more = f"<p>The first {ROWS} of {size:,} trials; <code>.trials</code> has all.</p>" if size > ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _words(row: Any) -> Iterator[str]:
    for value in row:
        yield "" if str(value) in _NULL else f"{value:.4g}" if isinstance(value, float) else str(value)


def _cell(text: str, tag: str = "td") -> str:
    return f"<{tag}>{escape(text)}</{tag}>"
