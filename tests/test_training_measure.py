"""The measure training: against a naive loop, the same bits however it is divided or paused, and what it tells."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import pytest

import rnnlab
from rnnlab.errors import UsageError
from rnnlab.measures import registry, training
from rnnlab.measures.training import Settings, course
from rnnlab.networks import Trajectory
from tests import lessons, naive
from tests.lessons import B, T

SETTINGS = Settings(updates=24, every=5, test_every=8, test_sequences=30, measures_every=12, stop_at_success=False)


def measured(networks: Any, settings: Settings = SETTINGS) -> dict[str, dict[str, Any]]:
    return training.measure(networks, Trajectory(networks), settings)


def filled(values: Any) -> np.ndarray:
    """Return a column as floats, null as nan."""
    return np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)


def rows(tables: dict[str, Any], g: int) -> dict[str, np.ndarray]:
    """Return the rows by update of network g."""
    table = tables["training_by_update"]
    return {name: filled(values)[table["trial"] == g] for name, values in table.items()}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Bit for bit, null where the other is null."""
    for table, columns in one.items():
        assert columns.keys() == other[table].keys()
        for name, values in columns.items():
            if name == "status":
                assert list(values) == list(other[table][name])
            else:
                np.testing.assert_array_equal(filled(values), filled(other[table][name]), err_msg=f"{table} {name}")


def naive_course(networks: Any, g: int, updates: int, clip: float = np.inf) -> dict[str, np.ndarray]:
    """SGD in a loop of the textbook's BPTT; every number after each update."""
    n, source = networks, int(networks.source[g])
    rate = n.training.regime.learning_rate[g]
    given = {"U": n.U[g], "W": n.W[g], "V": n.V[g]}
    rest = {"b": n.b[g], "c": n.c[g], "activation": n.activation[g], "loss_at": "last"}
    told: dict[str, list[float]] = {name: [] for name in ("loss", "U", "W", "V", "cU", "ratio", "test", "accuracy")}
    test_x, test_y = n.training.lessons.test(source, SETTINGS.test_sequences)
    for u in range(updates):
        x, y = (each[0] for each in n.training.lessons.batches(source, u, u + 1))
        found = naive.gradients(naive.Network(**given, **rest, x=x, y=y, h0=n.h0[0]))
        parts = {name: getattr(found, name) for name in given}
        norm = np.sqrt(sum((each**2).sum() for each in parts.values()))
        step = rate * min(1.0, clip / norm)
        told["ratio"].append(np.linalg.norm(step * parts["U"]) / np.linalg.norm(given["U"]))
        given = {name: given[name] - step * parts[name] for name in given}
        test = naive.Network(**given, **rest, x=test_x, y=test_y, h0=np.zeros((SETTINGS.test_sequences, lessons.N)))
        loss, accuracy = evaluated(test)
        for name, value in (("loss", found.loss), ("test", loss), ("accuracy", accuracy)):
            told[name].append(float(value))
        for name, part in parts.items():
            told[name].append(float(np.log10(np.linalg.norm(part))))
        told["cU"].append(told["U"][-1] + float(np.log10(min(1.0, clip / norm))))
    return {name: np.array(values) for name, values in told.items()}


def evaluated(n: naive.Network) -> tuple[float, float]:
    phi, h = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}[n.activation], n.h0
    for x in n.x:
        h = phi(h @ n.U.T + x @ n.W.T + n.b)
    off = h @ n.V.T + n.c - n.y[-1]
    return 0.5 * (off**2).sum(axis=1).mean(), float((np.abs(off) < 0.2).all(axis=1).mean())


