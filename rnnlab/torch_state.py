"""The state of a PyTorch model as our arrays; PyTorch itself is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from rnnlab.errors import UsageError, did_you_mean

_RECURRENT = ("weight_hh_l0", "weight_hh")  # of RNN and of RNNCell
_GATES = {3: "a GRU, three gates", 4: "an LSTM, four gates"}


def from_torch_state(
    state_dict: Mapping[str, Any], *, prefix: str = "", readout: str | None = None
) -> dict[str, np.ndarray]:
    """Return U, W, V, b, c of a torch.nn.RNN (or RNNCell) of one layer and its linear read-out: copies, as arrays.

    U = weight_hh_l0, W = weight_ih_l0, b = bias_ih_l0 + bias_hh_l0; V and c are weight and bias of the read-out; a
    bias that is not there is zero. prefix: where the recurrent layer's names begin ("encoder.rnn."), where there are
    several. readout: the name of the linear layer ("head"), where more than one has N inputs. Which nonlinearity the
    layer has does not stand in its state: give it as `activation`. Raises UsageError with the names that were found.

    >>> import numpy as np
    >>> state = {"rnn.weight_hh_l0": np.eye(3), "rnn.weight_ih_l0": np.ones((3, 2)), "head.weight": np.ones((1, 3))}
    >>> {name: array.shape for name, array in from_torch_state(state).items()}
    {'U': (3, 3), 'W': (3, 2), 'V': (1, 3), 'b': (3,), 'c': (1,)}
    """
    if not isinstance(state_dict, Mapping):
        raise UsageError(f"the state is of type {type(state_dict).__name__}: give model.state_dict()")
    names = [str(name) for name in state_dict]
    key = _recurrent(names, prefix)
    layer, suffix = key.rsplit("weight_hh", 1)
    _refuse_other_layers(names, layer, suffix)
    U = _square(key, _array(state_dict, key))
    W = _array(state_dict, f"{layer}weight_ih{suffix}")
    b = sum((_bias(state_dict, f"{layer}bias_{each}{suffix}", U) for each in ("ih", "hh")), np.zeros(len(U), U.dtype))
    own = {name for name in names if name.startswith((f"{layer}weight_", f"{layer}bias_"))}
    linear = _readout(state_dict, [name for name in names if name not in own], readout, len(U))
    V = _array(state_dict, f"{linear}.weight" if linear else "weight")
    c = _bias(state_dict, f"{linear}.bias" if linear else "bias", V)
    return {"U": U, "W": W, "V": V, "b": b, "c": c}


def _recurrent(names: Iterable[str], prefix: str) -> str:
    """Return the name of U."""
    ends = [name for name in names if name.rpartition(".")[2] in _RECURRENT]
    found = [name for name in ends if name in (f"{prefix}{end}" for end in _RECURRENT)] if prefix else ends
    if len(found) == 1:
        return found[0]
    starts = [repr(name.removesuffix(name.rpartition(".")[2])) for name in ends]
    if found:
        raise UsageError(f"the state has {len(found)} recurrent layers: give one of prefix={', '.join(starts)}")
    if ends:
        raise UsageError(f"no weight_hh_l0 has the prefix {prefix!r}: there is prefix={', '.join(starts)}")
    raise UsageError(f"the state has no weight_hh_l0, so no torch.nn.RNN; it has: {_listed(names)}")


def _refuse_other_layers(names: Iterable[str], layer: str, suffix: str) -> None:
    for name in names:
        if name.startswith(f"{layer}weight_hh") and name != f"{layer}weight_hh{suffix}":
            what = "runs in both directions" if name.endswith("_reverse") else "has several layers"
            raise UsageError(f"the recurrent layer {what} ({name}): give one of a single layer in one direction")


def _square(name: str, U: np.ndarray) -> np.ndarray:
    if U.ndim != 2 or U.shape[0] != U.shape[1]:
        gates = _GATES.get(U.shape[0] // U.shape[1] if U.ndim == 2 and U.shape[1] else 0, "no RNN")
        raise UsageError(f"{name} has shape {U.shape}, {gates}: give the state of a torch.nn.RNN, where it is (N, N)")
    return U


def _readout(state: Mapping[str, Any], names: list[str], readout: str | None, N: int) -> str:
    """Return the name of the linear layer."""
    linear = [name.rpartition(".")[0] for name in names if name.rpartition(".")[2] == "weight"]
    shapes = {each: tuple(getattr(state[f"{each}.weight" if each else "weight"], "shape", ())) for each in linear}
    fitting = [each for each, shape in shapes.items() if len(shape) == 2 and shape[1] == N]
    if readout is not None:
        if readout not in fitting:
            raise UsageError(f"readout={readout!r} is no linear layer of {N} inputs.{did_you_mean(readout, fitting)}")
        return readout
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"several linear layers have {N} inputs: give one of readout={', '.join(map(repr, fitting))}")
    raise UsageError(
        f"the state has no linear read-out, a *.weight (O, {N}); it has: {_listed(names) or 'nothing else'}. "
        "Put the state of the whole model in, or add one: {**state, 'readout.weight': numpy.eye(N)}"
    )


def _bias(state: Mapping[str, Any], name: str, weight: np.ndarray) -> np.ndarray:
    return _array(state, name) if name in state else np.zeros(len(weight), weight.dtype)


def _array(state: Mapping[str, Any], name: str) -> np.ndarray:
    """Return a copy of what stands under this name, which training may go on with."""
    if name not in state:
        raise UsageError(f"the state has no {name}; it has: {_listed(map(str, state))}")
    value = state[name]
    try:
        return np.array(value.detach().cpu().numpy() if hasattr(value, "detach") else value)
    except Exception as error:  # bfloat16, for one
        raise UsageError(f"{name} is no array: {error}. Try model.double().state_dict()") from None


def _listed(names: Iterable[str]) -> str:
    some = list(names)
    return ", ".join(some[:12]) + (f" and {len(some) - 12} more" if len(some) > 12 else "")
