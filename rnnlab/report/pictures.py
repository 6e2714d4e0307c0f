"""The figures of an experiment as they are printed, inside the page."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnnlab import figures
from rnnlab.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rnnlab.api import Results

_MEASURES = {"gradients": "steps", "lags": "lags", "lyapunov": "spectrum", "jacobian": "spectrum", "terms": "pairs"}
_MOST = 3
_SVG = 160_000  # bytes; what is larger is a PNG


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure, its kind, and what it is called for who does not see it."""

    kind: str
    source: str  # of <img>
    dark: str  # the same for dark pages
    title: str


def pictures(results: Results) -> Iterator[Picture]:
    """Yield the figure that suits the experiment, and those of its other measures."""
    if not len(results.trials):
        return
    kinds = dict.fromkeys([figures.kind_of(results), *(k for m, k in _MEASURES.items() if m in results.measured)])
    drawn = 0
    for kind in kinds:
        try:
            light, dark = (figures.plot(results, kind, dark=each) for each in (False, True))
        except UsageError:  # nothing to draw: all diverged, or steps were not recorded
            continue
        yield Picture(kind, _source(light), _source(dark), _title(light) or results.name)
        drawn += 1
        if drawn == _MOST:
            return


def _title(figure: Figure) -> str:
    return " ".join(figure.get_suptitle().split())


def _source(figure: Figure) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for suffix, kind in ((".svg", "svg+xml"), (".png", "png")):
            path = Path(folder, f"figure{suffix}")
            figures.save(figure, path)
            if suffix == ".png" or path.stat().st_size <= _SVG:
                return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode('ascii')}"
    raise AssertionError
