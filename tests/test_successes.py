"""Success rates, survival and tuning of frames whose answers are known in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rnnlab import analysis
from rnnlab.errors import UsageError
from tests.training_frames import BUDGET, training_frame


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775328),  # Newcombe 1998, Stat. Med. 17, and z²/(n + z²) in closed form
        (10, 10, 0.7224672, 1.0),
        (81, 263, 0.2552844, 0.3662207),  # Newcombe's table I: .2553 to .3662
        (15, 148, 0.0624068, 0.1605033),  # .0624 to .1605
        (1, 29, 0.0061131, 0.1717594),  # .0061 to .1718
    ],
)
def test_wilson_is_what_newcombe_tabulates(successes, trials, low, high):
    assert analysis.wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_wilson_in_closed_form_where_nothing_or_everything_succeeds():
    z = 1.959963984540054
    for n in (1, 8, 100):
        assert analysis.wilson(0, n)[1] == pytest.approx(z * z / (n + z * z), rel=1e-12)
        assert analysis.wilson(0, n)[0] == 0.0
        assert analysis.wilson(n, n) == pytest.approx((n / (n + z * z), 1.0), rel=1e-12)


def test_wilson_solves_its_quadratic():
    k, n, z = np.arange(1, 20), np.full(19, 20), 1.6448536269514722
    for end in analysis.wilson(k, n, level=0.9):
        np.testing.assert_allclose((k / n - end) ** 2, z * z * end * (1 - end) / n, rtol=1e-10)


def test_wilson_covers_the_truth_about_as_often_as_it_says():
    k = np.random.default_rng(0).binomial(12, 0.3, size=20_000)
    low, high = analysis.wilson(k, 12)
    assert 0.93 < np.mean((low <= 0.3) & (high >= 0.3)) < 0.98


@pytest.mark.parametrize(("k", "n", "level"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0), (np.nan, 2, 0.95)])
def test_wilson_of_what_cannot_be_says_so(k, n, level):
    with pytest.raises(UsageError):
        analysis.wilson(k, n, level)


def test_wilson_of_nothing_is_nan():
    assert np.isnan(analysis.wilson(0, 0)).all()


def half(p):
    """Success in the even seeds, at 100 (1 + seed); relu diverges in the odd ones, tanh never ends."""
    return 100.0 * (1 + p["seed"]) if p["seed"] % 2 == 0 else -30.0 if p["activation"] == "relu" else np.nan


@pytest.fixture
def frame():
    return training_frame(half, activation=["tanh", "relu"], length=[10, 20], seed=list(range(6)))


def test_rates_count_successes_by_condition(frame):
    table = analysis.success_rates(frame)
    assert list(table.columns[:2]) == ["activation", "length"]
    assert table[["n", "missing", "successes"]].drop_duplicates().to_numpy().tolist() == [[6, 0, 3]]
    assert table["rate"].tolist() == [0.5] * 4
    low, high = analysis.wilson(3, 6)
    assert table[["low", "high"]].to_numpy() == pytest.approx(np.array([[low, high]] * 4))
    assert table["diverged"].tolist() == [0.0, 0.0, 0.5, 0.5]
    assert table["median_updates"].isna().all()  # half of them never succeed
    pooled = analysis.success_rates(frame, by="activation")
    assert pooled["n"].tolist() == [12, 12]


def test_the_median_counts_failures_as_never(frame):
    some = frame[frame["seed"].isin([0, 1, 2])]
    assert analysis.success_rates(some)["median_updates"].tolist() == [300.0] * 4


def test_trials_without_a_result_are_missing(frame):
    frame = frame.astype({"success": object})
    frame.loc[frame["seed"] == 0, ["success", "status", "updates_to_success"]] = None
    table = analysis.success_rates(frame)
    assert table[["n", "missing", "successes"]].drop_duplicates().to_numpy().tolist() == [[5, 1, 2]]


def test_other_experiments_have_no_success():
    with pytest.raises(UsageError, match="no column success"):
        analysis.success_rates(pd.DataFrame({"status": ["ok"]}))


def kaplan_meier(time, event, at):
    """The product, one factor for each network that succeeds by `at`."""
    share = 1.0
    for u in sorted({t for t, e in zip(time, event, strict=True) if e and t <= at}):
        died = sum(e and t == u for t, e in zip(time, event, strict=True))
        share *= 1 - died / sum(t >= u for t in time)
    return share


def test_survival_is_the_share_that_is_left_where_nothing_is_censored_before_the_end(frame):
    curve = analysis.survival(frame, by=["activation"])
    for _, own in curve.groupby("activation"):
        assert own["updates"].tolist()[:4] == [0, 100, 300, 500]
        assert own["survival"].tolist()[:4] == pytest.approx([1.0, 10 / 12, 8 / 12, 0.5])
        assert own["at_risk"].tolist()[:4] == [12, 12, 10, 8]
        assert own["successes"].tolist()[:4] == [0, 2, 2, 2]
    assert curve[curve["activation"] == "tanh"]["updates"].iloc[-1] == BUDGET
    assert 1 - curve["survival"].iloc[-1] == analysis.success_rates(frame, by="activation")["rate"].iloc[-1]


def test_survival_with_censoring_is_the_product(frame):
    rng = np.random.default_rng(1)

    def random(p):
        u = float(rng.integers(1, 60) * 10)
        return -u if rng.random() < 0.3 else u if rng.random() < 0.7 else np.nan

    frame = training_frame(random, seed=list(range(40)))
    curve = analysis.survival(frame, diverged="censored")
    time = frame["updates_to_success"].fillna(frame["updates"]).tolist()
    for _, row in curve.iterrows():
        assert row["survival"] == pytest.approx(kaplan_meier(time, frame["success"].tolist(), row["updates"]))
    fails = analysis.survival(frame)
    assert 1 - fails["survival"].iloc[-1] == pytest.approx(frame["success"].mean())
    assert (fails["survival"].to_numpy()[1:-1] >= curve["survival"].to_numpy()[1:-1]).all()


def test_greenwoods_interval_without_censoring_is_that_of_a_binomial_share():
    frame = training_frame(lambda p: 100.0 if p["seed"] < 5 else np.nan, seed=list(range(20)))
    row = analysis.survival(frame).iloc[1]
    s, n, z = 0.75, 20, 1.959963984540054
    spread = z * np.sqrt((1 - s) / (s * n)) / abs(np.log(s))
    assert row["survival"] == s
    assert [row["low"], row["high"]] == pytest.approx([s ** np.exp(spread), s ** np.exp(-spread)], rel=1e-12)


def test_survival_where_all_or_none_succeed():
    all_of_them = analysis.survival(training_frame(lambda p: 50.0, seed=[0, 1, 2]))
    assert all_of_them[["updates", "survival"]].to_numpy().tolist() == [[0, 1], [50, 0]]
    assert all_of_them["low"].iloc[-1] == 0.0
    assert np.isnan(all_of_them["high"].iloc[-1])
    none = analysis.survival(training_frame(lambda p: np.nan, seed=[0, 1, 2]))
    assert none[["updates", "survival", "low", "high"]].to_numpy().tolist() == [[0, 1, 1, 1], [BUDGET, 1, 1, 1]]
    at_once = analysis.survival(training_frame(lambda p: 0.0, seed=[0, 1]))
    assert at_once[["updates", "survival"]].to_numpy().tolist() == [[0, 0]]


def test_a_word_for_diverged_that_is_not_known_is_refused(frame):
    with pytest.raises(UsageError, match="Did you mean censored"):
        analysis.survival(frame, diverged="censord")


RATES = [0.001, 0.01, 0.1, 1.0]


def tune(p):
    """tanh: 0.01 and 0.1 succeed, 0.1 sooner; relu: only 1.0, the largest, in half of the seeds."""
    if p["activation"] == "tanh":
        return {0.001: np.nan, 0.01: 400.0, 0.1: 200.0, 1.0: -10.0}[p["learning_rate"]]
    return 50.0 if p["learning_rate"] == 1.0 and p["seed"] % 2 else np.nan


def test_tuned_takes_the_highest_rate_then_the_fewest_updates():
    frame = training_frame(tune, activation=["tanh", "relu"], seed=[0, 1, 2, 3], learning_rate=RATES)
    table = analysis.tuned(frame, by=["activation"])
    assert list(table.columns[:4]) == ["activation", "learning_rate", "at_end", "n"]
    assert table["activation"].tolist() == ["tanh", "relu"]
    assert table["learning_rate"].tolist() == [0.1, 1.0]
    assert table["at_end"].tolist() == [False, True]
    assert table["rate"].tolist() == [1.0, 0.5]
    assert len(analysis.tuned(frame, by=[])) == 1


def test_tuned_breaks_the_last_tie_by_the_test_loss_and_then_takes_the_smallest():
    frame = training_frame(lambda p: np.nan, seed=[0, 1], learning_rate=RATES)
    assert analysis.tuned(frame)["learning_rate"].tolist() == [0.001]
    better = frame.assign(test_loss_over_baseline=np.where(frame["learning_rate"] == 0.1, 0.4, 1.0))
    assert analysis.tuned(better)["learning_rate"].tolist() == [0.1]
