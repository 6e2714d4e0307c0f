"""Phase diagrams: every cell, line and hatch stands where the table has it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PatchCollection, QuadMesh

from rnnlab import analysis, figures, theory
from rnnlab.errors import UsageError
from rnnlab.figures import cells
from rnnlab.figures.phases import axes_of
from tests.frames import trials_frame

GAINS = [0.5, 1.0, 2.0, 4.0, 8.0]
DRIVES = [0.25, 0.5, 1.0, 2.0, 4.0]


def rate(p):
    return np.log(p["recurrent_scale"]) - np.log(p["input_scale"]) + 0.01 * (p["seed"] - 1)


def plane_frame(**axes):
    grid = {"recurrent_scale": GAINS, "input_scale": DRIVES, "seed": [0, 1, 2], "width": [64], **axes}
    return trials_frame(rate, **grid)


@pytest.fixture(scope="module")
def trials():
    return plane_frame()


def mesh(axes):
    (found,) = (each for each in axes.collections if isinstance(each, QuadMesh))
    return found


def lines(axes, name):
    return [line for line in axes.get_lines() if line.get_gid() == name]


def hatched(axes, hatch):
    """Return the middles of the cells that have this hatching."""
    found = [each for each in axes.collections if isinstance(each, PatchCollection) and each.get_hatch() == hatch]
    boxes = [path.get_extents() for each in found for path in each.get_paths()]
    return sorted((float(np.sqrt(box.x0 * box.x1)), float(np.sqrt(box.y0 * box.y1))) for box in boxes)


def words(figure):
    return [text.get_text() for text in figure.legends[0].get_texts() if text.get_text().strip()]


def test_colours_are_the_means_over_seeds(trials):
    figure = figures.phase(trials, "title")
    axes = figure.axes[0]
    expected = np.log(np.array(GAINS))[None, :] - np.log(np.array(DRIVES))[:, None]
    assert np.allclose(mesh(axes).get_array(), expected)
    low, high = mesh(axes).get_clim()
    assert (low, high) == pytest.approx((-expected.max(), expected.max()))
    assert mesh(axes).get_cmap().name == "RdBu_r"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("recurrent scale g", "input scale")
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert figure.axes[-1].get_ylabel() == "growth rate (nats/step),\nmean over seeds"
    assert figure.get_suptitle() == "title\nwidth 64, length 100, 3 seeds"


def test_the_edge_runs_where_the_mean_is_zero(trials):
    (edge,) = lines(figures.phase(trials).axes[0], "edge")
    assert np.allclose(edge.get_xdata(), edge.get_ydata())  # linear in the logarithms: g = s
    assert edge.get_xdata().min() == pytest.approx(0.5)
    assert edge.get_xdata().max() == pytest.approx(4.0)


def test_mean_field_has_its_own_edge_beside_it(trials):
    figure = figures.phase(trials)
    (edge,) = lines(figure.axes[0], "theory")
    expected = [theory.edge_of_chaos("tanh", bias_variance=s * s) ** 0.5 for s in DRIVES]
    assert np.allclose(edge.get_xdata(), expected)
    assert np.allclose(edge.get_ydata(), DRIVES)
    assert words(figure) == ["edge of chaos, measured", "edge of chaos, mean field"]


def test_what_the_measure_theory_found_comes_first(trials):
    (edge,) = lines(figures.phase(trials.assign(edge_of_chaos=1.5)).axes[0], "theory")
    assert np.allclose(edge.get_xdata(), 1.5)


def test_axes_change_places(trials):
    figure = figures.phase(trials, x="input_scale", y="recurrent_scale")
    axes = figure.axes[0]
    assert axes.get_xlabel() == "input scale"
    assert np.allclose(mesh(axes).get_array()[0], np.log(0.5) - np.log(DRIVES))
    (edge,) = lines(axes, "theory")
    assert np.allclose(edge.get_xdata(), DRIVES)


def test_hatching_tells_what_diverged(trials):
    gone = (trials["recurrent_scale"] == 8.0) & ((trials["input_scale"] == 4.0) | (trials["seed"] == 0))
    lost = trials.assign(status=np.where(gone, "diverged", "ok"), growth_rate=trials["growth_rate"].where(~gone))
    figure = figures.phase(lost)
    axes = figure.axes[0]
    assert hatched(axes, cells.MANY) == [(pytest.approx(8.0), pytest.approx(4.0))]
    assert hatched(axes, cells.FEW) == [(pytest.approx(8.0), pytest.approx(s)) for s in DRIVES[:-1]]
    assert mesh(axes).get_array().mask[-1, -1]  # nothing is known where all diverged
    assert {"some trials diverged", "half or more diverged", "no growth rate"} < set(words(figure))


def test_missing_points_are_crossed_and_nothing_is_drawn_over_them(trials):
    hole = (trials["recurrent_scale"] == 2.0) & (trials["input_scale"] == 2.0)
    figure = figures.phase(trials[~hole])
    axes = figure.axes[0]
    ((cross,)) = lines(axes, "missing")
    assert (cross.get_xdata().tolist(), cross.get_ydata().tolist()) == ([2.0], [2.0])
    assert mesh(axes).get_array().mask.sum() == 1
    assert "no trial" in words(figure)
    places = np.concatenate([line.get_xdata() for line in lines(axes, "edge")])
    assert not ((places > 1.001) & (places < 3.999)).any()  # the line ends at the gap's neighbours


def test_trials_without_a_result_are_missing_and_those_without_a_number_grey(trials):
    at = trials["input_scale"] == 4.0
    waiting = trials.assign(status=trials["status"].where(~at), growth_rate=trials["growth_rate"].where(~at))
    assert len(lines(figures.phase(waiting).axes[0], "missing")[0].get_xdata()) == len(GAINS)
    zero = trials.assign(growth_rate=trials["growth_rate"].where(~at))
    assert lines(figures.phase(zero).axes[0], "missing") == []
    assert "no growth rate" in words(figures.phase(zero))


def test_panels_are_activations_or_what_is_asked_for(trials):
    both = plane_frame(activation=["tanh", "relu"], length=[10, 100])
    figure = figures.phase(both)
    assert [axes.get_title("left") for axes in figure.axes[:2]] == ["tanh", "relu"]
    assert "length 100" in figure.get_suptitle()
    other = figures.phase(both, hue="length")
    assert [axes.get_title("left") for axes in other.axes[:2]] == ["length 10", "length 100"]
    assert "activation tanh" in other.get_suptitle()


def test_a_column_of_one_sign_has_a_ramp(trials):
    figure = figures.phase(trials, column="spectral_norm")
    assert mesh(figure.axes[0]).get_cmap().name == "cividis"
    assert mesh(figure.axes[0]).get_clim() == (1.0, 16.0)
    assert figure.legends == []
    assert figure.axes[-1].get_ylabel().startswith("spectral norm")


def test_zero_beside_decades_has_evenly_spaced_cells():
    frame = trials_frame(
        lambda p: p["recurrent_scale"] - 2 - p["input_scale"], recurrent_scale=GAINS, input_scale=[0.0, 0.1, 1.0, 10.0]
    )
    axes = figures.phase(frame).axes[0]
    assert axes.get_yscale() == "linear"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "0.1", "1", "10"]
    assert axes.get_ylim() == (-0.5, 3.5)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"x": "lenght"}, r"--x lenght: no parameter is called so\. Axes of these trials that are numbers: rec"),
        ({"x": "recurent_scale"}, r"Did you mean recurrent_scale\?"),
        ({"x": "activation"}, r"--x activation: its values are words"),
        ({"y": "width"}, r"--y width: these trials have 64 there and nothing else"),
        ({"y": "seed"}, r"--y seed: figures take means over seeds"),
        ({"x": "input_scale", "y": "input_scale"}, r"--y input_scale: this axis is shown already"),
        ({"hue": "recurrent_scale"}, r"--hue recurrent_scale: this axis is shown already"),
    ],
)
def test_a_wrong_axis_says_what_there_is(trials, asked, message):
    with pytest.raises(UsageError, match=message):
        figures.phase(trials, **asked)


def test_one_axis_is_no_plane(trials):
    with pytest.raises(UsageError, match="two numeric axes with several values; of these trials vary: recurrent_scale"):
        figures.phase(trials[trials["input_scale"] == 1.0])


def test_a_plane_suits_two_axes_of_many_values(trials):
    assert figures.kind_for(trials) == "phase"
    assert axes_of(trials) == ("recurrent_scale", "input_scale")
    assert figures.kind_for(trials[trials["input_scale"] <= 1.0]) == "growth"


numbers = st.lists(st.floats(0.01, 100.0), min_size=1, max_size=6, unique=True).map(sorted).map(np.array)


@settings(max_examples=60, deadline=None)
@given(numbers)
def test_edges_lie_between_the_values(values):
    scale = cells.Scale.of("recurrent_scale", values)
    edges = scale.edges
    assert len(edges) == len(values) + 1
    assert (edges[:-1] < scale.place(values)).all()
    assert (scale.place(values) < edges[1:]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_a_plane_is_the_mean_of_what_is_there(nx, ny, seeds, seed):
    rng = np.random.default_rng(seed)
    frame = trials_frame(lambda p: 0.0, recurrent_scale=GAINS[:nx], input_scale=DRIVES[:ny], seed=list(range(seeds)))
    value = np.where(
        rng.random(len(frame)) < 0.2, rng.choice([np.nan, np.inf, -np.inf], len(frame)), rng.normal(size=len(frame))
    )
    status = rng.choice(np.array(["ok", "diverged", None], object), len(frame), p=[0.7, 0.2, 0.1])
    frame = frame.assign(growth_rate=value, status=status)[rng.random(len(frame)) < 0.9]
    if frame.empty:
        return
    found = analysis.plane(frame, "recurrent_scale", "input_scale", "growth_rate")
    for j, g in enumerate(found.x):
        for i, s in enumerate(found.y):
            own = frame[(frame["recurrent_scale"] == g) & (frame["input_scale"] == s)]
            finite = [v for v in own["growth_rate"] if np.isfinite(v)]
            done = own["status"].notna().sum()
            assert found.trials[i, j] == done
            assert found.mean[i, j] == pytest.approx(np.mean(finite)) if finite else np.isnan(found.mean[i, j])
            if done:
                assert found.diverged[i, j] == pytest.approx((own["status"] == "diverged").sum() / done)
