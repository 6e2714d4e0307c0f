"""Figures and the table of training: what is drawn and printed stands in the data."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from rnnlab import analysis, figures
from rnnlab.cli import output
from rnnlab.cli.success_table import print_successes, successes_of
from rnnlab.errors import UsageError
from rnnlab.figures.training_curves import COLUMNS
from tests.training_frames import BUDGET, by_update_frame, training_frame


def solved(p):
    """The shorter the sooner; relu diverges in odd seeds; nothing of length 100 is ever solved."""
    if p["activation"] == "relu" and p["seed"] % 2:
        return -100.0
    return {10: 100.0, 20: 300.0, 100: np.nan}[p["length"]] + 50 * p["seed"]


@pytest.fixture
def frame():
    return training_frame(
        solved, activation=["tanh", "relu"], length=[10, 20, 100], recurrent_scale=[0.5, 1.5], seed=[0, 1, 2, 3]
    )


def rates(axes):
    return [bars.lines[0] for bars in axes.containers]


def test_success_draws_rates_with_wilson_bars(frame):
    figure = figures.success(frame.query("recurrent_scale == 0.5"), "title")
    tanh, relu = figure.axes
    assert [axes.get_title("left") for axes in figure.axes] == ["tanh", "relu"]
    assert figure.get_suptitle() == "title\nwidth 8, 4 seeds"
    [line] = rates(tanh)
    assert line.get_xdata().tolist() == [10, 20, 100]
    assert line.get_ydata().tolist() == [1, 1, 0]
    assert rates(relu)[0].get_ydata().tolist() == [0.5, 0.5, 0]
    segments = relu.containers[0].lines[2][0].get_segments()
    assert segments[0][:, 1] == pytest.approx(analysis.wilson(2, 4))
    assert tanh.get_xlim()[0] > 5
    assert tanh.get_xlim()[1] < 200


def test_success_has_a_line_a_condition(frame):
    figure = figures.success(frame)
    assert all(len(rates(axes)) == 2 for axes in figure.axes)
    legend = figure.legends[0]
    assert legend.get_title().get_text() == "recurrent scale g"
    assert [text.get_text() for text in legend.get_texts()][:2] == ["0.5", "1.5"]


def test_success_without_a_numeric_axis_has_a_place_for_each_activation(frame):
    some = frame.query("recurrent_scale == 0.5 and length == 20")
    [axes] = figures.success(some).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["tanh", "relu"]
    assert sorted(rates(axes)[0].get_ydata()) == [0.5, 1]


def test_survival_rises_to_the_success_rate(frame):
    figure = figures.survival(frame.query("recurrent_scale == 0.5"))
    for axes, ends in zip(figure.axes, ([1, 1, 0], [0.5, 0.5, 0]), strict=True):
        assert [line.get_ydata()[-1] for line in axes.get_lines()] == pytest.approx(ends)
        assert max(line.get_xdata()[-1] for line in axes.get_lines()) == BUDGET


def test_survival_of_nothing_says_why(frame):
    with pytest.raises(UsageError, match="no trial has a result"):
        figures.survival(frame.assign(success=None))


def test_training_draws_a_line_a_trial_and_marks_its_end(frame):
    some = frame.query("recurrent_scale == 0.5")
    found = figures.drawn(some)
    figure = figures.training(by_update_frame(some)[["key", *COLUMNS]], found, "title")
    assert len(figure.axes) == 2 * 6
    tanh, relu = figure.axes[:2]
    marks = [line for axes in (tanh, relu) for line in axes.get_lines() if line.get_marker() != "None"]
    assert sorted(line.get_marker() for line in marks) == ["X"] * 6 + ["o"] * (8 + 4)
    assert tanh.get_yscale() == "log"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [label for label in labels if label.isdigit()] == ["10", "20", "100"]
    for word in ("ends: success", "ends: diverged", "loss in training, norm after clipping", "without memory"):
        assert word in labels


def test_conditions_of_training_differ_in_colour_and_in_kind_of_line(frame):
    found = figures.drawn(frame.query("recurrent_scale == 0.5"))
    figure = figures.training(by_update_frame(found.trials)[["key", *COLUMNS]], found)
    curves = [line for line in figure.axes[0].get_lines() if line.get_linewidth() == 0.8]
    looks = {(line.get_color(), line.get_linestyle(), str(line._unscaled_dash_pattern)) for line in curves}
    assert len(curves) == 3 * 4
    assert len(looks) == len({look[0] for look in looks}) == len({look[2] for look in looks}) == 3
    handles = {line.get_label(): line for line in figure.legends[0].legend_handles}
    of_legend = {(line.get_color(), str(line._unscaled_dash_pattern)) for line in map(handles.get, ("10", "20", "100"))}
    assert of_legend == {(colour, dashes) for colour, _, dashes in looks}


def test_training_shows_only_what_was_measured(frame):
    found = figures.drawn(frame.query("length == 10"))
    rows = by_update_frame(found.trials)[["key", *COLUMNS]]
    rows = rows.assign(growth_rate=None, lyapunov_max=np.nan, truncation_length=np.nan, accuracy=np.nan)
    figure = figures.training(rows, found)
    assert len(figure.axes) == 2 * 2
    with pytest.raises(UsageError, match="no numbers"):
        figures.training(rows.iloc[:0], found)


def test_conditions_beyond_the_colours_are_those_of_one_axis():
    frame = training_frame(
        lambda p: 100.0, length=[10, 20, 30], recurrent_scale=[0.5, 1.0, 1.5, 2.0], width=[4, 8, 16, 32], seed=[0, 1]
    )
    [axes] = figures.success(frame).axes
    assert len(rates(axes)) <= figures.style.MAX_HUES


def test_remedies_are_compared_side_by_side_and_not_along_one_of_them():
    frame = training_frame(lambda p: 100.0, seed=[0, 1], clip_norm=[0.0, 0.1, 1.0])
    other = frame[frame["clip_norm"] == 0].assign(leak=0.5, key=["a", "b"])
    both = pd.concat([frame.assign(leak=1.0), other])
    figure = figures.success(both)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"plain", "clip norm 0.1", "clip norm 1", "leak 0.5"} <= set(labels)
    assert len(rates(figure.axes[0])) == 4


def words(line):
    return " ".join(line.split())


def test_the_table_has_a_row_per_condition(frame, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    print_successes("name: title", successes_of(frame.query("recurrent_scale == 0.5")))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "name: title"
    assert words(lines[2]) == "activation length success rate 95 % interval updates test loss diverged"
    assert words(lines[3]) == "tanh 10 4 of 4 100 % 51 to 100 % 175 0.02"
    assert words(lines[5]) == "100 0 of 4 0 % 0 to 49 % never 1"
    assert words(lines[6]) == "relu 10 2 of 4 50 % 15 to 85 % never 0.51 50 %"
    assert "Wilson" in "".join(lines)


def test_the_table_as_json_is_all_of_it(frame):
    table = successes_of(frame).table
    records = json.loads(json.dumps(output.records(table)))
    assert len(records) == 12
    assert {"activation", "length", "recurrent_scale", "successes", "n", "low", "high"} <= set(records[0])


def test_what_has_not_run_says_so(frame, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    print_successes("name", successes_of(frame.assign(success=None, status=None, updates_to_success=np.nan)))
    assert "not run" in capsys.readouterr().out
