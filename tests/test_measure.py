"""Measures of the caller's own networks: the numbers of an experiment, and refusals that say what to do."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, ConfigDict

import rnnlab
from rnnlab.errors import UsageError
from rnnlab.measures import registry
from rnnlab.runner import compute
from tests import fake_measure
from tests.cases import LOSS_AT, arguments, draw, stack
from tests.test_cotangents import cotangents_of, with_cotangents


def own(problem):
    return problem.arrays()


def test_the_numbers_are_those_of_the_experiment():
    from rnnlab.grid import Block

    problem = rnnlab.draw(activation="tanh", width=12, length=30, batch=3, recurrent_scale=1.5)
    m = rnnlab.measure(**own(problem), activation="tanh")
    stored = compute(Block((problem.trial,), (("gradients", {"steps": True, "skip_first": 0, "skip_last": 0}),)))
    for name, table in stored.tables.items():
        theirs = table.to_pandas()
        for column in m[name].columns:
            if column in ("chi_measured", "spectral_radius", "spectral_norm"):  # the draw tells these of g
                np.testing.assert_allclose(m[name][column], theirs[column], rtol=0.2)
            else:
                pd.testing.assert_series_equal(m[name][column], theirs[column])


def test_tables_by_name_and_by_attribute():
    m = rnnlab.measure(**arguments(draw()), measures=["gradients"])
    assert list(m) == ["gradients", "gradients_by_step"]
    assert len(m) == 2
    assert m.gradients is m["gradients"] is m.tables["gradients"]
    assert m.gradients.shape[0] == 1
    assert m.gradients_by_step["t"].tolist() == list(range(1, 10))
    assert "network" not in m.gradients
    assert {"gradients", "gradients_by_step"} <= set(dir(m))
    assert m.sizes == {"networks": 1, "length": 9, "batch": 3, "width": 5, "inputs": 3, "outputs": 4}
    assert repr(m).startswith("<Measurement: networks 1, length 9, batch 3, width 5")
    assert ".gradients_by_step: 9 rows" in repr(m)
    assert pickle.loads(pickle.dumps(m)).gradients.equals(m.gradients)
    with pytest.raises(UsageError, match=r"lags was not measured\. Known: gradients, gradients_by_step"):
        m["lags"]
    with pytest.raises(AttributeError, match="Did you mean gradients"):
        m.gradient  # noqa: B018


def test_settings_by_name():
    m = rnnlab.measure(**arguments(draw()), measures={"gradients": {"steps": 4}})
    assert m.gradients_by_step["t"].tolist() == [4, 8]
    assert list(rnnlab.measure(**arguments(draw()), measures={"gradients": {"steps": False}})) == ["gradients"]
    assert list(rnnlab.measure(**arguments(draw()), measures="gradients")) == ["gradients", "gradients_by_step"]


def test_several_networks_are_numbered():
    networks = [draw(seed=seed, activation=name) for seed, name in enumerate(("tanh", "relu", "sigmoid"))]
    m = rnnlab.measure(**stack(networks, activation=["tanh", "relu", "sigmoid"]))
    assert m.gradients["network"].tolist() == [0, 1, 2]
    assert m.gradients_by_step["network"].tolist() == [g for g in range(3) for _ in range(9)]
    for g, n in enumerate(networks):
        alone = rnnlab.measure(**arguments(n)).gradients_by_step
        theirs = m.gradients_by_step[m.gradients_by_step["network"] == g].drop(columns="network")
        pd.testing.assert_frame_equal(theirs.reset_index(drop=True), alone)


def test_many_networks_in_slabs_keep_their_numbers(monkeypatch):
    from rnnlab.networks import Networks

    networks = stack([draw(seed=seed) for seed in range(5)])
    whole = rnnlab.measure(**networks)
    slabs = Networks.slabs
    monkeypatch.setattr(Networks, "slabs", lambda n: slabs(n, budget=1))
    parts = rnnlab.measure(**networks)
    for name in whole:
        pd.testing.assert_frame_equal(parts[name], whole[name])


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_cotangents_leave_the_loss_open(loss):
    n = draw(loss=loss, length=12)
    known, ours = rnnlab.measure(**arguments(n)), rnnlab.measure(**with_cotangents(n, cotangents_of(n)))
    assert ours.gradients[["loss", "log10_loss"]].isna().all(axis=None)
    assert ours.gradients_by_step["loss"].isna().all()
    pd.testing.assert_frame_equal(
        ours.gradients.drop(columns=["loss", "log10_loss"]), known.gradients.drop(columns=["loss", "log10_loss"])
    )


def test_without_a_cotangent_at_the_end_there_is_no_growth_rate():
    n = draw(length=12)
    given = cotangents_of(n)
    given[-1] = 0
    row = rnnlab.measure(**with_cotangents(n, given)).gradients.iloc[0]
    assert pd.isna(row[["growth_rate", "growth_rate_se", "growth_rate_rms", "verdict"]]).all()
    assert np.isfinite(row["log10_grad_norm_U"])
    given = cotangents_of(n)
    given[-1, 1] = 0  # one sequence is shorter
    row = rnnlab.measure(**with_cotangents(n, given)).gradients.iloc[0]
    assert pd.isna(row["verdict"])
    assert pd.isna(row["growth_rate"])
    assert np.isfinite(row["growth_rate_rms"])


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        (["gradient"], r"rnnlab\.measure: measure\.gradient is unknown\. Did you mean gradients"),
        ({"gradients": {"step": 2}}, r"rnnlab\.measure: measure\.gradients\.step is unknown\. Did you mean steps"),
        ({"gradients": {"steps": -1}}, r"measure\.gradients\.steps is -1; it must be"),
        ({"gradients": 3}, r"measure\.gradients is 3; it must be a table"),
        (7, "measures is 7: give names, or a dict"),
    ],
)
def test_a_measure_or_setting_that_there_is_not(asked, match):
    with pytest.raises(UsageError, match=match):
        rnnlab.measure(**arguments(draw()), measures=asked)


def test_a_setting_that_does_not_fit_the_shapes(monkeypatch):
    class Settings(BaseModel):
        model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
        exponents: int = 2

    def misfits(settings, least):
        if settings.exponents > least["width"]:
            yield "exponents", f"is {settings.exponents}, more than the smallest width {least['width']}."

    fake_measure.install(monkeypatch)
    monkeypatch.setattr(fake_measure, "Settings", Settings)
    monkeypatch.setattr(fake_measure, "misfits", misfits, raising=False)
    with pytest.raises(UsageError, match=r"measure\.fake\.exponents is 6, more than the smallest width 5"):
        rnnlab.measure(**arguments(draw()), measures={"fake": {"exponents": 6}})


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"U": np.ones((5, 4))}, r"U has shape \(5, 4\)"),
        ({"U": [[1, 2], [3]]}, "U is no array"),
        ({"x": np.full((9, 3, 3), np.nan)}, "x.* is not finite"),
        ({"y": None}, "y is no array"),
        ({"activation": "tanhh"}, "Did you mean tanh"),
    ],
)
def test_arrays_are_checked_as_those_of_gradients(changes, match):
    with pytest.raises(UsageError, match=match):
        rnnlab.measure(**{**arguments(draw()), **changes})


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in registry() if not hasattr(registry()[name], "NEEDS_TASK")])
@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_every_measure_takes_cotangents_and_own_networks(name, loss_at):
    """With the cotangents of a loss that is known, all but the loss is the same."""
    n = draw(length=12, loss_at=loss_at)
    known = rnnlab.measure(**arguments(n), measures=[name])
    ours = rnnlab.measure(**with_cotangents(n, cotangents_of(n)), measures=[name])
    close = 1.0 if name == "digits" else 1e-9  # the last digit of a norm is a matter of the last bit of a cotangent
    no_loss = {"loss", "log10_loss", "digits_loss", *(["reason"] if name == "digits" else [])}
    assert list(ours) == list(known)
    for table in known:
        shared = [column for column in known[table] if column not in no_loss]
        pd.testing.assert_frame_equal(ours[table][shared], known[table][shared], rtol=1e-6, atol=close)
