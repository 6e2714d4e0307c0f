"""How commands print: data to stdout, messages to stderr, JSON with null for what is no number."""

from __future__ import annotations

import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

PIPED_WIDTH = 100


def message(text: str, *, quiet: bool = False) -> None:
    """Say something to the person at the terminal."""
    if not quiet:
        click.echo(text, err=True)


def print_json(value: Any) -> None:
    """Print JSON to stdout; nan and infinities are null."""
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as plain values, for `print_json`."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def console(*, width: int | None = None, stderr: bool = False) -> Console:
    """Return a rich console: colours and the terminal's width on a terminal, plain text of a fixed width in a pipe."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    if width is None and not stream.isatty() and "COLUMNS" not in os.environ:
        width = PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False, soft_wrap=False)


def print_rich(*renderables: tuple[Any, str], width: int | None = None) -> None:
    """Print rich's tables and texts, each with a style, to stdout; in a pipe without colours and trailing blanks."""
    out = console(width=width)
    with out.capture() as captured:
        for each, style in renderables:
            out.print(each, style=style or None)
    text = captured.get()
    click.echo(text if out.is_terminal else "\n".join(map(str.rstrip, text.splitlines())), nl=not out.is_terminal)


def size(number: float) -> str:
    """Return bytes as people read them: 3.2 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.3g} {unit}" if unit != "B" else f"{number:.0f} B"
        number /= 1000
    return f"{number:.3g} TB"


def duration(seconds: float) -> str:
    """Return a time as people read it: 4.2 s, 3 min 20 s, 2 h 05 min."""
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds >= 0.1 else f"{seconds * 1000:.2g} ms"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def plural(count: int, noun: str) -> str:
    """Return "1 trial", "24,480 trials"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
