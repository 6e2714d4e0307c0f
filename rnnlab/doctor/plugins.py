"""What installed packages bring by entry points: each is imported, and held to what it says of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import get_args

from rnnlab import plugins
from rnnlab.doctor.finding import Finding
from rnnlab.errors import UsageError
from rnnlab.trial import parameters


def check(store: Path) -> Iterator[Finding]:
    """Yield how each activation, task and measure of a package stands; nothing where there are none."""
    for kind in plugins.KINDS:
        built_in = _built_in(kind)
        for entry in plugins.entries(kind):
            try:
                plugins.find(kind, entry.name, built_in)
                _use(entry)
            except UsageError as error:
                told = str(error).removesuffix(".")
                remedy = f"mend the package, or pip uninstall {entry.package}"
                yield Finding("plugins", "problem", f"{entry.words}: {told}", remedy)
            else:
                yield Finding("plugins", "ok", entry.words.removeprefix("the "))


def _built_in(kind: str) -> Collection[str]:
    from rnnlab.measures import is_own, names

    if kind == "measure":
        return [name for name in names() if not is_own(name)]
    return get_args(parameters()[kind].type)


def _use(entry: plugins.Entry) -> None:
    from rnnlab.measures import registry
    from rnnlab.tasks import TASKS

    if entry.kind == "activation":
        plugins.activation_named(entry.full)
    elif entry.kind == "task":
        TASKS[entry.full].form(2, "")
    else:
        registry()[entry.name]