@pytest.mark.parametrize("clip", [np.inf, 0.3])
def test_rows_are_those_of_a_naive_loop(clip):
    networks = lessons.networks(2, clip_norm=clip)
    tables = measured(networks)
    for g in range(2):
        found, expected = rows(tables, g), naive_course(networks, g, 24, clip)
        assert found["update"].tolist() == [0, 5, 8, 10, 12, 15, 16, 20, 24]
        at = found["update"][1:].astype(int) - 1
        pairs = {
            "loss": "loss", "log10_grad_norm_U": "U", "log10_grad_norm_W": "W", "log10_grad_norm_V": "V",
            "log10_clipped_norm_U": "cU", "update_ratio": "ratio",
        }  # fmt: skip
        for ours, theirs in pairs.items():
            np.testing.assert_allclose(found[ours][1:], expected[theirs][at], rtol=1e-9, atol=1e-9, err_msg=ours)
            assert np.isnan(found[ours][0])
        tests = np.flatnonzero(~np.isnan(found["test_loss"]))
        assert found["update"][tests].tolist() == [0, 8, 16, 24]
        np.testing.assert_allclose(found["test_loss"][tests[1:]], expected["test"][[7, 15, 23]], rtol=1e-9)
        np.testing.assert_allclose(found["accuracy"][tests[1:]], expected["accuracy"][[7, 15, 23]], rtol=1e-12)
        assert (~np.isnan(found["spectral_radius"])).tolist() == (~np.isnan(found["test_loss"])).tolist()
        summary = {name: filled(values)[g] for name, values in tables["training"].items() if name != "status"}
        assert summary["loss_first"] == pytest.approx(expected["loss"][0])
        assert summary["loss_last"] == pytest.approx(expected["loss"][-1])
        assert summary["test_loss"] == pytest.approx(expected["test"][-1])
        assert summary["test_loss_best"] == found["test_loss"][tests].min()
        assert summary["log10_grad_norm_U_max"] == pytest.approx(expected["U"].max())
        clipped = np.mean(expected["cU"] < expected["U"] - 1e-9)
        assert summary["clipped_fraction"] == pytest.approx(clipped)
        assert (clipped > 0) == np.isfinite(clip)


def test_other_measures_are_those_of_the_network_as_it_is():
    networks = lessons.networks(2)
    tables = measured(networks)
    initial = dataclasses.replace(networks, training=None)
    for g in range(2):
        found = rows(tables, g)
        known = ~np.isnan(found["lyapunov_max"])
        assert found["update"][known].tolist() == [0, 12, 24]
        x, y = networks.training.lessons.test(int(networks.source[g]), B)
        now = dataclasses.replace(initial.part(g, g + 1), x=x[None], y=y[None], source=np.zeros(1, np.int64),
                                  target=np.zeros(1, np.int64))  # fmt: skip
        for name, measure, settings in (
            ("growth_rate", "gradients", {}), ("truncation_length", "lags", {}), ("lyapunov_max", "lyapunov", {}),
        ):  # fmt: skip
            module = registry()[measure]
            expected = module.measure(now, Trajectory(now), module.Settings(**settings))[measure][name]
            ends = [filled(tables["training"][f"{name}_{end}"])[g] for end in ("first", "last")]
            np.testing.assert_allclose(found[name][[0, -1]], [filled(expected)[0], ends[1]], rtol=1e-12)
            np.testing.assert_array_equal(ends[0], found[name][0])
            assert g == 1 or np.isfinite(ends).all()  # the other one's adjoint is exactly zero


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", [0, 2])
def test_the_same_bits_alone_side_by_side_and_paused_anywhere(dtype, optimizer, monkeypatch):
    networks = lessons.networks(4, dtype=dtype, optimizer=optimizer, learning_rate=[0.01, 0.02, 0.05, 1e30])
    whole = measured(networks)
    for g in range(4):
        alone = measured(networks.part(g, g + 1))
        for name, values in rows(alone, 0).items():
            np.testing.assert_array_equal(values, rows(whole, g)[name] * (name != "trial"), err_msg=name)
    monkeypatch.setattr(course, "PIECE_BYTES", 1)  # one update a piece
    states: Any = [None] * 4
    pieces = 0
    while not all(state is not None and training.done(state) for state in states):
        before = [-1 if state is None else int(state["update"]) for state in states]
        states = [pickled(state) for state in training.advance(networks, SETTINGS, states, 0.0)]
        gone = [int(state["update"]) - b for state, b in zip(states, before, strict=True)]
        assert all(g > 0 or training.done(state) for g, state in zip(gone, states, strict=True))
        assert all(0 <= training.progress(state) <= 1 for state in states)
        pieces += 1
    assert pieces == 24
    assert_same(whole, training.tables(networks, SETTINGS, states))


