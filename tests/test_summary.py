"""Summaries over seeds of frames whose distribution is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import rnnlab
from rnnlab import analysis
from rnnlab.analysis import summarising
from rnnlab.errors import UsageError
from tests.frames import trials_frame

SEEDS = list(range(40))


def noisy(p):
    return p["recurrent_scale"] + 0.1 * np.random.default_rng(p["seed"]).standard_normal()


def test_one_row_per_point_of_every_axis_but_the_seed():
    frame = trials_frame(noisy, activation=["tanh", "relu"], recurrent_scale=[2.0, 1.0], seed=SEEDS)
    table = analysis.summary(frame, columns=["growth_rate"])
    assert list(table.columns[:2]) == ["activation", "recurrent_scale"]
    points = list(table[["activation", "recurrent_scale"]].itertuples(index=False, name=None))
    assert points == [("tanh", 1.0), ("tanh", 2.0), ("relu", 1.0), ("relu", 2.0)]
    assert table["seeds"].tolist() == [40] * 4


def test_moments_are_those_of_numpy():
    frame = trials_frame(noisy, recurrent_scale=[1.0, 2.0], seed=SEEDS)
    row = analysis.summary(frame).iloc[1]
    values = frame.loc[frame["recurrent_scale"] == 2.0, "growth_rate"]
    assert row["growth_rate"] == pytest.approx(values.mean(), rel=1e-12)
    assert row["growth_rate_sd"] == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert row["growth_rate_count"] == 40
    assert {"spectral_norm", "chi_measured_low"} <= set(row.index)


def test_the_interval_of_a_mean_is_about_four_standard_errors_wide():
    frame = trials_frame(noisy, seed=list(range(400)))
    row = analysis.summary(frame).iloc[0]
    expected = 2 * 1.96 * row["growth_rate_sd"] / np.sqrt(400)
    assert row["growth_rate_high"] - row["growth_rate_low"] == pytest.approx(expected, rel=0.1)
    assert row["growth_rate_low"] < row["growth_rate"] < row["growth_rate_high"]


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    frame = trials_frame(lambda p: rng.standard_normal(), length=list(range(1, 301)), seed=list(range(30)))
    table = analysis.summary(frame, columns="growth_rate")
    covered = ((table["growth_rate_low"] <= 0) & (table["growth_rate_high"] >= 0)).mean()
    assert 0.90 <= covered <= 0.99


def test_it_is_the_same_every_time_and_the_interval_of_the_verdicts():
    frame = trials_frame(noisy, recurrent_scale=[1.0, 2.0], seed=SEEDS)
    one, verdicts = analysis.summary(frame), analysis.verdicts(frame)
    pd.testing.assert_frame_equal(one, analysis.summary(frame.sample(frac=1, random_state=1)), rtol=1e-12)
    for name in ("growth_rate", "growth_rate_low", "growth_rate_high", "vanishes", "explodes", "diverged", "missing"):
        np.testing.assert_allclose(one[name], verdicts[name], rtol=1e-12)


def test_nulls_and_infinities_are_counted_and_not_averaged():
    frame = trials_frame(noisy, seed=[0, 1, 2, 3, 4])
    frame.loc[1, "growth_rate"] = -np.inf
    frame.loc[2, ["growth_rate", "verdict"]] = np.nan, None
    frame.loc[2, "status"] = "diverged"
    frame.loc[3, ["growth_rate", "verdict", "status"]] = np.nan, None, None
    row = analysis.summary(frame).iloc[0]
    assert (row["seeds"], row["missing"], row["growth_rate_count"]) == (5, 1, 2)
    assert row["growth_rate"] == pytest.approx(frame["growth_rate"][[0, 4]].mean())
    assert row["diverged"] == 0.25
    assert row["explodes"] == 0.75


def test_a_single_seed_has_no_interval():
    row = analysis.summary(trials_frame(noisy, seed=[3])).iloc[0]
    assert row[["growth_rate_low", "growth_rate_high", "growth_rate_sd"]].isna().all()
    nothing = trials_frame(lambda p: np.nan, seed=[0, 1])
    assert analysis.summary(nothing)["growth_rate"].isna().all()


def test_whole_seeds_are_drawn_where_a_point_has_several_trials_of_each():
    """Copies of a seed's trial add no information, so they must not narrow the interval."""
    frame = trials_frame(noisy, batch=[1, 2, 4, 8], seed=SEEDS)
    one = analysis.summary(frame[frame["batch"] == 1], columns=["growth_rate"]).iloc[0]
    four = analysis.summary(frame, by=["activation"], columns=["growth_rate"]).iloc[0]
    assert (four["seeds"], four["growth_rate_count"]) == (40, 160)
    for name in ("growth_rate", "growth_rate_low", "growth_rate_high"):
        assert four[name] == pytest.approx(one[name], rel=1e-12)


