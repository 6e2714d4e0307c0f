"""The questions that `rnnlab new` asks at a terminal; every answer is checked before the next question."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click


def asked(name: str, *, quiet: bool) -> dict[str, Any]:
    """Return what a new experiment is to hold, by the arguments of `api.new`; nothing where nobody can be asked."""
    if quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return {}
    from rnnlab import experiment, measures
    from rnnlab.errors import ExperimentError
    from rnnlab.trial import parameters

    click.echo("Enter takes what stands in brackets; several values, apart by commas, make an axis.", err=True)
    chosen: dict[str, Any] = {"measures": (), "sets": [], "title": ""}

    def current() -> dict[str, Any]:
        return experiment.draft(name, chosen["sets"], measures=chosen["measures"], title=chosen["title"]).data

    def ask(question: str, default: str, change: Callable[[str], dict[str, Any]]) -> None:
        def checked(answer: str) -> dict[str, Any]:
            changed = {**chosen, **change(answer.strip())} if answer.strip() != default else chosen
            try:
                experiment.draft(name, changed["sets"], measures=changed["measures"], title=changed["title"])
            except ExperimentError as error:
                told = (f"{problem.place.rpartition(': ')[2]} {problem.message}" for problem in error.problems)
                raise click.UsageError("; ".join(told)) from None
            return changed

        chosen.update(click.prompt(question, default=default, value_proc=checked, err=True))

    known = ", ".join(measures.names())
    ask(f"What to measure ({known})", "gradients", lambda text: {"measures": _words(text)})
    for key, words in _questions(training="training" in chosen["measures"]):
        default = _typed(current()["grid"].get(key, parameters()[key].default))
        ask(words, default, lambda text, key=key: {"sets": [*chosen["sets"], f"{key}={text}"]})  # type: ignore[misc]
    ask("Seeds, how many", "4", lambda text: {"sets": [*chosen["sets"], f"seed={{ range = {text} }}"]})
    ask("The question in a line", current()["title"], lambda text: {"title": text})
    return chosen


def _questions(*, training: bool) -> list[tuple[str, str]]:
    from typing import get_args

    from rnnlab import plugins
    from rnnlab.trial import parameters

    def known(name: str) -> str:
        return ", ".join((*get_args(parameters()[name].type), *(entry.name for entry in plugins.entries(name))))

    return [
        *([("task", f"Task ({known('task')})")] if training else []),
        ("activation", f"Activations ({known('activation')})"),
        ("recurrent_scale", "Recurrent scales g"),
        ("length", "Lengths T"),
        ("width", "Widths N"),
    ]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _typed(value: Any) -> str:
    """Return a value as one types it: words without quotes, lists without brackets, ranges as in the file."""
    from rnnlab.experiment.writing import toml

    return ",".join(map(str, value)) if isinstance(value, list) else value if isinstance(value, str) else toml(value)
