"""A trial: one combination of parameter values, seed included. Every parameter is described here, once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, dataclass, fields
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Interval, MaxLen

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
Task = Literal["noise", "adding", "copy_memory", "temporal_order", "delayed_xor", "digits", "teacher", "arrays"]
FilePath = Annotated[str, MaxLen(1000)]
Optimizer = Literal["sgd", "momentum", "adam", "rmsprop"]
Count = Annotated[int, Interval(ge=0, le=10**9)]
Steps = Annotated[int, Interval(ge=0, le=10**8)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One network and its data, as plain values; N = width, D = inputs, O = outputs, T = length, B = batch."""

    activation: Annotated[Activation, "phi of h_t = phi(U h_{t-1} + W x_t + b)"]
    width: Annotated[Size, "N, hidden units"]
    length: Annotated[Annotated[int, Interval(ge=1, le=10**8)], "T, time steps"]
    inputs: Annotated[Size, "D, inputs; the task's where it is not given, or the width"]
    outputs: Annotated[Size, "O, outputs; the task's where it is not given, or the width"]
    cell: Annotated[Literal["vanilla"], "RNN cell"] = "vanilla"
    batch: Annotated[Size, "B, sequences that the network sees side by side"] = 1
    task: Annotated[Task, "where inputs and targets come from: see docs/tasks.md"] = "noise"
    data: Annotated[FilePath, "of arrays: the file that holds them; # and the start of its sha256 follow its name"] = ""
    loss: Annotated[
        Literal["squared", "cross_entropy"], "L_t: mean_b ½‖o_t-y_t‖², or mean_b -log softmax(o_t)[y_t]"
    ] = "squared"
    loss_at: Annotated[Literal["every", "last"], "steps that have a loss"] = "every"
    leak: Annotated[
        Annotated[float, Interval(gt=0.0, le=1.0)], "α of h_t = (1-α) h_{t-1} + α phi(U h_{t-1} + W x_t + b)"
    ] = 1.0
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
    optimizer: Annotated[Optimizer, "how a gradient becomes a change of the weights"] = "sgd"
    learning_rate: Annotated[Scale, "η"] = 0.01
    momentum: Annotated[Annotated[float, Interval(ge=0.0, lt=1.0)], "of momentum: μ of v ← μ v + g"] = 0.9
    update_rule: Annotated[
        Literal["full", "online", "rtrl"], "what makes one update: the whole sequence, or every step in turn"
    ] = "full"
    clip_norm: Annotated[Scale, "largest norm of the gradient of all that is trained together; 0: any"] = 0.0
    clip_value: Annotated[Scale, "largest magnitude of an entry of the gradient; 0: any"] = 0.0
    k1: Annotated[Steps, "of full: steps from one update to the next; 0: the whole sequence"] = 0
    k2: Annotated[Steps, "of full: steps that a gradient goes back; 0: the whole sequence"] = 0
    trained: Annotated[Literal["weights", "weights_and_biases"], "what is trained: U, W and V, or b and c as well"] = (
        "weights"
    )
    vanishing_penalty: Annotated[Scale, "weight of Pascanu's Ω, which keeps the gradient's norm along time"] = 0.0
    flossing: Annotated[Scale, "weight of Σ λ_i² in the loss, λ_i the leading Lyapunov exponents"] = 0.0
    flossing_exponents: Annotated[Size, "how many exponents that sum has"] = 1
    flossing_updates: Annotated[Count, "updates on Σ λ_i² alone, before training starts"] = 0
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
    default: Any = None  # None: required, or derived (inputs and outputs)
    required: bool = False

    @property
    def column(self) -> Column:
        """The column that this parameter is in every table of a measure."""
        return Column(_COLUMNS.get(self.name, self.name), self.dtype, self.doc, label=_LABELS.get(self.name, ""))


_DTYPES: dict[Any, DType] = {int: "int64", float: "float64", str: "string"}
_LABELS = {
    "learning_rate": "learning rate η",
    "leak": "leak α",
    "recurrent_scale": "recurrent scale g",
    "length": "length T",
    "width": "width N",
    "input_scale": "input scale",
}
_COLUMNS = {"loss": "loss_function"}  # in the tables of measures `loss` is a number
_DERIVED = ("inputs", "outputs")  # the task's, or the width, where they are not given
# Parameters of some values of another parameter alone: beside any other they stay at their neutral value.
BELONGS_TO: dict[str, tuple[str, str]] = {
    "recurrent_density": ("recurrent_init", "sparse"),
    "eigenvalue_floor": ("recurrent_init", "normal"),
    "recurrent_rank": ("recurrent_init", "low_rank"),
    "recurrent_noise": ("recurrent_init", "low_rank"),
    "data": ("task", "arrays"),
    "momentum": ("optimizer", "momentum"),
    "k1": ("update_rule", "full"),
    "k2": ("update_rule", "full"),
}
OF_U = tuple(name for name, (owner, _) in BELONGS_TO.items() if owner == "recurrent_init")
# Parameters that only the measure training reads.
OF_TRAINING = (
    "optimizer", "learning_rate", "momentum", "update_rule", "clip_norm", "clip_value", "k1", "k2", "trained",
    "vanishing_penalty", "flossing", "flossing_exponents", "flossing_updates",
)  # fmt: skip
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
    "data": "",
    "leak": 1.0,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "momentum": 0.9,
    "update_rule": "full",
    "clip_norm": 0.0,
    "clip_value": 0.0,
    "k1": 0,
    "k2": 0,
    "trained": "weights",
    "vanishing_penalty": 0.0,
    "flossing": 0.0,
    "flossing_exponents": 1,
    "flossing_updates": 0,
}
_ADDED_LATER = (*OF_U, "data", "leak", *OF_TRAINING)


def added_later() -> dict[str, Any]:
    """Return the columns of parameters that files of earlier versions lack, with the value that they stand for."""
    return {name: _NEUTRAL[name] for name in _ADDED_LATER}


@cache
def parameters() -> dict[str, Parameter]:
    """Return every parameter of [grid] by name, in the order of the columns."""
    hints = get_type_hints(Trial, include_extras=True)
    return {f.name: _parameter(f.name, hints[f.name], f.default) for f in fields(Trial)}


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    *_, doc = get_args(hint)
    base = get_args(hint)[0]
    kind = base if get_origin(base) is Literal else Annotated[base, *hint.__metadata__[:-1]]
    dtype: DType = "string" if get_origin(base) is Literal else _DTYPES[base]
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
