"""What terms, lags and horizon have in common: outputs that overflow, losses of one's own, and what they cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import rnnlab
from rnnlab.measures import gradients, horizon, lags, registry, terms
from rnnlab.networks import Trajectory
from rnnlab.trial import Trial
from tests import naive
from tests.cases import LOSS_AT, arguments, block_of, draw

MEASURES = (terms, lags, horizon)


def tables(network, measure):
    networks = block_of(network)
    return measure.measure(networks, Trajectory(networks), measure.Settings())


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.NAME)
@pytest.mark.parametrize("loss_at", LOSS_AT)
def test_an_output_that_overflows_is_a_divergence(loss_at, measure):
    n = draw(activation="sigmoid", loss_at=loss_at)
    n = replace(n, V=1e308 * np.ones_like(n.V))
    summary = tables(n, measure)[measure.NAME]
    expected = tables(n, gradients)["gradients"]
    assert summary["status"].tolist() == ["diverged"]
    assert summary["diverged_at"].tolist() == expected["diverged_at"].tolist() != [None]


@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: m.NAME)
def test_a_state_that_overflows_after_an_output_diverges_at_the_output(measure):
    n = draw(activation="identity", length=40)
    n = replace(n, U=1e10 * n.U, V=1e200 * n.V)
    expected = tables(n, gradients)["gradients"]["diverged_at"].tolist()
    assert tables(n, measure)[measure.NAME]["diverged_at"].tolist() == expected != [None]


def test_terms_of_a_loss_that_is_given_by_its_derivatives():
    n = draw()
    outputs = naive.forward(n)[2]
    given = {k: v for k, v in arguments(n).items() if k not in ("y", "loss", "loss_at")}
    found = rnnlab.terms(**given, cotangents=(outputs - n.y) / outputs.shape[1])
    expected = rnnlab.terms(**arguments(n))
    np.testing.assert_allclose(found.U, expected.U, rtol=0, atol=1e-13)
    np.testing.assert_allclose(found.log10_norm_b, expected.log10_norm_b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["terms", "lags", "horizon"])
def test_work_grows_with_the_pairs(name):
    measure = registry()[name]
    short, long = (Trial(activation="tanh", width=64, length=T, inputs=64, outputs=64, batch=8) for T in (100, 1000))
    few, many = (measure.work(trial, measure.Settings()) for trial in (short, long))
    last = measure.work(replace(long, loss_at="last"), measure.Settings())
    assert 50 < many.flops / few.flops < 100
    assert last.flops < many.flops / 50
    assert many.rows == {"terms": 500_500, "lags": 1000, "horizon": 0}[name]
    assert 0 < few.bytes < many.bytes < 2**28
