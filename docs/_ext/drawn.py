"""The directive `drawn`: commands, run while the pages are built, and beneath them the figures that they drew.

Each figure is drawn for light and for dark pages; what it shows in words, which rnnlab says itself, is its alternative
text. The commands see the experiments that come with rnnlab, and a store that begins empty.
"""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

_FOLDER = tempfile.TemporaryDirectory(prefix="rnnlab-docs-")  # one store for all pages of a build
_PICTURES = "_build/drawn"


class Drawn(SphinxDirective):
    """Shows commands, a line each, and the figures of those that are `rnnlab plot`."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the commands as a reader types them, and the figures."""
        text = "\n".join(f"$ {line}" for line in self.content)
        return [nodes.literal_block(text, text, language="console"), *self._figures()]

    def _figures(self) -> Iterator[nodes.image]:
        for line in self.content:
            if not line.startswith("rnnlab plot "):
                _run(line)
                continue
            for page, options in (("light", ()), ("dark", ("--dark",))):
                picture = Path(self.env.srcdir, _PICTURES, f"{_slug(line)}-{page}.png")
                picture.parent.mkdir(parents=True, exist_ok=True)
                about = json.loads(_run(line, "--json", "-o", str(picture), *options))
                uri = f"/{_PICTURES}/{picture.name}"
                yield nodes.image(uri=uri, alt=about["description"], classes=[f"only-{page}"])


def _run(line: str, *options: str) -> str:
    """Run a command in this process, and return what it prints on stdout."""
    from rnnlab.cli import main

    program, *arguments = shlex.split(line)
    said, told = io.StringIO(), io.StringIO()
    if program != "rnnlab":
        raise ExtensionError(f"drawn: {line}: not a command of rnnlab")
    with (
        contextlib.chdir(_FOLDER.name), warnings.catch_warnings(),
        contextlib.redirect_stdout(said), contextlib.redirect_stderr(told),
    ):  # fmt: skip
        try:
            code = main.main([*arguments, *options], prog_name="rnnlab", standalone_mode=False)
        except Exception as error:
            raise ExtensionError(f"drawn: {line}: {getattr(error, 'message', error)}") from error
    if code:
        raise ExtensionError(f"drawn: {line}: exit code {code}\n{told.getvalue()}")
    return said.getvalue()


def _slug(line: str) -> str:
    return "-".join("".join(each if each.isalnum() else " " for each in line.removeprefix("rnnlab plot ")).split())


def setup(app: Any) -> dict[str, bool]:
    """Offer the directive; its folder goes when the build is over."""
    app.add_directive("drawn", Drawn)
    app.connect("build-finished", lambda _app, _error: _FOLDER.cleanup())
    return {"parallel_read_safe": False, "parallel_write_safe": True}
