"""The state of a PyTorch model becomes our arrays, with and without PyTorch."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import rnnlab
from rnnlab.errors import UsageError

N, D, O, T, B = 5, 3, 2, 7, 4


def state(*, prefix="rnn.", readout="head", suffix="_l0", bias=True):
    rng = np.random.default_rng(0)
    shapes = {
        f"{prefix}weight_ih{suffix}": (N, D),
        f"{prefix}weight_hh{suffix}": (N, N),
        f"{readout}.weight": (O, N),
        **(
            {f"{prefix}bias_ih{suffix}": (N,), f"{prefix}bias_hh{suffix}": (N,), f"{readout}.bias": (O,)}
            if bias
            else {}
        ),
    }
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("prefix", ["", "rnn.", "module.encoder.rnn."])
@pytest.mark.parametrize("suffix", ["_l0", ""])
def test_arrays_by_name(prefix, suffix):
    given = state(prefix=prefix, suffix=suffix)
    net = rnnlab.from_torch_state(given)
    assert net["U"].tolist() == given[f"{prefix}weight_hh{suffix}"].tolist()
    assert net["W"].tolist() == given[f"{prefix}weight_ih{suffix}"].tolist()
    assert net["V"].tolist() == given["head.weight"].tolist()
    assert net["c"].tolist() == given["head.bias"].tolist()
    np.testing.assert_allclose(net["b"], given[f"{prefix}bias_ih{suffix}"] + given[f"{prefix}bias_hh{suffix}"])


def test_biases_that_are_not_there_are_zero():
    net = rnnlab.from_torch_state(state(bias=False))
    assert not net["b"].any()
    assert not net["c"].any()
    assert (net["b"].shape, net["c"].shape) == ((N,), (O,))


def test_they_are_copies_and_keep_the_dtype():
    given = {name: array.astype("float32") for name, array in state().items()}
    net = rnnlab.from_torch_state(given)
    given["rnn.weight_hh_l0"] *= 0
    assert net["U"].any()
    assert {array.dtype for array in net.values()} == {np.dtype("float32")}


def test_the_gradient_needs_nothing_more():
    rng = np.random.default_rng(1)
    net = rnnlab.from_torch_state(state())
    g = rnnlab.gradients(**net, x=rng.normal(size=(T, B, D)), y=rng.normal(size=(T, B, O)), activation="relu")
    assert g.U.shape == (N, N)


def test_one_of_several_is_chosen_by_name():
    given = {**state(prefix="a."), **state(prefix="b.", readout="tail")}
    given["b.weight_hh_l0"] = 2 * given["b.weight_hh_l0"]
    net = rnnlab.from_torch_state(given, prefix="b.", readout="tail")
    assert net["U"].tolist() == given["b.weight_hh_l0"].tolist()
    assert net["V"].tolist() == given["tail.weight"].tolist()
    with pytest.raises(UsageError, match=r"2 recurrent layers: give one of prefix='a.', 'b.'"):
        rnnlab.from_torch_state(given)
    with pytest.raises(UsageError, match=r"several linear layers have 5 inputs: give one of readout='head', 'tail'"):
        rnnlab.from_torch_state(given, prefix="a.")
    with pytest.raises(UsageError, match=r"no weight_hh_l0 has the prefix 'c.': there is prefix='a.', 'b.'"):
        rnnlab.from_torch_state(given, prefix="c.")
    with pytest.raises(UsageError, match=r"readout='haed' is no linear layer of 5 inputs. Did you mean head"):
        rnnlab.from_torch_state(given, prefix="a.", readout="haed")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"rnn.weight_hh_l1": np.ones((N, N))}, r"several layers \(rnn.weight_hh_l1\)"),
        ({"rnn.weight_hh_l0_reverse": np.ones((N, N))}, r"both directions \(rnn.weight_hh_l0_reverse\)"),
        ({"rnn.weight_hh_l0": np.ones((4 * N, N))}, r"rnn.weight_hh_l0 has shape \(20, 5\), an LSTM"),
        ({"rnn.weight_hh_l0": np.ones((3 * N, N))}, r"rnn.weight_hh_l0 has shape \(15, 5\), a GRU"),
        ({"rnn.weight_hh_l0": None}, "no weight_hh_l0, so no torch.nn.RNN; it has: rnn.weight_ih_l0, head.weight"),
        ({"rnn.weight_ih_l0": None}, "no rnn.weight_ih_l0; it has: rnn.weight_hh_l0"),
        ({"head.weight": None}, r"no linear read-out, a \*.weight \(O, 5\); it has: head.bias"),
        ({"head.weight": np.ones((O, N + 1))}, "no linear read-out"),
        ({"rnn.weight_ih_l0": "text"}, None),
    ],
)
def test_what_is_no_such_network_is_refused(changes, match):
    given = {name: value for name, value in {**state(), **changes}.items() if value is not None}
    if match is None:
        with pytest.raises(UsageError, match="W has dtype"):
            rnnlab.gradients(
                **rnnlab.from_torch_state(given), x=np.ones((T, B, D)), y=np.ones((T, B, O)), activation="relu"
            )
        return
    with pytest.raises(UsageError, match=match):
        rnnlab.from_torch_state(given)


def test_a_model_in_place_of_its_state():
    with pytest.raises(UsageError, match=r"type object: give model.state_dict\(\)"):
        rnnlab.from_torch_state(object())


class Tensor:
    """As much of a tensor as is used."""

    def __init__(self, array):
        self.array = array
        self.shape = array.shape

    def detach(self):
        return self

    def cpu(self):
        return self

    def numpy(self):
        if self.array.dtype == np.float16:
            raise TypeError("unsupported ScalarType BFloat16")
        return self.array


def test_tensors_are_asked_for_their_arrays():
    tensors = {name: Tensor(array) for name, array in state().items()}
    assert rnnlab.from_torch_state(tensors)["U"].tolist() == state()["rnn.weight_hh_l0"].tolist()
    tensors["rnn.weight_hh_l0"] = Tensor(np.ones((N, N), np.float16))
    with pytest.raises(UsageError, match=r"rnn.weight_hh_l0 is no array: unsupported ScalarType BFloat16. Try model"):
        rnnlab.from_torch_state(tensors)


def test_torch_is_not_imported():
    code = "import rnnlab, sys, numpy as np; rnnlab.from_torch_state; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_gradients_are_those_of_torch(nonlinearity, bias):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.RNN(D, N, nonlinearity=nonlinearity, bias=bias)
            self.head = torch.nn.Linear(N, O, bias=bias)

        def forward(self, x):
            return self.head(self.rnn(x)[0])

    model = Model().double()
    x, y = torch.randn(T, B, D).double(), torch.randn(T, B, O).double()
    (0.5 * ((model(x) - y) ** 2).sum(dim=(0, 2)).mean()).backward()
    g = rnnlab.gradients(
        **rnnlab.from_torch_state(model.state_dict()), x=x.numpy(), y=y.numpy(), activation=nonlinearity
    )
    theirs = {"U": model.rnn.weight_hh_l0, "W": model.rnn.weight_ih_l0, "V": model.head.weight}
    theirs |= {"b": model.rnn.bias_hh_l0, "c": model.head.bias} if bias else {}
    for name, parameter in theirs.items():
        np.testing.assert_allclose(getattr(g, name), parameter.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_cells_lstm_gru_and_two_directions_of_torch():
    torch = pytest.importorskip("torch")
    head = {"head.weight": torch.ones(O, N)}
    net = rnnlab.from_torch_state({**torch.nn.RNNCell(D, N).state_dict(), **head})
    assert net["W"].shape == (N, D)
    for layer in (
        torch.nn.LSTM(D, N), torch.nn.GRU(D, N), torch.nn.RNN(D, N, num_layers=2),
        torch.nn.RNN(D, N, bidirectional=True), torch.nn.RNN(D, N).bfloat16(),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            rnnlab.from_torch_state({**layer.state_dict(), **head})
