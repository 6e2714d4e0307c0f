"""An experiment run again: in every bit on the same machine, by a test that errs rarely on another."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

import rnnlab
from rnnlab import api, environment
from rnnlab.cli import main
from rnnlab.comparison import signs
from rnnlab.errors import UsageError
from tests.altered import EXPERIMENT, altered, floats, mapped, put

OTHER = "0123456789"  # the fingerprint of another machine


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    api.run(EXPERIMENT, store=store)
    return store


def call(*arguments, code=0):
    done = CliRunner().invoke(main, ["reproduce", *map(str, arguments)], prog_name="rnnlab")
    assert done.exit_code == code, done.output
    return done


def everywhere(function):
    """A change of every measured float of every table; the seed stays that of `rng`."""
    return lambda name, rows: mapped(rows, floats(rows), function)


def verdicts(found):
    return {table.table: table.verdict for table in found.tables}


# --- the same machine ------------------------------------------------------------------------------------------------


def test_identical(store):
    found = rnnlab.reproduce("small", store=store)
    assert (found.verdict, found.trials, found.of, found.same_environment) == ("identical", 40, 40, True)
    assert set(verdicts(found)) == {"gradients", "gradients_by_step", "lags", "lags_by_lag"}
    assert (found.test, found.folder, found.failed) == (None, None, 0)
    assert "verdict: identical" in call("small", "--store", store, "--workers", 1).stdout


def test_one_flipped_bit_differs(store, tmp_path):
    def flip(name, rows):
        if name != "lags_by_lag":
            return rows
        values = rows["log10_lag_norm"].to_pylist()
        return put(rows, "log10_lag_norm", [math.nextafter(values[0], 1e9), *values[1:]])

    other = altered(store, tmp_path, flip)
    found = rnnlab.reproduce("small", store=other)
    assert found.verdict == "differs"
    assert [name for name, verdict in verdicts(found).items() if verdict != "identical"] == ["lags_by_lag"]
    told = json.loads(call("small", "--store", other, "--json", code=3).stdout)
    assert told["verdict"] == "differs"


def test_a_trial_that_is_not_there_again_differs(store, tmp_path, monkeypatch):
    real = api.comparing.run

    def without_the_last_seed(described, **options):
        grid = {**EXPERIMENT["grid"], "seed": {"range": 9}}
        return real({**EXPERIMENT, "grid": grid}, **options)

    monkeypatch.setattr(api.comparing, "run", without_the_last_seed)
    found = rnnlab.reproduce("small", store=store)
    assert found.verdict == "differs"
    assert [table.missing for table in found.tables] == [4, 8, 4, 48]


def test_a_sample(store):
    found = rnnlab.reproduce("small", store=store, sample=5)
    assert (found.verdict, found.trials, found.of) == ("identical", 5, 40)
    assert [table.rows for table in found.tables] == [5, 10, 5, 60]
    text = call("small", "--sample", 5, "--store", store).stdout
    assert "5 trials of 40, a sample" in text
    assert rnnlab.reproduce("small", store=store, sample=100).trials == 40
    with pytest.raises(UsageError, match="1 to 1,000"):
        rnnlab.reproduce("small", store=store, sample=0)


def test_into_a_store_that_is_kept(store, tmp_path):
    found = rnnlab.reproduce(store / "small" / "manifest.json", into=tmp_path)
    assert found.folder == tmp_path / "small"
    assert len(api.load("small", tmp_path).trials) == 40
    with pytest.raises(UsageError, match="the store of small itself"):
        rnnlab.reproduce("small", store=store, into=store)


def test_unknown_names_and_networks_of_ones_own(store, tmp_path, monkeypatch):
    assert "no experiment smal" in call("smal", "--store", store, code=2).output
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "net.npz", U=rng.normal(size=(3, 3)), W=rng.normal(size=(3, 2)), V=rng.normal(size=(1, 3)))
    np.save(tmp_path / "x.npy", rng.normal(size=(9, 1, 2)))
    np.save(tmp_path / "y.npy", rng.normal(size=(9, 1, 1)))
    api.measure_files(
        tmp_path / "net.npz", inputs=tmp_path / "x.npy", targets=tmp_path / "y.npy", activation="tanh", store=tmp_path
    )
    assert "network of your own" in call("net", "--store", tmp_path, code=2).output
    assert not rnnlab.diff("net", "net", store=tmp_path).differs


# --- another machine -------------------------------------------------------------------------------------------------


def test_identical_on_another_machine(store, monkeypatch):
    real = environment.describe()
    elsewhere = {**real, "machine": {**real["machine"], "cpu": "another"}}
    monkeypatch.setattr(environment, "describe", lambda: elsewhere)
    found = rnnlab.reproduce("small", store=store)
    assert (found.verdict, found.same_environment) == ("identical", False)
    assert [change.name for change in found.changes.machine] == ["machine.cpu"]
    assert "other versions or another machine" in call("small", "--store", store).stdout


def test_rounding_agrees_without_a_test(store, tmp_path):
    rng = np.random.default_rng(0)
    other = altered(
        store, tmp_path, everywhere(lambda x, _: x * (1 + 1e-9 * rng.normal(size=len(x)))), environment=OTHER
    )
    found = rnnlab.reproduce("small", store=other)
    assert (found.verdict, found.test) == ("equal but for rounding", None)
    call("small", "--store", other)


@pytest.mark.parametrize("draw", range(4))
def test_chaos_agrees(store, tmp_path, draw):
    rng = np.random.default_rng(draw)
    chaos = everywhere(lambda x, _: x + rng.normal(size=len(x)) * np.abs(x).mean())
    other = altered(store, tmp_path, chaos, environment=OTHER)
    found = rnnlab.reproduce("small", store=other)
    assert found.verdict == "agrees"
    tested = [column for table in found.tables for column in table.columns if column.p is not None]
    assert {column.seeds for column in tested} == {10}
    assert all(column.p_corrected >= column.p for column in tested)
    text = call("small", "--store", other).stdout
    assert "sign-flip permutation test" in text
    assert "verdict: agrees" in text


@pytest.mark.parametrize("column", ["growth_rate", "log10_loss"])
def test_a_shift_differs(store, tmp_path, column):
    """Beside chaos everywhere, one statistic is larger by half its spread in every seed."""
    rng = np.random.default_rng(1)

    def change(name, rows):
        rows = mapped(rows, floats(rows), lambda x, _: x + 0.1 * rng.normal(size=len(x)) * np.abs(x).mean())
        return mapped(rows, [column], lambda x, _: x + x.std() / 2) if column in rows.column_names else rows

    found = rnnlab.reproduce("small", store=altered(store, tmp_path, change, environment=OTHER))
    assert found.verdict == "differs"
    assert [c.deviation.column for t in found.tables for c in t.columns if c.verdict == "differs"] == [column]


def test_shifts_that_cancel_over_grid_points_differ(store, tmp_path):
    def change(name, rows):
        if name != "gradients":
            return rows
        sign = np.where(np.array(rows["activation"].to_pylist()) == "tanh", 1.0, -1.0)
        return mapped(rows, ["log10_loss"], lambda x, _: x + sign * 0.1)

    found = rnnlab.reproduce("small", store=altered(store, tmp_path, change, environment=OTHER))
    assert verdicts(found)["gradients"] == "differs"


def test_status_flips_are_tested(store, tmp_path):
    def diverged(seeds):
        def change(name, rows):
            if name != "gradients":
                return rows
            lost = [row["seed"] in seeds and row["recurrent_scale"] == 4.0 for row in rows.to_pylist()]
            return put(rows, "status", ["diverged" if each else "ok" for each in lost])

        return change

    one = altered(store, tmp_path / "one", diverged([3]), environment=OTHER)
    assert rnnlab.reproduce("small", store=one).verdict == "too few seeds to tell"
    every = altered(store, tmp_path / "every", diverged(range(10)), environment=OTHER)
    found = rnnlab.reproduce("small", store=every)
    assert [c.deviation.column for t in found.tables for c in t.columns if c.verdict == "differs"] == ["status"]


def test_too_few_seeds(tmp_path):
    few = {**EXPERIMENT, "grid": {**EXPERIMENT["grid"], "seed": {"range": 3}}}
    api.run(few, store=tmp_path / "few")
    other = altered(tmp_path / "few", tmp_path / "other", everywhere(lambda x, _: x + 1.0), environment=OTHER)
    found = rnnlab.reproduce("small", store=other)
    assert found.verdict == "too few seeds to tell"
    assert {column.p for table in found.tables for column in table.columns if column.p is not None} >= {0.25}
    with pytest.raises(UsageError, match="between 0 and 1"):
        rnnlab.reproduce("small", store=other, level=1.0)
    assert rnnlab.reproduce("small", store=other, level=0.3).verdict == "differs"
    assert "8 reach the level 0.01" in call("small", "--store", other).stdout


def test_trials_of_the_same_environment_have_no_excuse(store, tmp_path):
    """Half of the record was computed here: there a bit counts, whatever the other half says."""
    rng = np.random.default_rng(0)
    other = altered(store, tmp_path, everywhere(lambda x, _: x * (1 + 1e-9 * rng.normal(size=len(x)))))
    assert rnnlab.reproduce("small", store=other).verdict == "differs"


# --- the test itself -------------------------------------------------------------------------------------------------


def statistics(rng, seeds, shift=0.0, points=6, columns=5):
    """Statistics whose paired differences hang together, heavy-tailed, and of another size in every seed."""
    flips = signs.Flips.of(seeds)
    point, seed = (each.ravel() for each in np.meshgrid(np.arange(points), np.arange(seeds), indexing="ij"))
    common = rng.standard_t(2, size=seeds)[seed] * np.exp(rng.normal(size=seeds))[seed]
    noise = (common + rng.standard_t(2, size=len(seed)) for _ in range(columns))
    return [flips.statistic(each + shift, point, seed) for each in noise]


@pytest.mark.parametrize(("seeds", "runs"), [(8, 200), (12, 100), (20, 40)])
def test_false_alarms_are_as_rare_as_the_level_says(seeds, runs):
    rng = np.random.default_rng(seeds)
    alarms = sum(signs.p_values(statistics(rng, seeds))[1].min() <= 0.05 for _ in range(runs))
    assert alarms <= 0.05 * runs + 3 * math.sqrt(0.05 * 0.95 * runs)
    assert alarms > 0  # it is no test that never speaks


def test_a_real_shift_is_found():
    rng = np.random.default_rng(0)
    found = [signs.p_values(statistics(rng, 16, shift=20.0))[1].max() <= signs.LEVEL for _ in range(10)]
    assert np.mean(found) > 0.8


@pytest.mark.parametrize("seeds", [1, 2, 5, 8])
def test_the_smallest_p_is_that_of_all_signs_alike(seeds):
    seed = np.arange(seeds)
    flips = signs.Flips.of(seeds)
    assert len(flips.signs) == 2 ** (seeds - 1)
    p, corrected = signs.p_values([flips.statistic(np.ones(seeds), np.zeros(seeds, int), seed)] * 30)
    assert set(p) == set(corrected) == {signs.smallest_p(seeds)}


def test_the_statistic_is_that_of_its_definition():
    rng = np.random.default_rng(3)
    d = rng.normal(size=(4, 6))
    point, seed = (each.ravel() for each in np.meshgrid(np.arange(4), np.arange(6), indexing="ij"))
    z = d / np.sqrt((d**2).sum(axis=1, keepdims=True))
    flips = signs.Flips.of(6)
    both = []
    for sums in ((flips.signs @ z.T) ** 2, (flips.signs @ z.T).sum(axis=1, keepdims=True) ** 2):
        total = sums.sum(axis=1)
        both.append((total - total.mean()) / total.std())
    found = flips.statistic(1e300 * d.ravel(), 7 * point, seed)  # sizes and names of the points do not matter
    np.testing.assert_allclose(found, np.max(both, axis=0), rtol=1e-12)


def test_points_are_summed_in_parts(monkeypatch):
    rng = np.random.default_rng(3)
    d, point, seed = rng.normal(size=600), np.repeat(np.arange(100), 6), np.tile(np.arange(6), 100)
    whole = signs.Flips.of(6).statistic(d, point, seed)
    monkeypatch.setattr(signs, "_POINTS", 7)
    np.testing.assert_allclose(signs.Flips.of(6).statistic(d, point, seed), whole, rtol=1e-12)
