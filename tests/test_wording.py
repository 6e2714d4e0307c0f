"""Conditions in words, and tables that fit: where many axes vary, nothing is cut off and no number is broken."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from rnnlab import analysis
from rnnlab.cli.points import fitted
from tests.frames import trials_frame


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ({"clip_norm": 0.0, "leak": 1.0}, "plain"),
        ({"clip_norm": 0.5, "leak": 1.0}, "clip norm 0.5"),
        ({"learning_rate": 0.01, "clip_norm": 0.0}, "learning rate 0.01"),
        ({"optimizer": "sgd", "momentum": 0.9}, "optimizer sgd"),
        ({"optimizer": "momentum", "momentum": 0.9}, "optimizer momentum, momentum 0.9"),
        ({"flossing": 0.0, "flossing_exponents": 1, "flossing_updates": 0}, "plain"),
        ({"flossing": 0.1, "flossing_exponents": 1, "flossing_updates": 0}, "flossing 0.1, flossing exponents 1"),
        ({"update_rule": "rtrl", "k1": 0, "k2": 0}, "update rule rtrl"),
        ({"recurrent_init": "sparse", "recurrent_density": 1.0}, "recurrent init sparse, recurrent density 1"),
        ({}, ""),
    ],
)
def test_what_is_switched_off_goes_without_saying(point, words):
    assert analysis.in_words(point) == words


def test_lines_end_between_parts():
    assert analysis.in_lines("optimizer sgd, clip norm 0.1, leak 0.5", 20) == [
        "optimizer sgd,",
        "clip norm 0.1,",
        "leak 0.5",
    ]


def test_what_follows_the_task_is_no_axis():
    frame = pd.concat(
        trials_frame(lambda p: 0.0, seed=[0]).assign(task=task, inputs=inputs, loss_at=at)
        for task, inputs, at in (("adding", 2, "last"), ("teacher", 2, "every"), ("delayed_xor", 1, "last"))
    )
    assert analysis.axes(frame) == ["task"]
    assert set(analysis.axes(pd.concat([frame, frame.assign(inputs=5)]))) == {"task", "inputs"}


@pytest.mark.parametrize("width", [200, 100, 70])
def test_a_table_of_many_axes_fits_and_keeps_its_numbers_whole(width):
    points = ["activation", "recurrent_init", "optimizer", "learning_rate", "update_rule", "clip_norm", "length"]
    rows = pd.DataFrame(
        [("tanh", "orthogonal", "rmsprop", 0.001, "online", clip, T) for clip in (0.0, 0.5) for T in (10, 20)],
        columns=points,
    )
    cells = [["0 of 16", "0 to 19 %", "never"]] * len(rows)
    table = fitted(points, rows, ["success", "95 % interval", "updates"], cells, width)
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "\u2026" not in "".join(lines)
    assert sum("0 of 16" in line and "0 to 19 %" in line and "never" in line for line in lines) == 4
    for word in ("orthogonal", "rmsprop", "0.001", "online", "0.5", "20"):
        assert any(word in line for line in lines), word


def test_tables_without_axes_or_rows_or_room_are_tables():
    one = pd.DataFrame({"activation": ["tanh"]})
    for points in ([], ["activation"]):
        for rows, cells in ((one, [["0 of 16", "never"]]), (one.iloc[:0], [])):
            assert fitted(points, rows, ["success", "updates"], cells, 8).row_count == len(rows)
