"""The activation, the task and the measure, each by itself and in rnnlab."""

import math

import numpy as np

import rnnlab


def test_sine_is_found_and_gradients_flow_through_it():
    rng = np.random.default_rng(0)
    U, W, V = rng.normal(size=(3, 3)), rng.normal(size=(3, 1)), rng.normal(size=(1, 3))
    x, y = rng.normal(size=(1, 1, 1)), rng.normal(size=(1, 1, 1))
    g = rnnlab.gradients(U, W, V, x, y, activation="sine")
    a = W @ x[0, 0]
    error = V @ np.sin(a) - y[0, 0]
    np.testing.assert_allclose(g.loss, 0.5 * error @ error)
    np.testing.assert_allclose(g.W, np.outer(np.cos(a) * (V.T @ error), x[0, 0]))


def test_recall_asks_for_the_first_number():
    problem = rnnlab.draw(activation="sine", task="recall", width=4, length=9, batch=5)
    np.testing.assert_array_equal(problem.y[-1], problem.x[0])
    assert np.abs(problem.x[0]).max() <= 1.0


def test_the_baseline_of_recall():
    problem = rnnlab.draw(activation="sine", task="recall", width=4, length=2, batch=100_000)
    assert math.isclose(0.5 * np.mean(problem.y[-1] ** 2), 1 / 6, rel_tol=0.02)


def test_speed_of_a_state_that_turns():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    zeros = np.zeros((4, 1, 1))
    m = rnnlab.measure(
        turn,
        np.zeros((2, 1)),
        np.ones((1, 2)),
        zeros,
        zeros,
        h0=np.array([[1.0, 0.0]]),
        activation="identity",
        measures=["speed"],
    )
    np.testing.assert_allclose(m["speed"].speed, 1.0)  # |(0, 1) - (1, 0)|² = 2, of two units
    assert list(m["speed_by_step"].t) == [1, 2, 3, 4]
