"""Figures of terms, theory, lags and spectra: what is drawn stands in the data, and what is not drawn is said."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rnnlab import figures
from rnnlab.errors import UsageError
from rnnlab.figures.heat_maps import trials_of_pairs
from tests.frames import trials_frame

T = 12


def rate(p):
    return np.log(p["recurrent_scale"]) - 0.5


def terms_frame(**axes):
    trials = trials_frame(rate, length=[T], **axes)
    return trials.assign(diverged_at=np.nan)


def by_pair(trials):
    """Terms that grow tenfold a step back, twice that at the larger scale; nothing at all through step 1."""
    t, k = np.tril_indices(T)
    pairs = pd.DataFrame({"t": t + 1, "k": k + 1})
    frame = trials[["key", "recurrent_scale"]].merge(pairs, how="cross")
    value = frame["recurrent_scale"] * (frame["t"] - frame["k"])
    return frame.assign(log10_term_norm_U=value.where(frame["k"] > 1, -np.inf))[["key", "t", "k", "log10_term_norm_U"]]


@pytest.fixture
def two():
    return terms_frame(activation=["tanh", "relu"], seed=[0, 1])


def panels(figure):
    return [axes for axes in figure.axes if axes.images and axes.get_visible()]


def test_pairs_are_where_they_belong(two):
    trials, fixed = trials_of_pairs(two)
    assert list(trials["activation"]) == ["tanh", "relu"]
    assert set(trials["seed"]) == {0}
    figure = figures.pairs(trials, by_pair(trials), "title", fixed)
    assert figure.get_suptitle() == f"title\nwidth 8, length {T}, seed 0"
    for axes in panels(figure):
        terms, zero = (image.get_array() for image in axes.images)
        assert terms.shape == (T, T)
        assert terms[10, 4] == 10 - 4  # t = 11, k = 5
        assert terms.mask[3, 5]  # k > t
        assert (~zero.mask).sum() == T
        assert not zero.mask[:, 0].any()
        low, high = axes.get_ylim()
        assert low > high  # t goes down: the lower triangle
    assert [axes.get_title("left") for axes in panels(figure)] == ["tanh", "relu"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["exactly zero"]


def test_a_network_that_was_not_drawn_has_no_seed(two):
    trials, _ = trials_of_pairs(two.iloc[:1].assign(seed=None))
    assert figures.pairs(trials, by_pair(trials)).get_suptitle() == f"width 8, length {T}"


def test_pairs_say_nothing_of_zeros_where_there_are_none(two):
    trials, _ = trials_of_pairs(two)
    frame = by_pair(trials)
    figure = figures.pairs(trials, frame.assign(log10_term_norm_U=1.0))
    assert figure.legends == []
    assert {len(axes.images) for axes in panels(figure)} == {1}


def test_colours_of_pairs_end_where_ranges_span_hundreds_of_decades(two):
    trials, _ = trials_of_pairs(two)
    frame = by_pair(trials)
    wide = frame.assign(log10_term_norm_U=frame["log10_term_norm_U"] * 100)
    (low, high), *others = [axes.images[0].get_clim() for axes in panels(figures.pairs(trials, wide))]
    assert (low, high) == (-12, 12)  # about 0, the terms of lag 0
    assert others == [(low, high)]


@pytest.mark.parametrize("lost", [False, True])
def test_pairs_say_what_diverged(two, lost):
    trials, _ = trials_of_pairs(two)
    gone = (trials["activation"] == "relu") | lost
    trials = trials.assign(status=np.where(gone, "diverged", "ok"), diverged_at=np.where(gone, 7.0, np.nan))
    frame = by_pair(trials)
    null = frame["key"].isin(trials["key"][gone])
    figure = figures.pairs(trials, frame.assign(log10_term_norm_U=frame["log10_term_norm_U"].mask(null)))
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert texts == ["diverged at step 7"] * (1 + lost)


def test_pairs_of_nothing_say_why(two):
    with pytest.raises(UsageError, match="no terms for these trials"):
        figures.pairs(two, by_pair(two).iloc[:0])


@pytest.mark.parametrize(
    ("activations", "scales", "expected"),
    [
        (["tanh"], 9, 6),
        (["tanh", "relu"], 9, 6),
        (["tanh", "sigmoid", "relu"], 2, 6),
        (["tanh", "sigmoid", "relu", "erf", "elu", "gelu", "silu"], 1, 6),
    ],
)
def test_six_panels_at_most(activations, scales, expected):
    trials, _ = trials_of_pairs(terms_frame(activation=activations, recurrent_scale=[1.0 + i for i in range(scales)]))
    assert len(trials) == expected
    assert len(panels(figures.pairs(trials, by_pair(trials)))) == expected


def test_one_row_of_pairs_where_the_loss_is_at_the_last_step(two):
    trials, _ = trials_of_pairs(two)
    frame = by_pair(trials)
    for axes in panels(figures.pairs(trials, frame[frame["t"] == T])):
        assert axes.images[0].get_array().shape == (1, T)


SCALES = [0.5, 1.0, 2.0, 4.0]


def theory_frame(**axes):
    trials = trials_frame(rate, activation=["tanh", "relu"], recurrent_scale=SCALES, seed=[0, 1, 2], **axes)
    predicted = trials["growth_rate"] - 0.1 * trials["input_scale"]
    measured = predicted + 0.01 * (trials["seed"] - 1)
    edge = np.where(trials["activation"] == "tanh", 1.5, 99.0)
    return trials.assign(growth_rate_predicted=predicted, growth_rate_measured=measured, edge_of_chaos=edge)


def drawn(axes, count):
    return [line for line in axes.get_lines() if len(line.get_xdata()) == count]


def test_theory_is_a_line_and_measurements_are_dots():
    left, right = figures.theory(theory_frame()).axes
    lines, dots = drawn(left, len(SCALES)), drawn(left, 3 * len(SCALES))
    assert len(lines) == len(dots) == 2
    for line in lines:
        assert np.allclose(line.get_ydata(), np.log(SCALES) - 0.5 - 0.1)
    (edge,) = drawn(left, 1)  # that of relu lies beyond the axis
    assert (edge.get_xdata()[0], edge.get_ydata()[0]) == (1.5, 0.0)
    for points in drawn(right, 3 * len(SCALES)):
        assert np.allclose(np.ptp(points.get_ydata() - points.get_xdata()), 0.02)
    (diagonal,) = drawn(right, 2)
    assert np.array_equal(diagonal.get_xdata(), diagonal.get_ydata())


def test_theory_has_a_panel_for_each_of_two_drives():
    figure = figures.theory(theory_frame(input_scale=[0.0, 1.0]), "title")
    assert [axes.get_title("left")[:17] for axes in figure.axes] == [
        "(a) input scale 0",
        "(b) input scale 1",
        "(c) measured agai",
    ]
    (curve, *_), (lower, *_) = (drawn(axes, len(SCALES)) for axes in figure.axes[:2])
    assert np.allclose(np.array(curve.get_ydata()) - lower.get_ydata(), 0.1)


def test_theory_without_an_axis_is_one_panel():
    trials = theory_frame()
    assert len(figures.theory(trials[trials["recurrent_scale"] == 2.0]).axes) == 1


def test_theory_of_what_it_does_not_cover_says_why():
    with pytest.raises(UsageError, match="the column reason says why"):
        figures.theory(theory_frame().assign(growth_rate_predicted=np.nan))


def lag_frame():
    trials = trials_frame(rate, activation=["tanh", "relu"], recurrent_scale=[1.0, 2.0], length=[T])
    frame = trials.merge(pd.DataFrame({"lag": range(T)}), how="cross")
    norm = -frame["lag"] * frame["recurrent_scale"]
    return frame.assign(log10_rms_contribution=norm.where(frame["lag"] < 8, -np.inf), share=1 / T)


def test_lags_are_lines_that_end_in_zeros():
    figure = figures.lags(lag_frame())
    for above in figure.axes[:2]:
        assert [line.get_ydata()[7] for line in above.get_lines()] == [-7, -14]
        assert all(np.isnan(line.get_ydata()[8:]).all() for line in above.get_lines())
    for below in figure.axes[2:]:
        assert [len(line.get_xdata()) for line in below.get_lines()] == [T, T, 2]


def test_lags_say_what_diverged():
    frame = lag_frame()
    gone = (frame["activation"] == "relu") & (frame["recurrent_scale"] == 2.0)
    lost = frame.assign(log10_rms_contribution=frame["log10_rms_contribution"].mask(gone))
    assert [text.get_text() for axes in figures.lags(lost).axes for text in axes.texts] == ["1 of 2 diverged"]
    with pytest.raises(UsageError, match="they diverged"):
        figures.lags(frame.assign(log10_rms_contribution=np.nan))


def index_frame(name, value):
    trials = trials_frame(rate, activation=["tanh", "relu"], width=[4, 8], seed=[0, 1])
    parts = [trials[trials["width"] == N].merge(pd.DataFrame({"i": range(1, N + 1)}), how="cross") for N in (4, 8)]
    frame = pd.concat(parts)
    return frame.assign(**{name: value(frame)})


def test_spectra_are_means_against_i_over_N():
    exponents = index_frame("lyapunov_exponent", lambda f: -f["i"] / f["width"] + 0.1 * f["seed"])
    figure = figures.spectrum({"lyapunov_exponent": exponents})
    assert len(figure.axes) == 2
    for axes in figure.axes:
        for N, line in zip((4, 8), axes.get_lines()[1:], strict=True):
            assert np.allclose(line.get_xdata(), np.arange(1, N + 1) / N)
            assert np.allclose(line.get_ydata(), 0.05 - line.get_xdata())


def test_spectra_count_what_is_minus_infinity():
    exponents = index_frame("lyapunov_exponent", lambda f: (-1.0 * f["i"]).where(f["activation"] == "tanh", -np.inf))
    singular = index_frame("log10_singular_value", lambda f: -1.0 * f["i"])
    figure = figures.spectrum({"lyapunov_exponent": exponents, "log10_singular_value": singular})
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [[], ["100 % are -inf"], [], []]
    with pytest.raises(UsageError, match="no spectrum"):
        figures.spectrum({"lyapunov_exponent": exponents[exponents["activation"] == "relu"]})


def test_statistics_are_means_against_the_axis():
    trials = trials_frame(rate, recurrent_scale=SCALES, seed=[0, 1, 2]).assign(nothing=np.nan)
    (axes,) = figures.statistics(trials, ["growth_rate", "nothing"]).axes
    assert np.allclose(axes.get_lines()[0].get_ydata(), np.log(SCALES) - 0.5)
    with pytest.raises(UsageError, match="columns status and reason"):
        figures.statistics(trials, ["nothing"])
    (strip,) = figures.statistics(trials[trials["recurrent_scale"] == 1.0], ["growth_rate"]).axes
    assert [label.get_text() for label in strip.get_xticklabels()] == ["tanh"]


def results_of(*measured, **settings):
    described = {"measure": {name: settings.get(name, {}) for name in measured}}
    return SimpleNamespace(name="x", store="results", measured=measured, manifest={"experiment": described})


@pytest.mark.parametrize(
    ("measured", "kind"),
    [
        (["terms", "lags"], "pairs"),
        (["lags"], "lags"),
        (["theory", "lyapunov"], "theory"),
        (["lyapunov"], "spectrum"),
        (["jacobian"], "spectrum"),
        (["digits"], "statistics"),
        (["gain", "horizon"], "statistics"),
    ],
)
def test_kind_follows_the_measures(measured, kind):
    assert figures.kind_of(results_of(*measured)) == kind


def test_one_exponent_is_no_spectrum():
    assert figures.kind_of(results_of("lyapunov", lyapunov={"exponents": 1})) == "statistics"
    assert figures.kind_of(results_of("lyapunov", lyapunov={"exponents": 4})) == "spectrum"


def test_a_figure_without_its_measure_says_what_there_is():
    with pytest.raises(UsageError, match="growth needs the measure gradients; x has lags, lyapunov"):
        figures.plot(results_of("lags", "lyapunov"), "growth")
    with pytest.raises(UsageError, match="Did you mean pairs"):
        figures.plot(results_of("terms"), "pears")
