"""An experiment as the text of a file in which every line is explained, and what else one may want stands ready."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from rnnlab import measures
from rnnlab.experiment.drafting import Draft, fits
from rnnlab.experiment.problems import show_key
from rnnlab.trial import Parameter, parameters

_MARGIN = 34  # where explanations begin
_WIDEST = 120
_WORTH_KNOWING = (
    "input_scale", "bias_scale", "recurrent_init", "inputs", "outputs", "batch", "task", "loss", "initial_state",
    "dtype",
)  # fmt: skip
_TOP = {
    "schema": "the version of this format",
    "name": "the folder of the results",
    "title": "a line for tables and figures",
    "zip": "axes that are tied: they take their values side by side",
}


def written(draft: Draft, *, schema_file: str | None = None) -> str:
    """Return the text of the file; schema_file: the JSON Schema beside it, by which editors complete and check."""
    top = {key: value for key, value in draft.data.items() if key in _TOP}
    header = [
        *([f"#:schema ./{schema_file}"] if schema_file else []),
        f"# Question     {draft.question}",
        f"# Expectation  {draft.expectation}",
        f"# Finding      {draft.finding}",
    ]
    blocks = [header, [_line(key, value, _TOP[key]) for key, value in top.items()], [*_grid(draft)]]
    blocks += [list(_measure(draft, name, settings)) for name, settings in draft.data["measure"].items()]
    blocks.append(list(_others(draft)))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def toml(value: Any) -> str:
    """Return a value of an experiment file as TOML writes it."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name} = {toml(each)}' for name, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False)  # texts without control characters, booleans and numbers are the same


def _line(key: str, value: Any, doc: str, *, mark: str = "") -> str:
    return _told(f"{mark}{key} = {toml(value)}", doc)


def _told(line: str, doc: str) -> str:
    """Return a line with its explanation at its right, which goes on below where there is no room."""
    if len(line) > _MARGIN and len(line) + len(doc) + 4 <= _WIDEST:
        return f"{line}  # {doc}"
    told = [f"# {part}" for part in textwrap.wrap(doc, _WIDEST - _MARGIN - 4, subsequent_indent="  ")]
    beside = [line] if len(line) > _MARGIN or not told else [f"{line:<{_MARGIN}}  {told.pop(0)}"]
    return "\n".join([*beside, *(" " * (_MARGIN + 2) + each for each in told)])


def _grid(draft: Draft) -> Iterator[str]:
    given: Mapping[str, Any] = draft.data["grid"]
    yield "# A list or a range is an axis, a single value is a constant; every combination is one network."
    yield "[grid]"
    for name, value in given.items():
        yield _line(name, value, _meaning(parameters()[name], value))
    known = [parameters()[name] for name in _WORTH_KNOWING if name not in given]
    others = [_line(p.name, _value(p), p.doc + _choices(p), mark="# ") for p in known if _may_stand(p, draft)]
    if others:
        yield "\n# Worth knowing; take the first # of a line away to set one:"
        yield from others


def _value(parameter: Parameter) -> Any:
    """Return the default of a parameter; some number of inputs or outputs where it would be the width."""
    return parameter.default if parameter.default is not None else 8


def _may_stand(parameter: Parameter, draft: Draft) -> bool:
    return fits(draft, {"grid": {**draft.data["grid"], parameter.name: _value(parameter)}})


def _meaning(parameter: Parameter, value: Any) -> str:
    if isinstance(value, Mapping) and "range" in value and isinstance(value["range"], int):
        return f"{parameter.doc}: {_counted(value['range'])}"
    return parameter.doc + _choices(parameter)


def _counted(number: int) -> str:
    return ", ".join(map(str, range(number))) if number <= 4 else f"0, 1, ..., {number - 1}"


def _choices(parameter: Parameter) -> str:
    """Return what else there is to choose from, where that is a word of several."""
    words = get_args(parameter.type) if get_origin(parameter.type) is Literal else ()
    return f" ({', '.join(words)})" if len(words) > 1 else ""


def _measure(draft: Draft, name: str, settings: Mapping[str, Any]) -> Iterator[str]:
    yield _told(f"[measure.{show_key(name)}]", _about(name))
    fields = measures.registry()[name].Settings.model_fields
    for key, value in settings.items():
        yield _line(key, value, fields[key].description or "")
    for key, field in fields.items():
        if key not in settings and field.default is not None:
            yield _line(key, field.default, field.description or "", mark="# ")


def _others(draft: Draft) -> Iterator[str]:
    """Yield what else could be measured of these networks in seconds: not training."""
    wanted: Mapping[str, Any] = draft.data["measure"]
    others = [name for name, module in measures.registry().items() if not hasattr(module, "NEEDS_TASK")]
    more = [name for name in others if name not in wanted and fits(draft, {"measure": {**wanted, name: {}}})]
    if more:
        yield "# More to measure of the same networks; take the first # of a line away to switch one on:"
        yield from (_told(f"# [measure.{show_key(name)}]", _about(name)) for name in more)


def _about(name: str) -> str:
    """Return the first line of a measure's own description, without its name."""
    first = (measures.registry()[name].__doc__ or "").strip().split("\n")[0]
    return first.removeprefix(f"{name}:").strip().removesuffix(".")