def test_a_long_table_by_its_own_coordinate():
    rng = np.random.default_rng(0)
    long = pd.DataFrame([{"seed": s, "lag": lag, "x": lag + rng.normal()} for s in range(50) for lag in (1, 2, 3)])
    table = analysis.summary(long, by="lag")
    assert table["lag"].tolist() == [1, 2, 3]
    assert "missing" not in table
    np.testing.assert_allclose(table["x"], [1, 2, 3], atol=0.5)


def test_a_point_without_a_value_is_a_point():
    frame = trials_frame(noisy, seed=SEEDS).assign(recurrent_scale=None)
    assert len(analysis.summary(frame, by=["recurrent_scale"])) == 1


def test_results_are_taken_as_they_are(tmp_path):
    grid = {"activation": "tanh", "recurrent_scale": [0.5, 4.0], "length": 12, "width": 4, "seed": {"range": 3}}
    results = rnnlab.run({"schema": 1, "name": "small", "grid": grid}, store=tmp_path)
    pd.testing.assert_frame_equal(rnnlab.analysis.summary(results), analysis.summary(results.trials))
    pd.testing.assert_frame_equal(analysis.turning_points(results), analysis.turning_points(results.trials))
    pd.testing.assert_frame_equal(analysis.verdicts(results), analysis.verdicts(results.trials))
    assert len(analysis.seed_turning_points(results)) == 3


def test_critical_gains_of_the_seeds_own_curves():
    """log g - log g_c of each seed crosses zero at g_c, which is drawn around 1.5."""
    gains = {seed: 1.5 + 0.1 * np.random.default_rng([seed, 7]).standard_normal() for seed in SEEDS}
    frame = trials_frame(
        lambda p: np.log(p["recurrent_scale"]) - np.log(gains[p["seed"]]),
        recurrent_scale=[0.5, 1.0, 2.0, 4.0],
        seed=SEEDS,
    )
    own = analysis.seed_turning_points(frame)
    np.testing.assert_allclose(own["turning_point"], list(gains.values()), rtol=1e-9)
    row = analysis.turning_points(frame).iloc[0]
    width = 2 * 1.96 * row["seed_spread"] / np.sqrt(len(SEEDS))
    assert row["seed_mean"] == pytest.approx(np.mean(list(gains.values())))
    assert row["seed_mean_low"] < row["seed_mean"] < row["seed_mean_high"]
    assert row["seed_mean_high"] - row["seed_mean_low"] == pytest.approx(width, rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"by": ["recurent_scale"]}, "recurent_scale is no column here. Did you mean recurrent_scale"),
        ({"columns": ["growth"]}, "growth is no column here. Did you mean growth_rate"),
        ({"columns": ["verdict"]}, "verdict is no number"),
    ],
)
def test_columns_that_cannot_be_meant(arguments, match):
    with pytest.raises(UsageError, match=match):
        analysis.summary(trials_frame(noisy, seed=[0, 1]), **arguments)


def test_frames_without_rows_or_seeds():
    frame = trials_frame(noisy, seed=[0, 1])
    with pytest.raises(UsageError, match="no trials"):
        analysis.summary(frame[:0], by=["activation"])
    with pytest.raises(UsageError, match="no column seed"):
        analysis.summary(frame.drop(columns="seed"))


def test_the_spread_of_huge_numbers_does_not_overflow():
    values = np.array([[1e200, 1.0], [3e200, 3.0]])
    found = summarising._deviation(values, values.mean(axis=0), np.array([2, 2]))
    np.testing.assert_allclose(found, [np.sqrt(2) * 1e200, np.sqrt(2)], rtol=1e-15)
