"""A block is worked on in slabs that fit the cache: not a bit depends on how many."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from rnnlab import draws, networks
from rnnlab.measures import gradients
from rnnlab.trial import trial_of
from tests.cases import DTYPES, LOSS_AT

SMALL = {"width": 6, "inputs": 3, "outputs": 4, "length": 60, "batch": 3, "bias_scale": 0.3}
SETTINGS = gradients.Settings(steps=7)


def block(**changes):
    """Networks of two seeds, whose W x is shared by those of a seed; relu at 1e9 diverges."""
    axes = product(range(2), ["tanh", "relu", "sigmoid"], [0.9, 1e9])
    names = ("seed", "activation", "recurrent_scale")
    return draws.networks([trial_of({**SMALL, **changes, **dict(zip(names, values, strict=True))}) for values in axes])


def measured(slabs):
    """Return every column, slab by slab, and how many slabs there were."""
    tables = [gradients.measure(slab, networks.Trajectory(slab), SETTINGS) for slab in slabs]
    columns = {
        (table, column): np.ma.concatenate([each[table][column] for each in tables])
        for table, names in tables[0].items()
        for column in names
        if column != "trial"
    }
    return columns, len(tables)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss_at", LOSS_AT)
@pytest.mark.parametrize("shared", [True, False])
def test_slabs_change_no_bit(shared, loss_at, dtype):
    whole = block(loss_at=loss_at, dtype=dtype)
    whole = whole if shared else replace(whole, drive=None)
    assert (whole.drives[0].size > 0) == shared
    expected, one = measured([whole])
    assert one == 1
    assert sum(expected["gradients", "status"] == "diverged") == 2
    each = (2 * SMALL["length"] + 1) * SMALL["batch"] * SMALL["width"] * whole.dtype.itemsize
    for budget, number in ((1, 12), (5 * each, 3), (2**22, 1)):
        found, slabs = measured(whole.slabs(budget))
        assert slabs == number
        for name, values in expected.items():
            np.testing.assert_array_equal(np.ma.getmaskarray(found[name]), np.ma.getmaskarray(values), str(name))
            np.testing.assert_array_equal(found[name].compressed(), values.compressed(), str(name))