def pickled(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the state as a file would give it back."""
    assert all(type(value) is np.ndarray and value.dtype != object for value in state.values())
    return {name: np.frombuffer(v.tobytes(), v.dtype).reshape(v.shape).copy() for name, v in state.items()}


def test_states_go_on_in_other_company(monkeypatch):
    """Networks that stand at different updates, with different optimisers, go on side by side."""
    networks = lessons.networks(4, optimizer=[0, 0, 2, 1])
    whole = measured(networks)
    monkeypatch.setattr(course, "PIECE_BYTES", 1)
    one, two = networks.part(0, 2), networks.part(2, 4)
    first = training.advance(one, SETTINGS, [None, None], 0.0)
    for _ in range(5):
        first = training.advance(one, SETTINGS, first, 0.0)
    second = training.advance(two, SETTINGS, [None, None], 0.0)
    states = training.advance(networks, SETTINGS, [*first, *second], np.inf)
    assert_same(whole, training.tables(networks, SETTINGS, states))


def test_flossing_before_the_first_update_pauses_too(monkeypatch):
    """A run that is killed in it goes on there; networks with less of it or none train as if they were alone."""
    networks = lessons.networks(4, optimizer=[2, 0, 1, 2], flossing_updates=[9, 0, 4, 9], learning_rate=0.02)
    whole = measured(networks)
    for g in range(4):
        alone = measured(networks.part(g, g + 1))
        np.testing.assert_array_equal(rows(alone, 0)["test_loss"], rows(whole, g)["test_loss"])
    unflossed = measured(lessons.networks(4, optimizer=[2, 0, 1, 2], learning_rate=0.02))
    changed = [(rows(whole, g)["test_loss"] != rows(unflossed, g)["test_loss"])[0] for g in range(4)]
    assert changed == [True, False, True, True]
    monkeypatch.setattr(course, "PIECE_BYTES", 1)  # one update a piece
    states: Any = [None] * 4
    shares = []
    for _ in range(9 + 24):
        states = [pickled(state) for state in training.advance(networks, SETTINGS, states, 0.0)]
        shares.append([training.progress(state) for state in states])
    assert (np.diff(np.array(shares)[:, 0]) > 0).all()
    assert shares[8] == [9 / 33, 9 / 24, 9 / 28, 9 / 33]
    assert all(map(training.done, states))
    assert_same(whole, training.tables(networks, SETTINGS, states))


def test_divergence_in_flossing_is_told():
    networks = lessons.networks(2, flossing_updates=[0, 3], learning_rate=[0.01, 1e200])
    tables = measured(networks)
    assert list(tables["training"]["status"]) == ["ok", "diverged"]
    assert filled(tables["training"]["diverged_at"])[1] == 0
    assert rows(tables, 1)["update"].tolist() == [0]


def test_a_test_that_is_not_finite_has_an_infinite_loss():
    """And not that of the test before it: identity units overflow on test sequences alone, which are large."""
    networks = lessons.networks(2, learning_rate=0.0)
    echo = networks.training.lessons
    drawn = echo.test(0, 30)
    large = dataclasses.replace(networks, activation=("identity", "tanh"), U=1e80 * networks.U, b=0 * networks.b)
    echo.test = lambda source, sequences: tuple(1e300 * each[:, :sequences] for each in drawn)
    echo.batches = lambda source, start, stop, stream="training": tuple(
        0.0 * np.stack([each[:, :B]] * (stop - start)) for each in drawn
    )
    found = measured(large, Settings(updates=4, test_every=2))
    summary = found["training"]
    assert list(summary["status"]) == ["ok", "ok"]
    assert np.isinf(filled(summary["test_loss"])[0])
    assert np.isinf(rows(found, 0)["test_loss"][[0, -1]]).all()
    assert np.ma.getmaskarray(summary["accuracy"])[0]


def test_only_networks_at_work_are_tested(monkeypatch):
    """Those that succeeded long ago cost nothing any more."""
    asked = []
    whole = course.Trainer.evaluate
    monkeypatch.setattr(
        course.Trainer, "evaluate", lambda self, *given: asked.append(int(self.active.sum())) or whole(self, *given)
    )
    measured(lessons.networks(2, optimizer=2, learning_rate=[0.02, 0.0]), Settings(updates=3000))
    assert asked[0] == 2
    assert asked[-1] == 1


def test_a_learnable_task_is_learnt_and_an_impossible_one_is_not():
    settings = Settings(updates=3000)
    adam = partial(lessons.networks, 4, optimizer=2, learning_rate=0.02)
    summary = measured(adam(), settings)["training"]
    assert set(summary["status"]) == {"success"}
    assert summary["success"].all()
    updates = filled(summary["updates_to_success"])
    assert (updates % 300 == 0).all()
    assert (updates == filled(summary["updates"])).all()  # they stop
    assert (filled(summary["test_loss_over_baseline"]) <= 0.05).all()
    summary = measured(adam(learnable=False), Settings(updates=300))["training"]
    assert set(summary["status"]) == {"ok"}
    assert np.ma.getmaskarray(summary["updates_to_success"]).all()
    assert (filled(summary["test_loss_over_baseline"]) > 0.9).all()


def test_success_goes_on_where_it_is_asked_to_and_its_threshold_is_a_setting():
    networks = lessons.networks(2, optimizer=2, learning_rate=0.01)
    settings = Settings(updates=400, success=0.9, stop_at_success=False)
    summary = measured(networks, settings)["training"]
    assert (filled(summary["updates"]) == 400).all()
    losses = rows(measured(networks, settings), 0)
    reached = losses["update"][losses["test_loss"] <= 0.9 * 0.5 * lessons.O]
    assert filled(summary["updates_to_success"])[0] == reached[0]
    accurate = lessons.networks(2, success=("accuracy", 0.99), optimizer=2, learning_rate=0.01)
    found = measured(accurate, Settings(updates=400, success=0.05, stop_at_success=False))
    first = rows(found, 0)
    assert filled(found["training"]["updates_to_success"])[0] == first["update"][first["accuracy"] >= 0.05][0]


def test_divergence_is_told_and_rows_end_before_it():
    networks = lessons.networks(2, learning_rate=[0.01, 1e200])
    tables = measured(networks)
    summary = tables["training"]
    assert list(summary["status"]) == ["ok", "diverged"]
    at = int(filled(summary["diverged_at"])[1])
    found = rows(tables, 1)
    assert found["update"][-1] == at - 1 == filled(summary["updates"])[1]
    assert not np.isnan(found["loss"][1:]).any()
    assert np.isnan(filled(summary["diverged_at"])[0])
    assert np.isnan(filled(summary["growth_rate_last"])[1])
    assert rows(tables, 0)["update"][-1] == 24


def test_leaky_units_have_a_growth_rate_alone():
    networks = lessons.networks(2)
    leaky = dataclasses.replace(networks, known_leak=np.array([1.0, 0.5]))
    summary = measured(leaky)["training"]
    assert np.isnan(filled(summary["lyapunov_max_first"])).tolist() == [False, True]
    assert np.isnan(filled(summary["truncation_length_first"])).tolist() == [False, True]
    assert not np.isnan(filled(summary["growth_rate_first"])).any()


def test_batches_are_drawn_in_pieces_of_bounded_size(monkeypatch):
    monkeypatch.setattr(course, "PIECE_BYTES", 2 * T * B * (lessons.D + lessons.O) * 8 * 7)
    networks = lessons.networks(2)
    measured(networks, Settings(updates=40, test_every=40))
    lengths = {stop - start for _, start, stop in networks.training.lessons.asked}
    assert max(lengths) == 7


def test_networks_without_a_task_are_refused_before_anything_runs():
    n = lessons.networks(2)
    arrays = {"U": n.U[0], "W": n.W[0], "V": n.V[0], "x": np.zeros((T, B, 2)), "y": np.zeros((T, B, 2))}
    with pytest.raises(UsageError, match=r"measure\.training needs a task.*rnnlab\.train"):
        rnnlab.measure(**arrays, activation="tanh", measures=["training"])
    with pytest.raises(UsageError, match="needs a task"):
        measured(dataclasses.replace(n, training=None))


@pytest.mark.parametrize("name", ["every", "test_every", "measures_every"])
def test_schedules_beyond_the_end_do_not_fit(name):
    [(setting, message)] = training.misfits(Settings(updates=50, **{name: 51}), {})
    assert setting == name
    assert "at most 50" in message
    assert not list(training.misfits(Settings(updates=3), {}))


def test_work_grows_with_what_is_asked_for():
    from rnnlab.trial import trial_of

    trial = trial_of({"activation": "tanh", "width": 16, "length": 20, "batch": 4})
    flops = {
        "plain": training.work(trial, Settings()).flops,
        "longer": training.work(trial, Settings(updates=2000)).flops,
        "measured": training.work(trial, Settings(measures_every=10)).flops,
        "online": training.work(dataclasses.replace(trial, update_rule="online"), Settings()).flops,
        "rtrl": training.work(dataclasses.replace(trial, update_rule="rtrl"), Settings()).flops,
    }
    assert flops["longer"] == pytest.approx(2 * flops["plain"], rel=0.3)
    assert flops["plain"] < flops["measured"]
    assert flops["plain"] < flops["online"] < flops["rtrl"]
    assert training.work(trial, Settings(every=1)).rows > 1000
    before = dataclasses.replace(trial, flossing_updates=1000)
    assert training.work(before, Settings()).flops > 1.8 * flops["plain"]
