"""rnnlab.train: what it is asked, what it returns, and identities; its numbers are judged in test_updates.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.errors import UsageError
from tests.cases import ACTIVATIONS, DTYPES, LOSS_AT, LOSSES

N, D, O, T, B, UPDATES = 7, 3, 4, 9, 5, 6


def case(seed: int = 0, dtype: str = "float64", loss: str = "squared", updates: int = UPDATES) -> dict[str, Any]:
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(dtype)

    return {
        "U": normal(N, N) / np.sqrt(np.array(N, dtype)),
        "W": normal(N, D),
        "V": normal(O, N) / np.sqrt(np.array(N, dtype)),
        "x": normal(updates, T, B, D),
        "y": rng.integers(O, size=(updates, T, B)) if loss == "cross_entropy" else normal(updates, T, B, O),
        "loss": loss,
        "activation": "tanh",
        "learning_rate": 0.05,
    }


def stacked(seeds: range, **options: Any) -> dict[str, Any]:
    each = [case(seed, **options) for seed in seeds]
    return {**each[0], **{name: np.stack([one[name] for one in each]) for name in ("U", "W", "V", "x", "y")}}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_one_update_is_a_step_along_the_gradient(activation, loss, loss_at, dtype):
    given = {**case(dtype=dtype, loss=loss, updates=1), "activation": activation, "loss_at": loss_at}
    rate = given.pop("learning_rate")
    trained = rnnlab.train(**given, learning_rate=rate)
    g = rnnlab.gradients(**{**given, "x": given["x"][0], "y": given["y"][0]})
    limit = 1e-14 if dtype == "float64" else 1e-6
    for name in ("U", "W", "V"):
        np.testing.assert_allclose(getattr(trained, name), given[name] - rate * getattr(g, name), atol=limit)
        assert trained.log10_grad_norm[name][0] == pytest.approx(g.log10_norm[name], abs=limit)
    assert trained.loss[0] == pytest.approx(g.loss, rel=limit)


@pytest.mark.parametrize("rule", [{"update_rule": "full"}, {"update_rule": "online"}, {"k1": 2, "k2": 5}], ids=str)
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_neighbours_and_workers_change_no_bit(workers, rule):
    many = rnnlab.train(**stacked(range(5)), **rule, workers=workers)
    for g in range(5):
        alone = rnnlab.train(**case(g), **rule)
        np.testing.assert_array_equal(many.U[g], alone.U)
        np.testing.assert_array_equal(many.loss[g], alone.loss)
        np.testing.assert_array_equal(many.log10_grad_norm["W"][g], alone.log10_grad_norm["W"])


def test_every_network_is_trained_as_it_is_told():
    rates, clips = [0.1, 0.01, 0.0], [1.0, 0.1, 3.0]
    many = rnnlab.train(**{**stacked(range(3)), "learning_rate": rates}, clip_norm=clips, momentum=[0.9, 0.0, 0.5])
    for g, (rate, clip, mu) in enumerate(zip(rates, clips, [0.9, 0.0, 0.5], strict=True)):
        alone = rnnlab.train(**{**case(g), "learning_rate": rate}, clip_norm=clip, momentum=mu)
        np.testing.assert_array_equal(many.V[g], alone.V)


@pytest.mark.parametrize("own", ["x", "y"])
def test_networks_may_share_one_of_inputs_and_targets(own):
    given = stacked(range(3))
    shared = "y" if own == "x" else "x"
    given[shared] = given[shared][0]
    many = rnnlab.train(**given, workers=2)
    for g in range(3):
        alone = rnnlab.train(**{**case(g), shared: given[shared]})
        np.testing.assert_array_equal(many.U[g], alone.U)


def test_pieces_of_updates_change_no_bit(tmp_path):
    given = case(updates=40)
    x = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "float64", given["x"].shape)
    x[:] = given["x"]
    whole = rnnlab.train(**given, optimizer="adam")
    mapped = rnnlab.train(**{**given, "x": np.load(tmp_path / "x.npy", mmap_mode="r")}, optimizer="adam")
    first = rnnlab.train(**{**given, "x": given["x"][:17], "y": given["y"][:17]}, optimizer="adam")
    np.testing.assert_array_equal(whole.U, mapped.U)
    np.testing.assert_array_equal(whole.loss[:17], first.loss)


def test_online_with_the_loss_at_the_last_step_is_full():
    full, online = (rnnlab.train(**case(), loss_at="last", update_rule=rule) for rule in ("full", "online"))
    np.testing.assert_array_equal(full.U, online.U)


def test_frozen_weights_make_the_same_gradient_of_every_rule():
    given = {**case(), "learning_rate": 0.0}
    full, online = (rnnlab.train(**given, update_rule=rule) for rule in ("full", "online"))
    for name in ("U", "W", "V"):
        np.testing.assert_allclose(online.log10_grad_norm[name], full.log10_grad_norm[name], atol=1e-12)
    np.testing.assert_array_equal(full.U, given["U"])
    assert (full.update_ratio == 0).all()


@pytest.mark.parametrize("clip", [1e-3, 0.5, 1e3])
def test_clipping_by_norm_bounds_the_whole_gradient(clip):
    trained = rnnlab.train(**case(), clip_norm=clip)
    before, after = (
        np.sqrt(sum(10.0 ** (2 * norm) for norm in norms.values()))
        for norms in (trained.log10_grad_norm, trained.log10_clipped_norm)
    )
    np.testing.assert_allclose(after, np.minimum(before, clip), rtol=1e-12)


def test_a_gradient_beyond_the_range_of_floats_is_clipped_like_any_other():
    given = {
        "U": 1.8 * np.eye(3), "W": np.zeros((3, 1)), "V": np.ones((1, 3)), "x": np.zeros((2, 800, 1, 1)),
        "y": np.zeros((2, 800, 1, 1)), "h0": np.ones((1, 3)), "activation": "identity",
    }  # fmt: skip
    trained = rnnlab.train(**given, loss_at="last", learning_rate=1e-3, clip_norm=1.0)
    assert trained.status == "ok"
    assert trained.log10_grad_norm["U"][0] > 400
    assert trained.log10_clipped_norm["U"][0] == pytest.approx(0.0, abs=1e-5)
    assert trained.update_ratio[0] == pytest.approx(1e-3 / np.linalg.norm(given["U"]), rel=1e-5)


def test_clipping_by_value_bounds_every_entry():
    trained = rnnlab.train(**case(updates=1), clip_value=1e-3)
    assert np.abs(trained.U - case()["U"]).max() == pytest.approx(0.05 * 1e-3)
    assert trained.log10_clipped_norm["U"][0] < trained.log10_grad_norm["U"][0]


def test_biases_are_trained_only_if_asked_for():
    b, c = np.ones(N), np.ones(O)
    held = rnnlab.train(**case(), b=b, c=c)
    moved = rnnlab.train(**case(), b=b, c=c, train_biases=True)
    np.testing.assert_array_equal(held.b, b)
    np.testing.assert_array_equal(held.c, c)
    assert not np.isclose(moved.b, b).any()
    assert not np.isclose(moved.c, c).any()


def test_divergence_stops_the_one_that_diverges():
    given = {**stacked(range(2)), "activation": ["relu", "tanh"], "learning_rate": [1e6, 0.01]}
    trained = rnnlab.train(**given)
    assert list(trained.status) == ["diverged", "ok"]
    assert trained.updates[0] < UPDATES
    assert np.isnan(trained.loss[0, trained.updates[0] :]).all()
    assert np.isfinite(trained.loss[1]).all()


def test_success_stops_at_the_first_update_that_reaches_it():
    given = case(updates=200)
    given["x"], given["y"] = np.repeat(given["x"][:1], 200, axis=0), np.repeat(given["y"][:1], 200, axis=0)
    whole = rnnlab.train(**given)
    trained = rnnlab.train(**given, stop_at=20.0)
    assert trained.status == "success"
    assert trained.loss[trained.updates - 1] <= 20.0 < trained.loss[trained.updates - 2]
    assert np.isnan(trained.loss[trained.updates :]).all()
    np.testing.assert_array_equal(trained.loss[: trained.updates], whole.loss[: trained.updates])


WRONG = [
    ({"learning_rate": float("nan")}, "learning_rate = nan: give a finite number >= 0"),
    ({"learning_rate": -0.1}, "learning_rate = -0.1"),
    ({"learning_rate": [0.1, 0.2]}, "learning_rate"),
    ({"momentum": 1.0}, "momentum = 1: give a finite number >= 0 and < 1"),
    ({"learning_rate": float("inf")}, "learning_rate = inf: give a finite number >= 0"),
    ({"optimizer": "momentum"}, "give momentum"),
    ({"optimizer": "adma"}, "Did you mean adam"),
    ({"optimizer": "adam", "momentum": 0.9}, "means nothing"),
    ({"update_rule": "onlin"}, "Did you mean online"),
    ({"clip_norm": 0.0}, "clip_norm = 0: give a finite number > 0"),
    ({"clip_norm": 1.0, "clip_value": 1.0}, "both given"),
    ({"k1": T + 1, "k2": T + 1}, "k1 = 10: give both k1 and k2, whole numbers from 1 to the length T = 9"),
    ({"k1": 3}, "k2 = None"),
    ({"k1": 4, "k2": 2}, "k1 = 4 is above k2 = 2"),
    ({"k1": 2, "k2": 2, "update_rule": "online"}, "mean nothing"),
    ({"train_biases": "yes"}, "train_biases"),
    ({"stop_at": "low"}, "stop_at"),
    ({"workers": 0}, "workers"),
    ({"x": np.ones((T, B, D))}, r"x has shape \(9, 5, 3\): expected \(updates, T, B, D\)"),
    ({"y": np.ones((UPDATES - 1, T, B, O))}, "x has 6 updates and y has 5"),
    ({"y": np.ones((UPDATES, T + 1, B, O))}, "y has shape"),
    ({"W": np.ones((N, D + 1))}, "expected"),
    ({"leak": 0.0}, "leak"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), WRONG, ids=[str(sorted(c)) + w[:12] for c, w in WRONG])
def test_what_cannot_be_used_is_an_error_before_anything_runs(change, words):
    with pytest.raises(UsageError, match=words):
        rnnlab.train(**{**case(), **change})


@pytest.mark.parametrize("update", [0, 4])
@pytest.mark.parametrize("name", ["x", "y"])
def test_an_entry_that_is_not_finite_is_named(name, update):
    given = case()
    given[name][update, 2, 1, 0] = np.nan
    with pytest.raises(UsageError, match=rf"{name}\[{update}, 2, 1, 0\] = nan is not finite"):
        rnnlab.train(**given)


@pytest.mark.parametrize("update", [0, 3])
def test_a_class_that_is_none_is_named(update):
    given = case(loss="cross_entropy")
    given["y"][update, 2, 1] = O
    with pytest.raises(UsageError, match=rf"y\[{update}, 2, 1\] = 4 is no class"):
        rnnlab.train(**given)
