"""What the parameters of training ask of each other and of the sizes, checked for a whole grid before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rnnlab.experiment.combinations import combinations, values_of
from rnnlab.experiment.model import Grid
from rnnlab.experiment.problems import Problems
from rnnlab.experiment.task_checks import check_room
from rnnlab.kernels.activation_table import TWICE
from rnnlab.limits import RTRL_BYTES, RTRL_WIDTH, rtrl_bytes
from rnnlab.trial import OF_TRAINING, parameters

_Problem = tuple[str, str]  # the parameter, and what is wrong with it


def check_training(grid: Grid, key: str, problems: Problems) -> None:
    """Report training parameters that do not fit each other or the sizes, each once."""
    for names, check in _CHECKS:
        if not any(_given(grid, name) for name in names):
            continue
        found = (problem for values in combinations(grid, names) for problem in check(values))
        for name, message in list(dict.fromkeys(found))[:1]:
            problems.add(f"{key}{name}", message)


def check_measures(measures: Mapping[str, Any], grid: Grid, key: str, problems: Problems) -> None:
    """Report training parameters that no measure (modules by name) reads, and measures that know no leaky units."""
    for name in OF_TRAINING if "training" not in measures else ():
        if _given(grid, name):
            problems.add(f"{key}{name}", "is a parameter of the measure training: add [measure.training].")
    if "training" in measures:
        check_room(grid, key, problems, of="training")
    if not _given(grid, "leak"):
        return
    for name, module in measures.items():
        if not getattr(module, "LEAKY", False):
            least = min(values_of(grid, "leak"))
            problems.add(
                f"{key}leak", f"is {least:g}, but the measure {name} knows no leaky units: leave one of them out."
            )


def _given(grid: Grid, name: str) -> bool:
    """Tell whether a training parameter, or the leak, has a value that is not its neutral one."""
    return name in (*OF_TRAINING, "leak") and values_of(grid, name) != (parameters()[name].default,)


def _windows(values: Mapping[str, Any]) -> Iterator[_Problem]:
    T, k1, k2 = values["length"], values["k1"], values["k2"]
    for name, steps in (("k1", k1), ("k2", k2)):
        if steps > T:
            yield name, f"is {steps}, more than the smallest length {T} beside it; use at most {T}, or 0 for all of it."
    if k2 and not k1:
        yield "k2", f"is {k2}, but k1 is the whole sequence: older steps would reach no update. Give k1, at most {k2}."
    elif k2 and k1 > k2:
        yield "k1", f"is {k1}, more than k2 = {k2}: steps between would reach no update. Use at most {k2}."


def _clipping(values: Mapping[str, Any]) -> Iterator[_Problem]:
    if values["clip_norm"] and values["clip_value"]:
        both = f"is {values['clip_value']:g} where clip_norm is {values['clip_norm']:g}"
        yield "clip_value", f"{both}; a gradient is clipped in one way. Leave one out, or give each its own [[grid]]."


def _flossing(values: Mapping[str, Any]) -> Iterator[_Problem]:
    count, N = values["flossing_exponents"], values["width"]
    if count > 1 and not (values["flossing"] or values["flossing_updates"]):
        yield (
            "flossing_exponents",
            f"is {count}, which means nothing without flossing: give flossing, as 1.0, or flossing_updates.",
        )
    if (values["flossing"] or values["flossing_updates"]) and values["activation"] not in TWICE:
        name = "flossing" if values["flossing"] else "flossing_updates"
        known = ", ".join(sorted(TWICE))
        yield name, f"knows phi'' of {known}; not of {values['activation']}: leave one of them out."
    if count > N:
        yield "flossing_exponents", f"is {count}, more than the smallest width {N} beside it; use at most {N}."


def _rtrl(values: Mapping[str, Any]) -> Iterator[_Problem]:
    if values["update_rule"] != "rtrl":
        return
    N, need = values["width"], rtrl_bytes(values["batch"], values["width"], values["inputs"])
    if N > RTRL_WIDTH:
        yield (
            "update_rule",
            f'is "rtrl" where the width is {N}; its cost grows as N^4. Use at most {RTRL_WIDTH}, or "online".',
        )
    elif need > RTRL_BYTES:
        sizes = f"of width {N} with {values['inputs']} inputs and batch {values['batch']}"
        bound = f"at most {RTRL_BYTES >> 20} are allowed"
        yield (
            "update_rule",
            f'is "rtrl": a network {sizes} has {need / 2**20:,.0f} MiB of sensitivities; {bound}. Use a smaller batch.',
        )


def _rtrl_alone(name: str) -> Callable[[Mapping[str, Any]], Iterator[_Problem]]:
    def check(values: Mapping[str, Any]) -> Iterator[_Problem]:
        if values["update_rule"] == "rtrl" and values[name]:
            beside = f'is {values[name]:g} where update_rule is "rtrl"'
            yield name, f'{beside}, which looks back along no sequence: it has no such term. Use "full" or "online".'

    return check


_CHECKS: tuple[tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Iterator[_Problem]]], ...] = (
    (("length", "k1", "k2"), _windows),
    (("clip_norm", "clip_value"), _clipping),
    (("flossing", "flossing_exponents", "flossing_updates", "width", "activation"), _flossing),
    (("update_rule", "width", "inputs", "batch"), _rtrl),
    *(
        (("update_rule", name), _rtrl_alone(name))
        for name in ("vanishing_penalty", "flossing", "flossing_updates")
    ),
)  # fmt: skip
