"""A trial: one combination of parameter values, seed included. Every parameter is described here, once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, dataclass, fields
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Interval

from rnnlab.columns import Column, DType

DRAWS_VERSION = 1  # raise VERSION of every measure with it: what is stored is found by parameters

Size = Annotated[int, Interval(ge=1, le=2**20)]
Scale = Annotated[float, Interval(ge=0.0, le=1e9)]
Activation = Literal[
    "tanh", "sigmoid", "relu", "identity", "leaky_relu", "hardtanh", "softplus", "elu", "erf", "gelu", "silu"
]
Share = Annotated[float, Interval(ge=0.0, le=1.0)]
Density = Annotated[float, Interval(ge=1e-6, le=1.0)]
Init = Literal["gaussian", "orthogonal", "identity", "uniform", "sparse", "normal", "low_rank"]
InputInit = Literal["gaussian"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One network and its data, as plain values; N = width, D = inputs, O = outputs, T = length, B = batch."""

    activation: Annotated[Activation, "phi of h_t = phi(U h_{t-1} + W x_t + b)"]
    width: Annotated[Size, "N, hidden units"]
    length: Annotated[Annotated[int, Interval(ge=1, le=10**8)], "T, time steps"]
    inputs: Annotated[Size, "D, inputs; the width where it is not given"]
    outputs: Annotated[Size, "O, outputs; the width where it is not given"]
    cell: Annotated[Literal["vanilla"], "RNN cell"] = "vanilla"
    batch: Annotated[Size, "B, sequences that the network sees side by side"] = 1
    task: Annotated[Literal["noise"], "where inputs and targets come from"] = "noise"
    loss: Annotated[
        Literal["squared", "cross_entropy"], "L_t: mean_b ½‖o_t-y_t‖², or mean_b -log softmax(o_t)[y_t]"
    ] = "squared"
    loss_at: Annotated[Literal["every", "last"], "steps that have a loss"] = "every"
    recurrent_init: Annotated[Init, "the kind of U, times g: see docs/experiment-file.md"] = "gaussian"
    recurrent_density: Annotated[Density, "of sparse: the share of entries that are not zero"] = 1.0
    eigenvalue_floor: Annotated[Share, "of normal: the smallest |λ| / g; they lie evenly spaced from here to 1"] = 1.0
    recurrent_rank: Annotated[Size, "of low_rank: the rank without noise, at most the width"] = 1
    recurrent_noise: Annotated[Share, "of low_rank: ν, the share of the variance that is a Gaussian matrix"] = 0.0
    input_init: Annotated[InputInit, "W: N(0, s²/D)"] = "gaussian"
    output_init: Annotated[InputInit, "V: N(0, s²/N)"] = "gaussian"
    recurrent_scale: Annotated[Scale, "g, the gain of U"] = 1.0
    input_scale: Annotated[Scale, "s of W"] = 1.0
    output_scale: Annotated[Scale, "s of V"] = 1.0
    bias_scale: Annotated[Scale, "standard deviation of b and c"] = 0.0
    initial_state: Annotated[Literal["zeros", "gaussian"], "h_0: zeros, or N(0, 1)"] = "zeros"
    dtype: Annotated[Literal["float64", "float32"], "precision of the work"] = "float64"
    seed: Annotated[Annotated[int, Interval(ge=0, le=2**63 - 1)], "names the random streams"] = 0

    @property
    def key(self) -> str:
        """Identity of the trial: shortened sha256 of the canonical JSON of the problem and of the draws' version."""
        return _key(self)

    def values(self) -> dict[str, Any]:
        """Return the parameters by name, in the order of the columns."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may stand in [grid] under this name."""

    name: str
    type: Any  # what a value must be, as pydantic reads it: Literal[...] or Annotated[int, Interval(...)]
    doc: str
    dtype: DType
    default: Any = None  # None: required, or derived (inputs and outputs: the width)
    required: bool = False

    @property
    def column(self) -> Column:
        """The column that this parameter is in every table of a measure."""
        return Column(_COLUMNS.get(self.name, self.name), self.dtype, self.doc, label=_LABELS.get(self.name, ""))


_LABELS = {
    "recurrent_scale": "recurrent scale g",
    "length": "length T",
    "width": "width N",
    "input_scale": "input scale",
}
_COLUMNS = {"loss": "loss_function"}  # in the tables of measures `loss` is a number
_DERIVED = ("inputs", "outputs")  # the width where they are not given
# Parameters of one value of recurrent_init alone: beside any other they stay at their neutral value.
BELONGS_TO = {
    "recurrent_density": "sparse",
    "eigenvalue_floor": "normal",
    "recurrent_rank": "low_rank",
    "recurrent_noise": "low_rank",
}
# A parameter at its neutral value stays out of the key, so that a parameter added later changes no old key.
# Frozen: never change a value here, only add one with the parameter.
_NEUTRAL: dict[str, Any] = {
    "cell": "vanilla",
    "batch": 1,
    "task": "noise",
    "loss": "squared",
    "loss_at": "every",
    "recurrent_init": "gaussian",
    "recurrent_density": 1.0,
    "eigenvalue_floor": 1.0,
    "recurrent_rank": 1,
    "recurrent_noise": 0.0,
    "input_init": "gaussian",
    "output_init": "gaussian",
    "recurrent_scale": 1.0,
    "input_scale": 1.0,
    "output_scale": 1.0,
    "bias_scale": 0.0,
    "initial_state": "zeros",
    "dtype": "float64",
}


def added_later() -> dict[str, Any]:
    """Return the columns of parameters that files of earlier versions lack, with the value that they stand for."""
    return {name: _NEUTRAL[name] for name in BELONGS_TO}


@cache
def parameters() -> dict[str, Parameter]:
    """Return every parameter of [grid] by name, in the order of the columns."""
    hints = get_type_hints(Trial, include_extras=True)
    return {f.name: _parameter(f.name, hints[f.name], f.default) for f in fields(Trial)}


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    *_, doc = get_args(hint)
    base = get_args(hint)[0]
    kind = base if get_origin(base) is Literal else Annotated[base, *hint.__metadata__[:-1]]
    dtype: DType = "string" if get_origin(base) is Literal else {int: "int64", float: "float64"}[base]  # type: ignore[assignment]
    missing = default is MISSING
    return Parameter(name, kind, doc, dtype, None if missing else default, missing and name not in _DERIVED)


def trial_of(values: dict[str, Any]) -> Trial:
    """Return the trial of these (already coerced) values; inputs and outputs are the width where they are not given."""
    return Trial(**{**dict.fromkeys(_DERIVED, values["width"]), **values})


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


@lru_cache(maxsize=2**14, typed=True)
def _written(name: str, value: Any) -> str:
    """Return one entry of the canonical JSON of a problem, nothing where the value is neutral."""
    return "" if value == _NEUTRAL.get(name) else f"{_canonical(name)}:{_canonical(value)}"


@cache
def _entries() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that come before "draws" in the order of the alphabet, and those after it."""
    names = sorted(Trial.__slots__)
    return tuple(n for n in names if n < "draws"), tuple(n for n in names if n > "draws")


def _key(trial: Trial) -> str:
    """Return 20 hexadecimal digits of the sha256 of the problem's canonical JSON, put together from known entries."""
    before, after = ([_written(name, getattr(trial, name)) for name in names] for names in _entries())
    text = ",".join(filter(None, [*before, f'"draws":{DRAWS_VERSION}', *after]))
    return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()[:20]
