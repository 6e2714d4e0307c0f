"""Figures as files that repeat: the same figure gives the same bytes, with what it shows and what drew it inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from rnnlab.errors import UsageError
from rnnlab.figures.catalogue import FORMATS
from rnnlab.figures.style import look

_UNDATED: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
_CALLED = {  # what a format calls the command that drew a figure, and its description
    ".png": ("Comment", "Description"),
    ".svg": ("Source", "Description"),
    ".pdf": ("Keywords", "Subject"),
}


def save(figure: Figure, *paths: Path) -> None:
    """Write the figure to each path as its ending says, with what `plot` told `about` it: title, alt text, command.

    Nothing in the files carries a date. Raises UsageError for another ending than .png, .svg and .pdf.
    """
    about: Mapping[str, str] = vars(figure).get("about", {})
    for path in paths:
        if path.suffix not in FORMATS:
            raise UsageError(f"{path}: a figure ends in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
        path.parent.mkdir(parents=True, exist_ok=True)
    with look(), _laid_out(figure):
        for path in paths:
            figure.savefig(path, metadata={**_UNDATED[path.suffix], **_told(path.suffix, about)})


def _told(suffix: str, about: Mapping[str, str]) -> dict[str, str]:
    command, description = _CALLED[suffix]
    named = {"Title": about.get("title"), description: about.get("description"), command: about.get("command")}
    return {key: text for key, text in named.items() if text}


@contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Lay the figure out once: matplotlib would do so for each file, and draw it once more in vain to find out."""
    engine = figure.get_layout_engine()
    if engine is None:
        yield
        return
    engine.execute(figure)
    figure.set_layout_engine(None)  # "none" would leave one that asks for a drawing in vain
    try:
        yield
    finally:
        figure.set_layout_engine(engine)
