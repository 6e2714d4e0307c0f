"""Row 22: an edited file computes what is new, says what is different, and the old rows stay labelled."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rnnlab import environment, measures
from tests.faults.runs import SMALL, call


@pytest.fixture(autouse=True)
def done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    assert "has changed" not in call("run", "small.toml")


def test_the_same_file_has_nothing_to_say():
    assert "changed" not in call("run", "small.toml")


def test_what_was_edited_is_said_and_only_new_trials_are_computed():
    edited = SMALL.replace("length = 12", "length = [12, 13]\nbatch = 1").replace("[0.5, 2.0]", "2.0")
    Path("small.toml").write_text(edited + "[measure.gain]\n", encoding="utf-8")
    said = call("run", "small.toml")
    assert "note: the experiment has changed since its last run: measure.gain is new; " in said
    assert "length was 12, is [12, 13]" in said
    assert "recurrent_scale was [0.5, 2.0], is 2.0" in said
    assert "width was" not in said
    assert len(pd.read_parquet("results/small/gradients")) == 12 + 6
    assert len(pd.read_parquet("results/small/gain")) == 12


def test_other_settings_are_said_and_old_rows_stay_labelled():
    said = call("run", "small.toml", "-s", "measure.gradients.steps=3")
    assert "measure.gradients.steps was true, is 3" in said
    rows = pd.read_parquet("results/small/gradients")
    assert rows.groupby("settings").size().tolist() == [12, 12]


def test_a_new_version_of_a_measure_is_said(monkeypatch):
    monkeypatch.setattr(measures.registry()["gradients"], "VERSION", 99)
    assert "version of measure gradients was" in call("run", "small.toml")
    rows = pd.read_parquet("results/small/gradients")
    assert sorted(rows.groupby("measure_version").size()) == [12, 12]


def test_other_versions_of_packages_are_said(monkeypatch):
    describe = environment.describe
    monkeypatch.setattr(environment, "describe", lambda: describe() | {"python": "9.9"})
    said = call("run", "small.toml", "-s", "seed=0,1,2,3")
    assert "versions or the machine have changed, and old rows stay labelled: python was 3." in said
    assert ", is 9.9" in said
    rows = pd.read_parquet("results/small/gradients")
    assert sorted(rows.groupby("environment").size()) == [4, 12]


def test_many_changes_are_counted():
    said = call(
        "run", "small.toml", "-s", "length=3", "-s", "width=3", "-s", "seed=5", "-s", "batch=2", "-s", "loss_at=last",
        "-s", "input_scale=2", "-s", "bias_scale=0.1", "-s", "recurrent_scale=3",
    )  # fmt: skip
    assert "; and " in said
    assert " more\n" in said
