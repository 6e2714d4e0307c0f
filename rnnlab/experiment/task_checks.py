"""What a task asks of the other parameters, checked for a whole grid before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rnnlab.errors import UsageError
from rnnlab.experiment.combinations import axis_of, combinations, values_of
from rnnlab.experiment.deriving import form_of
from rnnlab.experiment.model import Grid
from rnnlab.experiment.problems import Problems, show
from rnnlab.experiment.ranges import Column, size
from rnnlab.tasks import Form
from rnnlab.tasks.contract import MOST_BYTES

_Row = Mapping[str, Any]


def resolved(column: Column, key: str, problems: Problems) -> Column:
    """Return the files of `data` with the hashes of their content; those that cannot be used are problems."""
    from rnnlab.tasks import array_files

    found = []
    for i, value in enumerate(column):
        try:
            found.append(array_files.resolved(value) if value else value)
        except UsageError as error:
            place = key if size(column) == 1 else f"{key}[{i}]"
            problems.add(place, f"is {show(value)}: {str(error).removesuffix('.')}.")
    return tuple(found)


def check_form(grid: Grid, prefix: str, problems: Problems) -> None:
    """Report a task without its file and lengths that a task cannot have: without those it tells no sizes."""
    for each in combinations(grid, ("task", "data")):
        if each["task"] == "arrays" and not each["data"]:
            message = 'is missing: the task "arrays" needs the file that holds them, as data = "mine.npz".'
            problems.add(f"{prefix}data", message)
            return
    for row in _first(row for row in _lengths(grid) if not _fits(row["length"], form_of(row))):
        form, task = form_of(row), row["task"]
        allowed = " or ".join(map(str, form.lengths)) or f"{form.shortest} or more"
        problems.add(f"{prefix}length", f"is {row['length']}; the sequences of the task {task} have {allowed} steps.")


def _fits(length: int, form: Form) -> bool:
    return length in form.lengths if form.lengths else length >= form.shortest


def _lengths(grid: Grid) -> Iterator[dict[str, Any]]:
    """Yield task, data and length that stand beside each other; of tasks that ask for a least length the smallest."""
    if set(axis_of(grid, "length").names) & {"task", "data"}:
        yield from combinations(grid, ("task", "data", "length"))
        return
    for row in combinations(grid, ("task", "data")):
        lengths = values_of(grid, "length")
        some = min(lengths) if not isinstance(lengths, range) else min(lengths[0], lengths[-1])
        for length in lengths if form_of(row | {"length": some}).lengths else (some,):
            yield row | {"length": length}


def check_task(grid: Grid, prefix: str, problems: Problems) -> None:
    """Report sizes, losses and batches that a task does not have, and sequences that are too long to hold."""
    if set(values_of(grid, "task")) == {"noise"}:
        return  # which has everything, and is drawn piecewise where it is long
    names = ("task", "data", "length")
    for name in ("loss", "loss_at"):
        rows = combinations(grid, (*names, name))
        for row in _first(row for row in rows if row[name] not in _allowed(name, form_of(row))):
            words = " or ".join(show(word) for word in _allowed(name, form_of(row)))
            problems.add(f"{prefix}{name}", f"is {show(row[name])}, but the task {row['task']} has {words} alone.")
    for name in ("inputs", "outputs"):
        rows = combinations(grid, (*names, name))
        for row in _first(row for row in rows if not _has(row[name], name, form_of(row))):
            own = getattr(form_of(row), name)
            problems.add(f"{prefix}{name}", f"is {row[name]}, but the task {row['task']} has {own}: leave it out.")
    for row in _first(row for row in combinations(grid, (*names, "batch")) if row["batch"] > _most(form_of(row))):
        most = _most(form_of(row))
        message = f"is {row['batch']}, but the task {row['task']} has {most} sequences to make a batch of"
        problems.add(f"{prefix}batch", f"{message}: use at most {most}.")
    check_room(grid, prefix, problems, of="the task")


def check_room(grid: Grid, prefix: str, problems: Problems, *, of: str) -> None:
    """Report sequences that are too much to hold: those of noise alone are drawn piecewise, and not for training."""
    names = ("task", "length", "batch", "inputs", "outputs")
    rows = (row for row in combinations(grid, names) if of == "training" or row["task"] != "noise")
    for row in _first(row for row in rows if _bytes(row) > MOST_BYTES):
        longest = row["length"] * MOST_BYTES // _bytes(row)
        need = f"with batch {row['batch']} those take {_bytes(row) / 2**20:,.0f} MiB"
        whose = of if of == "training" else f"{of} {row['task']}"
        problems.add(
            f"{prefix}length",
            f"is {row['length']}: sequences of {whose} are held as a whole, and {need}. "
            f"Use at most {longest} steps, or a smaller batch.",
        )


def _bytes(row: _Row) -> int:
    return 8 * int(row["length"]) * int(row["batch"]) * int(row["inputs"] + row["outputs"])


def _allowed(name: str, form: Form) -> tuple[str, ...]:
    return form.losses if name == "loss" else form.loss_at


def _has(value: int, name: str, form: Form) -> bool:
    own = form.inputs if name == "inputs" else form.outputs
    return own is None or value == own or (name == "outputs" and form.more_outputs and value > own)


def _most(form: Form) -> float:
    return form.most_batch or float("inf")


def _first(rows: Iterable[_Row]) -> list[_Row]:
    return [row for row, _once in zip(rows, range(1), strict=False)]
