"""What rnnlab.gradients takes and what it refuses: layouts, dtypes, and errors that name the array and the place."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rnnlab
from rnnlab.errors import UsageError
from tests import naive
from tests.cases import arguments, draw, stack

PLACES = {
    "U": (4, 1),
    "W": (0, 2),
    "V": (3, 4),
    "x": (8, 2, 1),
    "y": (5, 0, 3),
    "h0": (2, 4),
    "b": (3,),
    "c": (1,),
}


def refused(match, **changes):
    with pytest.raises(UsageError, match=match) as caught:
        rnnlab.gradients(**{**arguments(draw()), **changes})
    assert "\n" not in str(caught.value).strip()


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", PLACES)
def test_a_number_that_is_none_is_named_with_its_place(name, number):
    array = getattr(draw(), name).copy()
    array[PLACES[name]] = number
    refused(rf"\b{name}\b.*\b{', '.join(map(str, PLACES[name]))}\b", **{name: array})


def test_infinities_of_both_signs_are_named_without_a_warning():
    x = draw().x.copy()
    x[1, 2, 0], x[4, 0, 1] = np.inf, -np.inf
    refused(r"\bx\b.*1, 2, 0", x=x)


@pytest.mark.parametrize("name", ["x", "y", "W", "b", "c", "h0"])
def test_a_finite_array_whose_sum_is_not_is_taken(name):
    network = replace(draw(), **{name: np.full_like(getattr(draw(), name), 1e308)})
    ours, reference = rnnlab.gradients(**arguments(network)), naive.gradients(naive.exact_network(network))
    for each in ("V", "c"):
        assert ours.log10_norm[each] == pytest.approx(float(reference.log10_norm[each]), abs=1e-9)


@pytest.mark.parametrize("name", ["U", "W", "V", "x", "y"])
def test_statistics_name_the_place_too(name):
    arrays = stack([draw(seed=seed) for seed in range(3)])
    place = (2, *PLACES[name])
    arrays[name][place] = np.nan
    with pytest.raises(UsageError, match=rf"\b{name}\b.*\b{', '.join(map(str, place))}\b"):
        rnnlab.gradient_statistics(**arrays)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("U", (5, 4)),
        ("U", (5,)),
        ("W", (4, 3)),
        ("W", (5, 2)),
        ("V", (4, 6)),
        ("x", (9, 3)),
        ("y", (9, 3, 5)),
        ("y", (8, 3, 4)),
        ("y", (9, 2, 4)),
        ("h0", (2, 5)),
        ("h0", (3, 4)),
        ("b", (4,)),
        ("c", (5,)),
    ],
)
def test_a_shape_that_does_not_fit_is_named(name, shape):
    refused(rf"\b{name}\b", **{name: np.zeros(shape)})


@pytest.mark.parametrize("shape", [(0, 3, 3), (9, 0, 3)])
def test_nothing_to_work_on_is_refused(shape):
    refused(r"\bx\b", x=np.zeros(shape), y=np.zeros((*shape[:2], 4)), h0=None)


def test_names_are_checked_and_the_nearest_is_proposed():
    refused("(?i)tahn.*did you mean tanh", activation="tahn")
    refused("(?i)sqared.*did you mean squared", loss="sqared")
    refused("(?i)lst.*did you mean last", loss_at="lst")


@pytest.mark.parametrize("wrong", [4, -1])
def test_a_class_that_does_not_exist_is_named_with_its_place(wrong):
    network = draw(loss="cross_entropy")
    network.y[7, 2] = wrong
    with pytest.raises(UsageError, match=r"\by\b.*7, 2"):
        rnnlab.gradients(**arguments(network))


def test_targets_must_fit_the_loss():
    refused(r"\by\b", loss="cross_entropy")
    refused(r"\by\b", y=np.zeros((9, 3), dtype=int))


@pytest.mark.parametrize("dtype", ["float16", "complex128", "object", "U3"])
def test_a_dtype_without_kernels_is_refused(dtype):
    refused(r"\bU\b", U=draw().U.astype(dtype))


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16"])
def test_classes_may_be_integers_of_any_kind(dtype):
    network = draw(loss="cross_entropy")
    plain = rnnlab.gradients(**arguments(network))
    other = rnnlab.gradients(**{**arguments(network), "y": network.y.astype(dtype)})
    np.testing.assert_array_equal(other.U, plain.U)


def transposed(array):
    return np.asfortranarray(array)


def reversed_view(array):
    return np.ascontiguousarray(array[::-1])[::-1]


def strided(array):
    return np.repeat(array, 2, axis=-1)[..., ::2]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def big_endian(array):
    return array.astype(array.dtype.newbyteorder(">"))


@pytest.mark.parametrize("layout", [transposed, reversed_view, strided, read_only, big_endian])
@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_any_layout_gives_the_same_bits_and_is_left_as_it_was(layout, loss):
    plain = arguments(draw(6, 4, 5, 7, 3, loss=loss))
    given = {k: layout(v) if isinstance(v, np.ndarray) else v for k, v in plain.items()}
    ours, theirs = rnnlab.gradients(**given), rnnlab.gradients(**plain)
    for name in naive.PARAMETERS:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    for name, value in plain.items():
        np.testing.assert_array_equal(given[name], value)


def test_what_comes_back_is_the_callers_own():
    network = draw()
    first = rnnlab.gradients(**arguments(network))
    kept = first.U.copy()
    rnnlab.gradients(**arguments(draw(seed=1)))
    np.testing.assert_array_equal(first.U, kept)
    first.U[:] = 0
    assert rnnlab.gradients(**arguments(network)).U.any()


def refused_statistics(match, **changes):
    with pytest.raises(UsageError, match=match) as caught:
        rnnlab.gradient_statistics(**{**stack([draw(seed=seed) for seed in range(3)]), **changes})
    assert "\n" not in str(caught.value)


def test_activations_must_be_names_one_or_one_a_network():
    refused(r"^activation = \['tanh', 'tanh'\] is no name: give one of tanh, .*silu$", activation=["tanh", "tanh"])
    refused("^activation = None is no name: give one of tanh, .*identity.*silu$", activation=None)
    refused_statistics("^activation = None is no name: .*silu, or a list of 3$", activation=None)
    refused_statistics("^activation has 2 names for 3 networks: give one name, or a list of 3$", activation=["a", "b"])
    refused_statistics("^activation = 'tan' is unknown. Did you mean tanh", activation=["relu", "tan", "relu"])


@pytest.mark.parametrize("name", PLACES)
def test_what_is_no_array_is_named(name):
    ragged = [[1.0, 2.0], [1.0]]
    refused(rf"^{name} is no array: .*inhomogeneous", **{name: ragged})
    refused_statistics(rf"^{name} is no array: .*inhomogeneous", **{name: ragged})
    if name not in ("h0", "b", "c"):
        refused(rf"^{name} is no array: it is None", **{name: None})


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", True])
def test_workers_are_a_number_of_threads(workers):
    refused_statistics("^workers = .* is no number of threads: give 1 or more", workers=workers)


FORKED = """
import multiprocessing
import numpy as np
import rnnlab

def work():
    draw = np.random.default_rng(0).standard_normal
    weights = {"U": draw((4, 3, 3)), "W": draw((4, 3, 2)), "V": draw((4, 2, 3))}
    arrays = {**weights, "x": draw((5, 1, 2)), "y": draw((5, 1, 2))}
    return rnnlab.gradient_statistics(**arrays, activation="tanh", workers=2).loss.tolist()

if __name__ == "__main__":
    here = work()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(work) == here
    assert work() == here
    print("same")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_has_threads_of_its_own(tmp_path):
    path = tmp_path / "forked.py"
    path.write_text(FORKED)
    environment = {**os.environ, "PYTHONPATH": str(Path(rnnlab.__file__).parents[1])}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(path)]  # 3.12 on warns of forks beside threads
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("same\n", "")
