"""What can follow on a command line: experiments, trials, columns, values. Asked at every Tab, so it reads little."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from rnnlab import places
from rnnlab.cli.options import DEFAULT_STORE
from rnnlab.figures.catalogue import KINDS, SIZES

_MOST = 500  # keys of trials that are proposed
_Found = Iterable[str]
Source = Callable[[click.Context, str], _Found]


def completed(command: click.Command) -> click.Command:
    """Let every parameter of a command that goes by a known name propose its values."""
    for parameter in command.params:
        source = _SOURCES.get(str(parameter.name))
        kind = _PATHS.get(str(parameter.name))
        if source is not None and not isinstance(parameter.type, click.Choice):
            parameter.shell_complete = _proposing(source)  # type: ignore[method-assign,assignment]
        elif kind is not None:
            parameter.shell_complete = _path(kind)  # type: ignore[method-assign,assignment]
    command.parse_args = _patient(command)  # type: ignore[method-assign,assignment]
    return command


def _patient(command: click.Command) -> Callable[[click.Context, list[str]], list[str]]:
    """Return a parser of arguments that holds an option without a value back: click forgets all others over it."""
    parse = command.parse_args
    options = {word for each in command.params if not getattr(each, "is_flag", False) for word in each.opts}

    def parse_args(ctx: click.Context, args: list[str]) -> list[str]:
        open_option = [word for word in args[-1:] if word.startswith("-") and word in options]
        parse(ctx, args[: len(args) - len(open_option)])
        ctx.args = [*ctx.args, *open_option]  # where click looks for it
        return ctx.args

    return parse_args


def _proposing(source: Source) -> Callable[[click.Context, str], list[CompletionItem[Any]]]:
    def propose(ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        if source is _experiments and "/" in incomplete:
            return [CompletionItem(incomplete, type="file")]
        try:
            found = list(dict.fromkeys(source(ctx, incomplete)))
        except Exception:  # a Tab is no place for errors: the command itself tells of them
            return []
        return [CompletionItem(word) for word in found if word.startswith(incomplete)]

    return propose


def _path(kind: str) -> Callable[[click.Context, str], list[CompletionItem[Any]]]:
    return lambda ctx, incomplete: [CompletionItem(incomplete, type=kind)]


def _experiments(ctx: click.Context, incomplete: str) -> _Found:
    """Experiment files that go by a name, then what the store has; a path when one is begun."""
    yield from places.available()
    yield from places.stored(_store(ctx))


def _stored(ctx: click.Context, incomplete: str) -> _Found:
    return () if ctx.command.name == "new" else places.stored(_store(ctx))


def _keys(ctx: click.Context, incomplete: str) -> _Found:
    """Keys of trials, read from the tables as they lie there."""
    import pyarrow.parquet as pq

    place = Path(_store(ctx), ctx.params["name"])
    found = 0
    for measure in _manifest(ctx)["measures"]:
        for file in sorted((place / measure).glob("*.parquet")):
            keys = pq.read_table(file, columns=["key"], partitioning=None)["key"].to_pylist()
            wanted = [key for key in keys if key.startswith(incomplete)]
            yield from wanted
            found += len(wanted)
            if found > _MOST:
                return


def _measures(ctx: click.Context, incomplete: str) -> _Found:
    """Those of the experiment that is named, else all; several may stand apart by commas."""
    from rnnlab.measures import names

    stored = ctx.params.get("name") in places.stored(_store(ctx))
    return _after_comma(_manifest(ctx)["measures"] if stored else names(), incomplete)


def _columns(ctx: click.Context, incomplete: str) -> _Found:
    """Parameters that vary, then the statistics of what was measured."""
    from rnnlab.measures import registry

    found = _axes(ctx)
    asked = ctx.params.get("measure")
    for measure in [asked] if asked else _manifest(ctx)["measures"]:
        found += [column.name for column in registry()[measure].TABLES[measure]]
    return _after_comma(found, incomplete)


def _kinds(ctx: click.Context, incomplete: str) -> _Found:
    return KINDS


def _sizes(ctx: click.Context, incomplete: str) -> _Found:
    return SIZES


def _axes_alone(ctx: click.Context, incomplete: str) -> _Found:
    return _axes(ctx)


def _where(ctx: click.Context, incomplete: str) -> _Found:
    """KEY= of the parameters that vary, then the values of KEY."""
    key, equals, values = incomplete.partition("=")
    if not equals:
        return [f"{name}=" for name in _axes(ctx)]
    known = dict.fromkeys(_shown(value) for table in _tables(ctx) for value in _values(table.get(key)))
    return [f"{key}={each}" for each in _after_comma(known, values)]


def _sets(ctx: click.Context, incomplete: str) -> _Found:
    """KEY= of every parameter and setting, then the words that KEY may be."""
    from rnnlab.trial import parameters

    key, equals, values = incomplete.partition("=")
    if not equals:
        return [f"{name}=" for name in (*parameters(), *(_settings() if key.startswith("m") else ()))]
    words = _choices(key) if key in parameters() else ()
    return [f"{key}={each}" for each in _after_comma(words, values)]


def _settings() -> _Found:
    from rnnlab.measures import registry

    for name, module in registry().items():
        yield from (f"measure.{name}.{setting}" for setting in module.Settings.model_fields)


def _words_of(parameter: str) -> Source:
    return lambda ctx, incomplete: _after_comma(_choices(parameter), incomplete)


def _choices(parameter: str) -> tuple[str, ...]:
    from typing import Literal, get_args, get_origin

    from rnnlab import plugins
    from rnnlab.trial import parameters

    kind = parameters()[parameter].type
    own = [entry.name for entry in plugins.entries(parameter)] if parameter in plugins.KINDS else []
    return (*get_args(kind), *own) if get_origin(kind) is Literal else ()


def _after_comma(words: Iterable[str], incomplete: str) -> list[str]:
    """Return the words, each after those that stand before the last comma and are not proposed again."""
    before, comma, _ = incomplete.rpartition(",")
    return [f"{before}{comma}{word}" for word in words if word not in before.split(",")]


def _store(ctx: click.Context) -> str:
    return str(ctx.params.get("store") or DEFAULT_STORE)


def _manifest(ctx: click.Context) -> dict[str, Any]:
    """Return the record of the experiment that is named on the line, unchecked."""
    text = Path(_store(ctx), ctx.params["name"], "manifest.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _tables(ctx: click.Context) -> list[dict[str, Any]]:
    grid = _manifest(ctx)["experiment"]["grid"]
    return grid if isinstance(grid, list) else [grid]


def _axes(ctx: click.Context) -> list[str]:
    """Return the columns of the parameters that vary in the experiment that is named, in the order of its grid."""
    from rnnlab.trial import parameters

    tables = _tables(ctx)
    names = dict.fromkeys(name for table in tables for name in table)
    varies = [name for name in names if len({json.dumps(table.get(name)) for table in tables}) > 1]
    lists = [name for name in names if any(isinstance(table.get(name), list | dict) for table in tables)]
    return [parameters()[name].column.name for name in names if name in varies or name in lists]


def _values(value: Any) -> list[Any]:
    """Return the values of a parameter of a resolved grid; those of a long range are not written out."""
    return value if isinstance(value, list) else [] if value is None or isinstance(value, dict) else [value]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


_SOURCES: dict[str, Source] = {
    "experiment": _experiments, "name": _stored, "names": _stored, "a": _stored, "b": _stored, "key": _keys,
    "measure": _measures, "measures": _measures, "column": _columns, "columns": _columns, "where": _where,
    "axis": _axes_alone, "x": _axes_alone, "y": _axes_alone, "hue": _axes_alone, "sets": _sets, "kind": _kinds,
    "size": _sizes,
    "activation": _words_of("activation"), "task": _words_of("task"), "loss": _words_of("loss"),
    "loss_at": _words_of("loss_at"),
}  # fmt: skip
_PATHS = {
    "store": "dir", "other_store": "dir", "into": "dir", "output": "file", "network": "file", "inputs": "file",
    "targets": "file", "cotangents": "file",
}  # fmt: skip
