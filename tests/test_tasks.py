"""Tasks: what their answers mean, recomputed from the inputs; baselines, from the data; batches that never meet."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from rnnlab import draws, experiment
from rnnlab.lessons import FreshLessons
from rnnlab.networks import Trajectory, backpropagate
from rnnlab.networks.trainer import Trainer
from rnnlab.streams import streams
from rnnlab.tasks import TASKS, digits, teacher, temporal_order
from rnnlab.trial import Trial

LENGTHS = {"noise": 6, "adding": 20, "copy_memory": 25, "temporal_order": 30, "delayed_xor": 60, "teacher": 7}
SHAPES = {  # T, D, O (0: classes)
    "adding": (20, 2, 1), "copy_memory": (25, 10, 0), "temporal_order": (30, 6, 0), "delayed_xor": (60, 1, 0),
    "digits": (64, 1, 0), "teacher": (7, 3, 2), "noise": (6, 3, 2), "arrays": (5, 4, 0),
}  # fmt: skip
# The first numbers of update 3 of seed 7, inputs and targets: a change here changes every training ever stored.
FROZEN = {
    "training": [0.5788697937223023, 0.0332606032374404],
    "training_targets": [0.21341806182232836, 0.7880474100293776],
    "test": [0.1368185538927731, 0.3337760513717998],
    "teacher_sample": [0.03865779964261651, 0.11752939880993729],
}


@pytest.fixture(autouse=True)
def file_of_arrays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.savez("mine.npz", x=rng.normal(size=(5, 40, 4)), y=rng.integers(3, size=(5, 40)))


def trial(task: str, **values: object) -> Trial:
    own = {"digits": {"length": 64}, "arrays": {"length": 5, "data": "mine.npz"}, "noise": {"inputs": 3, "outputs": 2}}
    own["teacher"] = {"inputs": 3, "outputs": 2, "width": 4}
    base = {"activation": "tanh", "width": 6, "length": LENGTHS.get(task), "batch": 8, "seed": 7, "task": task}
    return experiment.trial({**base, **own.get(task, {}), **values}, "test")


def many(task: str, batch: int = 4000, **values: object) -> tuple[Trial, np.ndarray, np.ndarray]:
    """Return a trial with many sequences, x (T, B, D) and y (T, B, ...)."""
    t = trial(task, batch=batch, **values)
    return t, *TASKS[task].draw(t, streams.at(3, "inputs"), streams.at(3, "targets", place=1))


@pytest.mark.parametrize("task", TASKS)
def test_shapes_and_dtypes(task):
    T, D, O = SHAPES[task]
    for dtype in ("float64", "float32"):
        t = trial(task, dtype=dtype)
        found = draws.problem(t)
        assert found.x.shape == (T, 8, D)
        assert found.y.shape == ((T, 8, O) if O else (T, 8))
        assert found.x.dtype == dtype
        assert found.y.dtype == (dtype if O else np.int64)
        if not O:
            assert 0 <= found.y.min() <= found.y.max() < t.outputs
        x, y = FreshLessons([t]).batches(0, 4, 6)
        assert (x.shape, y.shape) == ((2, *found.x.shape), (2, *found.y.shape))
        assert (x.dtype, y.dtype) == (found.x.dtype, found.y.dtype)


@pytest.mark.parametrize("task", TASKS)
def test_the_same_draws_for_the_same_seed_whenever_they_are_asked_for(task):
    lessons = FreshLessons([trial(task, seed=5), trial(task)])
    whole, parts = lessons.batches(1, 0, 6), [lessons.batches(1, i, i + 1) for i in (5, 0, 3)]
    for i, part in zip((5, 0, 3), parts, strict=True):
        np.testing.assert_array_equal(whole[0][i], part[0][0])
        np.testing.assert_array_equal(whole[1][i], part[1][0])
    assert not np.array_equal(whole[0], lessons.batches(0, 0, 6)[0])


@pytest.mark.parametrize("task", TASKS)
def test_training_and_test_sequences_never_meet(task):
    t = trial(task, batch=30)
    lessons = FreshLessons([t])
    x, _ = lessons.batches(0, 0, 20)
    seen = {sequence.tobytes() for batch in x for sequence in batch.swapaxes(0, 1).copy()}
    tested, _ = lessons.test(0, 500)
    initial = draws.problem(t).x
    assert not seen & {sequence.tobytes() for sequence in tested.swapaxes(0, 1).copy()}
    if task not in ("digits", "arrays"):  # whose batches are drawn anew from what there is
        assert len(seen) == 600
        assert not seen & {sequence.tobytes() for sequence in initial.swapaxes(0, 1).copy()}
        assert tested.shape[1] == 500


def test_every_update_and_name_has_a_stream_of_its_own():
    drawn = [
        streams.at(7, name, number=u).random(4) for name in ("training", "test") for u in (None, 0, 1, 10, 11, 2**40)
    ]
    assert len({each.tobytes() for each in drawn}) == 12
    found = {name: streams.at(7, name, number=3).random(2).tolist() for name in FROZEN}
    assert found == FROZEN


def test_adding():
    t, x, y = many("adding")
    T, B, _ = x.shape
    assert (x[: T // 2, :, 1].sum(axis=0) == 1).all()
    assert (x[T // 2 :, :, 1].sum(axis=0) == 1).all()
    expected = [sum(x[s, b, 0] for s in range(T) if x[s, b, 1]) for b in range(B)]
    np.testing.assert_allclose(y[-1, :, 0], expected, rtol=1e-15)
    last = x[-1]
    guess = np.where(last[:, 1] == 1, last[:, 0] + 0.5, 1.0)
    assert_mean(0.5 * (y[-1, :, 0] - guess) ** 2, TASKS["adding"].baseline(t))


def test_copy_memory():
    t, x, y = many("copy_memory", batch=500)
    codes = x.argmax(axis=2)
    assert (x.sum(axis=2) == 1).all()
    assert (codes[:10] < 8).all()
    assert (codes[10:14] == 8).all()
    assert (codes[14] == 9).all()
    assert (codes[15:] == 8).all()
    assert (y[:15] == 8).all()
    np.testing.assert_array_equal(y[15:], codes[:10])
    counts = np.bincount(y[15:].ravel(), minlength=8) / 5000
    assert np.all(np.abs(counts - 1 / 8) < 4 * (7 / 64 / 5000) ** 0.5)
    losses = np.array([[-math.log(counts[symbol]) for symbol in column] for column in y[15:].T]).sum(axis=1)
    assert_mean(losses, TASKS["copy_memory"].baseline(t), slack=8 / 500)
    assert TASKS["copy_memory"].scored(t) == 10
    assert TASKS["copy_memory"].baseline(replace(t, length=120)) == 10 * math.log(8)


@pytest.mark.parametrize("length", [10, 13, 30, 101])
def test_temporal_order(length):
    t, x, y = many("temporal_order", length=length)
    codes = x.argmax(axis=2)
    relevant = codes < 2
    assert (relevant.sum(axis=0) == 2).all()
    for b in range(0, 4000, 7):
        first, second = np.flatnonzero(relevant[:, b]) + 1
        assert length // 10 <= first <= 2 * length // 10
        assert 4 * length // 10 <= second <= 5 * length // 10 < length
        assert y[-1, b] == 2 * codes[first - 1, b] + codes[second - 1, b]
    (low, high), _ = temporal_order.intervals(length)
    assert set(np.flatnonzero(relevant[: length // 3].any(axis=1)) + 1) == set(range(low, high + 1))
    assert_memoryless(codes[-1], y[-1], 4, TASKS["temporal_order"].baseline(t))


@pytest.mark.parametrize("length", [3, 4, 5, 12, 51])
def test_delayed_xor(length):
    t, x, y = many("delayed_xor", length=length)
    bits = (x[:, :, 0] > 0).astype(int)
    assert set(np.unique(x)) == {-1.0, 1.0}
    np.testing.assert_array_equal(y[-1], bits[0] ^ bits[math.ceil((length + 1) / 2) - 1])
    assert_memoryless(bits[-1], y[-1], 2, TASKS["delayed_xor"].baseline(t))


@pytest.mark.parametrize("length", [64, 8])
def test_digits(length):
    t = trial("digits", length=length, batch=1442)
    x, y = TASKS["digits"].draw(t, streams.at(3, "inputs"), streams.at(3, "targets", place=1))
    images = {image.tobytes(): digit for image, digit in zip(*digits.kept(False), strict=True)}
    for b in range(1442):
        assert images[x[:, b].ravel().copy().tobytes()] == y[-1, b]
    assert len({x[:, b].tobytes() for b in range(1442)}) == len(images)
    held_out = digits.kept(True)
    assert not images.keys() & {image.tobytes() for image in held_out.pixels}
    np.testing.assert_array_equal(FreshLessons([t]).test(0, 10)[1][-1], held_out.digits[:10])
    assert FreshLessons([t]).test(0, 10**4)[0].shape[1] == 355
    assert set(np.bincount(held_out.digits)) <= {34, 35, 36}


@pytest.mark.parametrize("length", [64, 8])
def test_the_baseline_of_digits_is_that_of_a_softmax_of_the_last_input(length):
    """By plain gradient descent, which comes from above; and no predictor can be told to do better by its gradient."""
    t = trial("digits", length=length)
    pixels, digit = digits.kept(False)
    last = pixels[:, -t.inputs :]
    x = np.column_stack([(last - last.mean(axis=0)) / np.maximum(last.std(axis=0), 1e-9), np.ones(len(last))])
    weights, told = np.zeros((x.shape[1], 10)), np.eye(10)[digit]
    for _ in range(8000):
        p = np.exp(x @ weights)
        p /= p.sum(axis=1, keepdims=True)
        weights -= 0.5 * x.T @ (p - told) / len(x)
    loss = -np.log((p * told).sum(axis=1)).mean()
    assert loss - 0.01 < TASKS["digits"].baseline(t) <= loss + 1e-4
    assert loss < math.log(10)


@pytest.mark.parametrize("activation", ["tanh", "relu", "erf"])
def test_teacher(activation):
    t, x, y = many("teacher", batch=50, activation=activation)
    U, W, V = teacher.weights(teacher._sizes(t))
    phi = {"tanh": math.tanh, "relu": lambda a: max(a, 0.0), "erf": math.erf}[activation]
    for b in range(0, 50, 9):
        h = np.zeros(4)
        for step in range(7):
            h = np.array([phi(a) for a in U @ h + W @ x[step, b]])
            np.testing.assert_allclose(y[step, b], V @ h, rtol=1e-12, atol=1e-15)
    assert not np.array_equal(U, draws.problem(t).U)  # nobody is born knowing the answer
    assert FreshLessons([t]).batches(0, 0, 1)[1].std() > 0


@pytest.mark.parametrize("loss_at", ["every", "last"])
def test_the_baseline_of_teacher(loss_at):
    t, x, y = many("teacher", batch=4000, loss_at=loss_at)
    start = 0 if loss_at == "every" else 6
    x, y = x[start:].reshape(-1, 3), y[start:].reshape(-1, 2)
    design = np.column_stack([x, np.ones(len(x))])
    errors = 0.5 * ((design @ np.linalg.lstsq(design, y, rcond=None)[0] - y) ** 2).sum(axis=1)
    steps = 7 if loss_at == "every" else 1
    expected, spread = steps * errors.mean(), steps * errors.std()
    found = TASKS["teacher"].baseline(t)
    assert abs(found - expected) < 3 * spread * math.hypot(8192**-0.5, len(errors) ** -0.5) + 0.02 * expected
    assert found < 0.9 * steps * 0.5 * (y**2).sum(axis=1).mean()  # the last input tells something


def test_noise():
    t, _, y = many("noise")
    assert_mean(0.5 * (y**2).sum(axis=(0, 2)), TASKS["noise"].baseline(t))
    assert TASKS["noise"].baseline(replace(t, loss="cross_entropy", loss_at="last")) == math.log(2)


def test_the_training_of_a_block_of_trials():
    base = trial("adding")
    adam = replace(base, seed=1, optimizer="adam", learning_rate=0.5)
    online = replace(base, update_rule="online", trained="weights_and_biases", flossing_updates=3)
    trials = [base, adam, replace(base, clip_norm=2.0, k1=5, k2=9), online]
    networks = draws.networks(trials)
    found = networks.training
    assert networks.source.tolist() == [0, 1, 0, 0]
    r = found.regime
    assert r.optimizer.tolist() == [0, 2, 0, 0]
    assert r.learning_rate.tolist() == [0.01, 0.5, 0.01, 0.01]
    assert r.clip_norm.tolist() == [np.inf, np.inf, 2.0, np.inf]
    assert np.isinf(r.clip_value).all()
    assert (r.k1.tolist(), r.k2.tolist()) == ([20, 20, 5, 1], [20, 20, 9, 20])
    assert r.biases.tolist() == [False, False, False, True]
    assert found.flossing_updates.tolist() == [0, 0, 0, 3]
    assert (found.scored, found.tolerance, found.success) == (1, 0.04, ("loss", 0.1))
    np.testing.assert_array_equal(found.baseline, TASKS["adding"].baseline(base))
    for g, source in enumerate(networks.source):
        alone = draws.networks([trials[g]])
        np.testing.assert_array_equal(
            found.lessons.batches(source, 2, 4)[0], alone.training.lessons.batches(0, 2, 4)[0]
        )
        np.testing.assert_array_equal(found.lessons.test(source, 9)[1], alone.training.lessons.test(0, 9)[1])
    part = networks.part(1, 3).training
    assert part.regime.learning_rate.tolist() == [0.5, 0.01]
    assert part.lessons is found.lessons


def test_teachers_of_other_activations_are_other_sources():
    base = trial("teacher")
    networks = draws.networks([base, replace(base, activation="relu"), base])
    assert networks.source.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(networks.x[0], networks.x[1])
    assert not np.array_equal(networks.y[0], networks.y[1])


def assert_mean(values: np.ndarray, expected: float, slack: float = 0.0) -> None:
    assert abs(values.mean() - expected) < 3 * values.std() / len(values) ** 0.5 + slack


def assert_memoryless(seen: np.ndarray, classes: np.ndarray, kinds: int, expected: float) -> None:
    """The entropy of the classes where the last input is known, counted: low by (kinds-1)/2n for each value seen."""
    total = 0.0
    for value in np.unique(seen):
        shares = np.bincount(classes[seen == value], minlength=kinds) / (seen == value).sum()
        total += (seen == value).mean() * -sum(p * math.log(p) for p in shares if p)
    freedom = (kinds - 1) * len(np.unique(seen))
    low = freedom / 2 / len(seen)
    assert abs(total + low - expected) < 3 * (freedom / 2) ** 0.5 / len(seen)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("task", TASKS)
def test_what_networks_make_of_a_task_is_told_right(task, dtype):
    trials = [trial(task, dtype=dtype, activation=name) for name in ("tanh", "relu")]
    n = draws.networks(trials)
    tests = [n.training.lessons.test(source, 7) for source in range(int(n.source.max()) + 1)]
    trainer = Trainer(n, n.training.regime)
    found, accuracy = trainer.evaluate(
        *(np.stack(each) for each in zip(*tests, strict=True)), n.training.scored, n.training.tolerance
    )
    for g in range(2):
        x, y = tests[n.source[g]]
        o = outputs(n, g, x.astype(np.float64))
        last = slice(-1, None) if trials[0].loss_at == "last" else slice(None)
        assert found[g] == pytest.approx(loss_of(o[last], y[last]), rel=1e-5)
        right = right_of(o, y, n.training.tolerance)[-n.training.scored :].mean()
        assert np.isnan(accuracy[g]) or accuracy[g] == pytest.approx(right, abs=1e-12)
        ours = backpropagate(Trajectory(n)).loss[g]
        problem = draws.problem(trials[g])
        alone = rnnlab.gradients(
            problem.U, problem.W, problem.V, problem.x, problem.y, activation=trials[g].activation,
            loss=trials[g].loss, loss_at=trials[g].loss_at,
        )  # fmt: skip
        assert ours == alone.loss
        assert ours == pytest.approx(loss_of(outputs(n, g, problem.x)[last], problem.y[last]), rel=1e-5)


def outputs(n, g, x):
    """Return o (T, S, O) of network g, in float64."""
    h, found = np.zeros((x.shape[1], n.U.shape[1])), []
    phi = {"tanh": np.tanh, "relu": lambda a: np.maximum(a, 0)}[n.activation[g]]
    for each in x:
        h = phi(h @ n.U[g].T.astype(np.float64) + each @ n.W[g].T.astype(np.float64) + n.b[g])
        found.append(h @ n.V[g].T.astype(np.float64) + n.c[g])
    return np.array(found)


def loss_of(o, y):
    if y.ndim == o.ndim:
        return 0.5 * ((o - y) ** 2).sum(axis=2).mean(axis=1).sum()
    chosen = np.take_along_axis(o, y[..., None], axis=2)[..., 0]
    return (np.logaddexp.reduce(o, axis=2) - chosen).mean(axis=1).sum()


def right_of(o, y, tolerance):
    """Return which answers are right; one of several that are equally large is not."""
    if y.ndim == o.ndim:
        return (np.abs(o - y) < tolerance).all(axis=2)
    return (o.argmax(axis=2) == y) & ((o == o.max(axis=2, keepdims=True)).sum(axis=2) == 1)
