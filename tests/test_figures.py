"""Figures: what is drawn stands in the data, and the same data gives the same bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from rnnlab import figures
from rnnlab.errors import UsageError
from tests.frames import trials_frame

SCALES = [0.5, 1.0, 2.0, 4.0]


def rate(p):
    return np.log(p["recurrent_scale"]) - 0.5 * np.log(2) + 0.01 * p["seed"] - 0.1 * p["input_scale"]


@pytest.fixture(scope="module")
def trials():
    return trials_frame(
        rate,
        activation=["tanh", "relu"],
        recurrent_scale=SCALES,
        input_scale=[0.0, 1.0],
        length=[10, 100],
        seed=[0, 1, 2],
    )


@pytest.fixture(scope="module")
def by_step(trials):
    keys = figures.chosen(trials)
    rows = trials[trials["key"].isin(keys)]
    t = pd.DataFrame({"t": range(1, 101)})
    frame = rows.merge(t, how="cross")
    return frame.assign(log10_grad_norm_h=frame["growth_rate"] * (frame["length"] - frame["t"]) / np.log(10))


def lines(axes):
    return [line for line in axes.get_lines() if len(line.get_xdata()) > 2 and line.get_color() != "0.45"]


def test_kind_follows_the_axes(trials):
    assert figures.kind_for(trials) == "growth"
    assert figures.kind_for(trials[trials["recurrent_scale"] == 1.0]) == "length"
    assert figures.kind_for(trials_frame(rate, activation=["tanh", "relu"], seed=[0, 1])) == "steps"


def test_growth_draws_the_mean_of_the_last_point_of_the_other_axes(trials):
    figure = figures.growth(trials, "title")
    left = figure.axes[0]
    curves = lines(left)
    assert len(curves) == 4  # two activations, with and without input
    expected = np.log(SCALES) - 0.5 * np.log(2) + 0.01
    assert np.allclose(sorted(c.get_ydata()[0] for c in curves), sorted([expected[0], expected[0] - 0.1] * 2))
    assert figure.get_suptitle() == "title\nwidth 8, length 100, 3 seeds"
    assert left.get_xscale() == "log"
    assert left.get_xlabel() == "recurrent scale g"


def test_growth_says_what_open_markers_are(trials):
    figure = figures.growth(trials)
    handles = {handle.get_label(): handle for handle in figure.legends[0].legend_handles}
    [(label, handle)] = [each for each in handles.items() if each[0].startswith("open in (b): ")]
    assert handles[label.removeprefix("open in (b): ")].get_linestyle() != "-"
    is_open = handle.get_markerfacecolor() == "white"
    faces = {points.get_markerfacecolor() for points in lines(figure.axes[1])}
    assert is_open
    assert "white" in faces
    assert len(faces) > 1
    alone = figures.growth(trials.query("input_scale == 1.0 and length == 100"))
    assert not any("open" in text.get_text() for text in alone.legends[0].get_texts())


def test_growth_panel_b_is_the_diagonal_where_chi_is_the_rate(trials):
    right = figures.growth(trials).axes[1]
    for points in lines(right):
        assert np.allclose(points.get_xdata(), points.get_ydata())


def test_norm_bound_is_the_largest_of_the_seeds(trials):
    left = figures.growth(trials).axes[0]
    (bound,) = (line for line in left.get_lines() if line.get_color() == "0.45")
    assert np.allclose(bound.get_ydata(), np.log(2 * np.array(SCALES)))


def test_growth_without_an_axis_is_a_usage_error():
    with pytest.raises(UsageError, match="needs a numeric axis"):
        figures.growth(trials_frame(rate, activation=["tanh", "relu"]))


@pytest.mark.parametrize("gap", [np.nan, -np.inf])
def test_growth_survives_dead_and_missing_trials(trials, gap):
    broken = trials.assign(chi_measured=0.0 if gap == -np.inf else np.nan, spectral_norm=0.0)
    broken.loc[broken["seed"] == 0, "growth_rate"] = np.nan
    broken.loc[broken["seed"] == 1, "status"] = None
    assert isinstance(figures.growth(broken), Figure)


def test_length_has_a_column_an_activation(trials):
    figure = figures.length(trials)
    tanh_rate, relu_rate, tanh_ratio, _ = figure.axes
    assert [axes.get_title("left") for axes in (tanh_rate, relu_rate)] == ["tanh", "relu"]
    assert len(lines(tanh_rate)) == 0  # two lengths make lines of two points
    last = [line.get_ydata()[-1] for line in tanh_ratio.get_lines() if len(line.get_xdata()) == 2]
    expected = (np.log(SCALES) - 0.5 * np.log(2) + 0.01 - 0.1) * 100 / np.log(10)
    assert np.allclose(sorted(v for v in last if v != 0), sorted(expected))


def test_length_needs_lengths(trials):
    with pytest.raises(UsageError, match="several lengths"):
        figures.length(trials[trials["length"] == 10])


def test_steps_draws_one_seed_of_every_activation(trials, by_step):
    keys = figures.chosen(trials)
    assert set(trials[trials["key"].isin(keys)]["seed"]) == {0}
    tanh, relu = figures.steps(by_step).axes
    assert len(lines(tanh)) == len(lines(relu)) == len(SCALES)


def test_steps_of_nothing_says_why(by_step):
    with pytest.raises(UsageError, match=r"rnnlab run \.\.\. -s measure\.gradients\.steps=true"):
        figures.steps(by_step.iloc[:0])


def test_steps_counts_what_has_no_line(by_step):
    tanh = by_step["activation"] == "tanh"
    largest = by_step["recurrent_scale"] == SCALES[-1]
    gone = by_step.assign(log10_grad_norm_h=by_step["log10_grad_norm_h"].mask(tanh | largest))
    texts = [[text.get_text() for text in axes.texts] for axes in figures.steps(gone).axes]
    assert texts == [["4 of 4 diverged"], ["1 of 4 diverged"]]


def test_one_point_of_a_curve_is_seen(trials):
    left = figures.growth(trials.assign(growth_rate=trials["growth_rate"].where(trials["recurrent_scale"] == 1))).axes[
        0
    ]
    assert {line.get_marker() for line in lines(left)} == {"o", "^"}


def test_rates_draws_a_dot_a_seed():
    none = trials_frame(rate, activation=["tanh", "relu"], seed=[0, 1, 2])
    none.loc[none["activation"] == "relu", "growth_rate"] = np.nan
    assert figures.kind_for(none, by_step=False) == "rates"
    (axes,) = figures.rates(none).axes
    dots = [line.get_ydata() for line in axes.get_lines() if line.get_marker() == "o"]
    assert list(map(len, dots)) == [3, 0]
    assert [text.get_text() for text in axes.texts] == ["3 of 3 without a rate"]


@pytest.mark.parametrize("suffix", figures.FORMATS)
def test_same_data_same_bytes(trials, tmp_path, suffix):
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    figures.save(figures.growth(trials, "title"), one)
    figures.save(figures.growth(trials, "title"), two)
    assert one.read_bytes() == two.read_bytes()
    assert one.stat().st_size > 1000


def test_no_other_formats(trials, tmp_path):
    with pytest.raises(UsageError, match=r"ends in \.png, \.svg or \.pdf"):
        figures.save(figures.growth(trials), tmp_path / "x.gif")


def test_no_pyplot_is_imported():
    import subprocess
    import sys

    code = "import rnnlab.figures, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
