"""rnnlab.train against PyTorch, where it is installed: its autograd, its optimisers, its way to cut time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests import oracles
from tests.cases import LOSS_AT, LOSSES
from tests.courses import OPTIMIZERS, WAYS, check, course
from tests.naive import Network
from tests.naive_updates import WEIGHTS, Rules, Trained, has_loss, start

torch: Any = pytest.importorskip("torch")

SOME = ("tanh", "sigmoid", "relu", "softplus", "gelu")


def optimiser_of(rules: Rules, trained: list[Any]) -> Any:
    rate = rules.learning_rate
    return {
        "sgd": lambda: torch.optim.SGD(trained, lr=rate),
        "momentum": lambda: torch.optim.SGD(trained, lr=rate, momentum=rules.momentum),
        "adam": lambda: torch.optim.Adam(trained, lr=rate),
        "rmsprop": lambda: torch.optim.RMSprop(trained, lr=rate),
    }[rules.optimizer]()


def by_torch(network: Network, rules: Rules) -> Trained:
    """Train as one does in PyTorch; windows that overlap are replayed from the state that was kept, detached."""
    p = {name: torch.tensor(value, requires_grad=True) for name, value in start(network).items()}
    step = optimiser_of(rules, [p[name] for name in rules.trained])
    found = Trained({})
    for x, y in zip(torch.tensor(network.x), torch.tensor(network.y), strict=True):
        sums = {name: torch.zeros_like(p[name]) for name in WEIGHTS}
        kept = {name: torch.zeros_like(p[name]) for name in WEIGHTS}
        before = p["U"].detach().clone()
        states, total = {0: torch.zeros((x.shape[1], len(before)), dtype=x.dtype)}, 0.0
        for begin, scored_from, end in rules.windows(len(x)):
            h, losses = states[begin], []
            for t in range(begin + 1, end + 1):
                h = one_step(network, p, h, x[t - 1], rules.leak)
                states[t] = h.detach()
                if t > scored_from and has_loss(network, t, len(x)):
                    losses.append(loss_of(network, h @ p["V"].T + p["c"], y[t - 1]))
            if losses:
                step.zero_grad()
                sum(losses).backward()
                add(sums, p, rules)
                clip(rules, [p[name] for name in rules.trained])
                add(kept, p, rules)
                step.step()
                total += sum(losses).item()
        record(found, total, sums, kept, float((p["U"].detach() - before).norm() / before.norm()))
    found.weights = {name: value.detach().numpy() for name, value in p.items()}
    return found


def one_step(network: Network, p: dict[str, Any], h: Any, x: Any, leak: float) -> Any:
    phi = oracles.in_torch()[network.activation]
    return (1 - leak) * h + leak * phi(h @ p["U"].T + x @ p["W"].T + p["b"])


def loss_of(network: Network, o: Any, y: Any) -> Any:
    if network.loss == "squared":
        return 0.5 * (o - y).square().sum() / len(y)
    return torch.nn.functional.cross_entropy(o, y)


def clip(rules: Rules, trained: list[Any]) -> None:
    """clip_grad_norm_ divides by norm + 1e-6: the factor here is min(1, c/norm)."""
    if rules.clip_value is not None:
        torch.nn.utils.clip_grad_value_(trained, rules.clip_value)
    if rules.clip_norm is not None:
        norm = torch.linalg.vector_norm(torch.cat([w.grad.flatten() for w in trained]))
        for w in trained:
            w.grad.mul_(min(1.0, rules.clip_norm / float(norm)))


def add(sums: dict[str, Any], p: dict[str, Any], rules: Rules) -> None:
    for name in rules.trained:
        sums[name] += p[name].grad


def record(found: Trained, loss: float, sums: dict[str, Any], kept: dict[str, Any], ratio: float) -> None:
    found.loss.append(loss)
    found.norms.append([float(sums[name].norm()) for name in "UWV"])
    found.clipped.append([float(kept[name].norm()) for name in "UWV"])
    found.ratio.append(ratio)


@pytest.mark.parametrize("updates", [1, 50])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("way", WAYS)
def test_updates_are_those_of_torch(way, optimizer, updates):
    network, rules = course(updates), Rules(**OPTIMIZERS[optimizer], **WAYS[way])
    check(network, rules, by_torch(network, rules))


@pytest.mark.parametrize("rule", [{}, {"update_rule": "online"}, {"k1": 2, "k2": 4}], ids=str)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", SOME)
def test_every_loss_and_several_activations(activation, loss, loss_at, rule):
    network = course(10, activation=activation, loss=loss, loss_at=loss_at)
    rules = Rules(learning_rate=0.005, train_biases=True, clip_norm=5.0, **rule)
    check(network, rules, by_torch(network, rules))


def test_clipping_of_torch_differs_by_its_millionth():
    """What the other tests leave to a formula of ours: clip_grad_norm_ is that but for the 1e-6 in its divisor."""
    w = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    w.grad = torch.tensor([3.0, 4.0], dtype=torch.float64)
    torch.nn.utils.clip_grad_norm_([w], 2.0)
    assert np.isclose(float(w.grad.norm()), 2.0 * 5.0 / (5.0 + 1e-6), rtol=1e-12)
