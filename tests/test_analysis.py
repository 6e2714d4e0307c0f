"""Verdicts and turning points of frames whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnnlab import analysis
from rnnlab.errors import UsageError
from tests.frames import trials_frame

SCALES = [0.5, 1.0, 2.0, 4.0]


def log_rate(p):
    return np.log(p["recurrent_scale"]) - 0.5 * np.log(2)


def test_axis_that_matters():
    frame = trials_frame(log_rate, recurrent_scale=SCALES, length=[10, 20, 30, 40], seed=[0, 1])
    assert analysis.main_axis(frame) == "recurrent_scale"
    assert analysis.main_axis(frame[frame.recurrent_scale == 1.0]) == "length"
    assert analysis.main_axis(frame[frame.recurrent_scale < 4.0]) == "length"
    assert analysis.main_axis(trials_frame(log_rate, batch=[1, 2, 3], input_scale=[0.0, 1.0])) == "batch"
    assert analysis.main_axis(trials_frame(log_rate, activation=["tanh", "relu"], seed=[0, 1])) is None


def test_axes_leave_out_seed_and_what_follows_the_width():
    frame = pd.concat([trials_frame(log_rate, width=[w], recurrent_scale=SCALES, seed=[0, 1]) for w in (4, 8)])
    assert analysis.axes(frame) == ["width", "recurrent_scale"]
    assert analysis.axes(trials_frame(log_rate, inputs=[1, 8], seed=[0, 1])) == ["inputs"]


def test_companion_is_a_small_axis():
    frame = trials_frame(log_rate, recurrent_scale=SCALES, length=[10, 20], input_scale=[0.0, 1.0], dtype=["float64"])
    assert analysis.companion(frame, "recurrent_scale", most=4) == "input_scale"
    assert analysis.apart(frame, "recurrent_scale", "input_scale") == ["length"]
    assert analysis.companion(frame[frame.input_scale == 0.0], "recurrent_scale", most=4) == "length"
    assert analysis.companion(frame, "recurrent_scale", most=1) is None


def test_axis_tied_to_the_companion_splits_no_further():
    tied = [
        trials_frame(log_rate, recurrent_scale=SCALES, input_scale=[s], initial_state=[h], length=[10, 20])
        for s, h in ((0.0, "gaussian"), (1.0, "zeros"))
    ]
    assert analysis.apart(pd.concat(tied), "recurrent_scale", "input_scale") == ["length"]


def test_densest_takes_the_point_with_the_most_trials_and_of_these_the_last():
    frame = pd.concat(
        [
            trials_frame(log_rate, width=[4], length=[10, 20], seed=[0, 1]),
            trials_frame(log_rate, width=[8], length=[30], seed=[0]),
        ]
    )
    rows, point = analysis.densest(frame, ["width", "length"])
    assert point == {"width": 4, "length": 20}
    assert len(rows) == 2
    assert len(analysis.densest(frame, [])[0]) == 5


def test_spaced_keeps_both_ends():
    assert analysis.spaced([1, 2, 3], 5) == [1, 2, 3]
    assert analysis.spaced(list(range(100)), 4) == [0, 33, 66, 99]


def test_pick_rows():
    frame = trials_frame(log_rate, width=[4, 8], activation=["tanh", "relu"])
    assert len(analysis.pick(frame, {"width": 4})) == 2
    assert len(analysis.pick(frame, {"width": [4, 8], "activation": "tanh"})) == 2
    assert len(analysis.pick(frame, {})) == 4
    scales = trials_frame(log_rate, recurrent_scale=[0.6484197773255048, 0.6499, 2.0])
    for given, there in ((0.6484, [scales["recurrent_scale"][0]]), (2, [2]), (0.6499, [0.6499]), (0.6, [0.6])):
        assert analysis.as_printed(scales, {"recurrent_scale": given}) == {"recurrent_scale": there}
    assert len(analysis.as_printed(scales, {"recurrent_scale": [0.648, 0.65]})["recurrent_scale"]) == 2
    assert analysis.as_printed(scales, {"zzzz": 1, "activation": "tanh"}) == {"zzzz": [1], "activation": ["tanh"]}
    with pytest.raises(UsageError, match="There are, for example"):
        analysis.pick(scales, {"recurrent_scale": 0.6})
    with pytest.raises(UsageError, match=r"zzzz is no column here. Known: activation(?!.*chi_measured)"):
        analysis.pick(frame, {"zzzz": 4})
    with pytest.raises(UsageError, match="widht is no column here"):
        analysis.pick(frame, {"widht": 4})
    with pytest.raises(UsageError, match="There are, for example: 4, 8"):
        analysis.pick(frame, {"width": 5})


def test_zipped_axis_does_not_split_the_table():
    zipped = [trials_frame(log_rate, recurrent_scale=[g], input_scale=[1 / g], length=[10, 20]) for g in SCALES]
    assert analysis.other_axes(pd.concat(zipped), "recurrent_scale") == ["length"]


def test_union_of_disjoint_grids_keeps_its_widths_apart():
    union = [
        trials_frame(log_rate, width=[4], recurrent_scale=[0.5, 1.0]),
        trials_frame(log_rate, recurrent_scale=[2.0, 4.0]),
    ]
    assert analysis.other_axes(pd.concat(union), "recurrent_scale") == ["width"]


def test_verdicts_count_seeds():
    rates = {0: -0.1, 1: 0.0, 2: 0.1, 3: 0.1}
    frame = trials_frame(lambda p: rates[p["seed"]], activation=["tanh", "relu"], seed=[0, 1, 2, 3])
    table = analysis.verdicts(frame)
    assert list(table.activation) == ["tanh", "relu"]
    row = table.iloc[0]
    assert (row.seeds, row.missing) == (4, 0)
    assert (row.vanishes, row.stable, row.explodes, row.diverged) == (0.25, 0.25, 0.5, 0.0)
    assert row.growth_rate == pytest.approx(0.025)
    assert row.growth_rate_low < 0.025 < row.growth_rate_high
    assert (row.seed_low, row.seed_high) == (-0.1, 0.1)


def test_verdicts_interval_matches_the_normal_one():
    rng = np.random.default_rng(1)
    rates = rng.normal(0.2, 0.1, 400)
    row = analysis.verdicts(trials_frame(lambda p: rates[p["seed"]], seed=list(range(400)))).iloc[0]
    half = 1.96 * rates.std() / 20
    assert row.growth_rate_low == pytest.approx(rates.mean() - half, abs=0.1 * half)
    assert row.growth_rate_high == pytest.approx(rates.mean() + half, abs=0.1 * half)


def test_exact_zero_vanishes_and_stays_out_of_the_mean():
    frame = trials_frame(lambda p: np.nan if p["seed"] == 0 else 1.0, seed=[0, 1, 2])
    row = analysis.verdicts(frame).iloc[0]
    assert row.vanishes == pytest.approx(1 / 3)
    assert row.growth_rate == 1.0


def test_diverged_and_missing_trials_are_counted():
    frame = trials_frame(lambda p: 1.0, recurrent_scale=SCALES, seed=[0, 1, 2, 3])
    at = frame.recurrent_scale == 4.0
    frame.loc[at & (frame.seed == 0), ["status", "verdict", "growth_rate"]] = ["diverged", None, np.nan]
    frame.loc[at & (frame.seed == 1), ["status", "verdict", "growth_rate"]] = [None, None, np.nan]
    row = analysis.verdicts(frame).iloc[-1]
    assert (row.seeds, row.missing) == (4, 1)
    assert row.diverged == pytest.approx(1 / 3)
    assert row.explodes == pytest.approx(2 / 3)


def test_all_missing_is_no_crash():
    frame = trials_frame(lambda p: np.nan, recurrent_scale=SCALES, seed=[0, 1])
    frame["status"] = frame["verdict"] = None
    table = analysis.verdicts(frame)
    assert table.missing.sum() == 8
    assert table[["vanishes", "growth_rate"]].isna().all(axis=None)
    assert analysis.turning_points(frame).side[0] == "unclear"


def test_single_seed_has_no_interval():
    frame = trials_frame(log_rate, recurrent_scale=SCALES)
    assert analysis.verdicts(frame)[["growth_rate_low", "growth_rate_high"]].isna().all(axis=None)
    turn = analysis.turning_points(frame).iloc[0]
    assert turn.turning_point == pytest.approx(np.sqrt(2))
    assert np.isnan(turn.turning_point_low)


def test_turning_point_is_exact_where_the_rate_is_linear_in_log_g():
    frame = trials_frame(
        lambda p: np.log(p["recurrent_scale"]) - 0.5 * np.log(2) + 0.01 * (p["seed"] - 1.5),
        activation=["relu", "tanh"],
        recurrent_scale=SCALES,
        seed=[0, 1, 2, 3],
    )
    table = analysis.turning_points(frame)
    assert list(table.activation) == ["tanh", "relu"]
    row = table.iloc[1]
    assert row.turning_point == pytest.approx(np.sqrt(2))
    assert row.side == "crosses"
    assert row.crossings == 1
    own = analysis.seed_turning_points(frame).query("activation == 'relu'")
    assert own.turning_point.to_numpy() == pytest.approx(np.sqrt(2) * np.exp(-0.01 * (np.arange(4) - 1.5)))
    assert row.seed_spread == pytest.approx(own.turning_point.std())
    assert own.turning_point.min() <= row.turning_point_low < row.turning_point < row.turning_point_high
    assert row.turning_point_high <= own.turning_point.max()


def test_bootstrap_resamples_whole_curves():
    """Shifts common to a whole curve widen the interval; resampling single points would average them away."""
    shift = np.random.default_rng(2).normal(0, 0.1, 100)
    frame = trials_frame(
        lambda p: np.log(p["recurrent_scale"]) + shift[p["seed"]],
        recurrent_scale=[0.25, 0.5, 2.0, 4.0],
        seed=list(range(100)),
    )
    row = analysis.turning_points(frame).iloc[0]
    assert np.log(row.turning_point_high / row.turning_point_low) == pytest.approx(2 * 1.96 * 0.01, rel=0.2)


@pytest.mark.parametrize(("shift", "side"), [(-9, "above"), (9, "below")])
def test_no_crossing_says_on_which_side(shift, side):
    frame = trials_frame(lambda p: log_rate(p) + shift, recurrent_scale=SCALES, seed=[0, 1])
    row = analysis.turning_points(frame).iloc[0]
    assert row.side == side
    assert np.isnan(row.turning_point)
    assert row.seeds_crossing == 0
    assert row.turning_point_low == (np.inf if side == "above" else 0.0)


def test_falling_rate_turns_too():
    frame = trials_frame(lambda p: -np.log(max(p["input_scale"], 0.1) / 1.5), input_scale=[0.0, 1.0, 2.0, 3.0])
    assert analysis.turning_points(frame).turning_point[0] == pytest.approx(1.5)


def test_gaps_in_a_curve_are_bridged():
    frame = trials_frame(
        lambda p: np.nan if p["recurrent_scale"] == 1.0 else log_rate(p), recurrent_scale=SCALES, seed=[0, 1]
    )
    assert analysis.turning_points(frame).turning_point[0] == pytest.approx(np.sqrt(2))


def test_same_numbers_every_time_and_for_any_order_of_rows():
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 0.2, 20)
    frame = trials_frame(lambda p: log_rate(p) + noise[p["seed"]], recurrent_scale=SCALES, seed=list(range(20)))
    shuffled = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(analysis.turning_points(frame), analysis.turning_points(shuffled))
    pd.testing.assert_frame_equal(analysis.verdicts(frame), analysis.verdicts(shuffled))


def test_bad_axis_is_a_usage_error():
    frame = trials_frame(log_rate, recurrent_scale=SCALES)
    with pytest.raises(UsageError, match="activation is not a numeric parameter"):
        analysis.verdicts(frame, axis="activation")
    with pytest.raises(UsageError, match="seed is not a numeric parameter to compare"):
        analysis.verdicts(frame, axis="seed")
    with pytest.raises(UsageError, match="no trials"):
        analysis.verdicts(frame.iloc[:0])
    with pytest.raises(UsageError, match="needs a numeric axis"):
        analysis.turning_points(trials_frame(log_rate, activation=["tanh", "relu"]))


def test_a_curve_that_comes_back_gives_its_first_turn():
    hump = {0.5: -0.1, 1.0: 0.3, 2.0: 0.2, 4.0: -0.3}
    row = analysis.turning_points(trials_frame(lambda p: hump[p["recurrent_scale"]], recurrent_scale=SCALES)).iloc[0]
    assert row.turning_point == pytest.approx(0.5 * 2**0.25)
    assert row.crossings == 2
    assert row.side == "crosses"


def test_only_scales_can_turn():
    assert analysis.can_turn("recurrent_scale")
    assert not analysis.can_turn("length")
    assert not analysis.can_turn(None)
