"""`rnnlab measure NET.npz`: a network out of files into the store, and what cannot be used refused with its place."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import rnnlab
from rnnlab import api
from rnnlab.cli import main
from rnnlab.errors import UsageError
from tests.cases import draw
from tests.test_cotangents import cotangents_of

ARRAYS = ("U", "W", "V", "b", "c", "h0")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test stands in a folder of its own with a network and its sequences."""
    monkeypatch.chdir(tmp_path)
    n = draw(length=12)
    np.savez("net.npz", **{name: getattr(n, name) for name in ARRAYS})
    np.savez("whole.npz", **{name: getattr(n, name) for name in (*ARRAYS, "x", "y")}, activation="relu")
    np.save("x.npy", n.x)
    np.save("y.npy", n.y)
    np.save("c.npy", cotangents_of(n))
    return tmp_path


GIVEN = ("net.npz", "--inputs", "x.npy", "--targets", "y.npy", "--activation", "tanh")


def call(*arguments, code=0):
    done = CliRunner().invoke(main, arguments, prog_name="rnnlab")
    assert done.exit_code == code, done.output
    return done


def told(*arguments):
    return json.loads(call(*arguments, "--json", "-q").stdout)


def refused(*arguments, match):
    begin = time.perf_counter()
    text = " ".join(call("measure", *arguments, code=2).stderr.split())
    assert "Traceback" not in text
    assert match in text
    assert time.perf_counter() - begin < 5
    assert not Path("results").exists()


def test_the_tables_are_those_of_measure():
    call("measure", *GIVEN)
    n = draw(length=12)
    arrays = {name: getattr(n, name) for name in (*ARRAYS, "x", "y")}
    m = rnnlab.measure(**arrays, activation="tanh")
    results = rnnlab.load("net")
    for name, table in m.items():
        stored = results.table(name)
        pd.testing.assert_frame_equal(stored[list(table.columns)], table)
    plain = pd.read_parquet("results/net/gradients")
    assert len(plain) == 1
    assert plain["task"].tolist() == ["file"]
    assert plain["width"].tolist() == [5]
    assert plain[["recurrent_scale", "recurrent_init", "seed"]].isna().all(axis=None)


def test_again_does_nothing_and_a_changed_file_is_another_trial():
    first = told("measure", *GIVEN)
    assert (first["new"], first["done"]) == (1, 0)
    before = Path("results/net/manifest.json").read_bytes()
    again = told("measure", *GIVEN)
    assert (again["new"], again["done"], again["key"]) == (0, 1, first["key"])
    assert Path("results/net/manifest.json").read_bytes() == before
    assert "done already" in call("measure", *GIVEN).stderr
    np.save("x.npy", draw(length=12).x * 2)
    changed = told("measure", *GIVEN)
    assert changed["new"] == 1
    assert changed["key"] != first["key"]
    assert rnnlab.load("net").trials["key"].tolist() == [changed["key"]]
    assert len(pd.read_parquet("results/net/gradients")) == 2
    np.save("x.npy", draw(length=12).x)
    back = told("measure", *GIVEN)
    assert (back["new"], back["key"]) == (0, first["key"])
    assert rnnlab.load("net").trials["key"].tolist() == [first["key"]]


def test_the_names_of_files_are_not_in_the_key():
    key = told("measure", *GIVEN)["key"]
    Path("net.npz").rename("other.npz")
    assert told("measure", "other.npz", *GIVEN[1:])["key"] == key


def test_activation_and_loss_are_in_the_key():
    keys = {
        told("measure", *GIVEN)["key"],
        told("measure", *GIVEN[:-1], "relu")["key"],
        told("measure", *GIVEN, "--loss-at", "last")["key"],
        told("measure", "net.npz", "--inputs", "x.npy", "--cotangents", "c.npy", "--activation", "tanh")["key"],
    }
    assert len(keys) == 4


def test_a_file_may_hold_everything():
    call("measure", "whole.npz", "--name", "all", "--store", "elsewhere", "-s", "gradients.steps=5")
    results = rnnlab.load("all", "elsewhere")
    assert results.trials["activation"].tolist() == ["relu"]
    assert results.table("gradients_by_step")["t"].tolist() == [5, 10]
    assert results.table("gradients_by_step", columns=["width", "t"])["width"].tolist() == [5, 5]
    row = call("ls", "--store", "elsewhere").stdout.splitlines()[1].split()
    assert row[:3] == ["all", "1", "gradients"]
    assert row[-1] == "complete"


def test_what_extract_writes_can_be_measured():
    experiment = {
        "schema": 1, "name": "small",
        "grid": {"activation": "sigmoid", "length": 12, "width": 4, "loss": "cross_entropy", "loss_at": "last"},
    }  # fmt: skip
    trials = rnnlab.run(experiment).trials
    call("extract", "small", trials["key"][0], "-o", "one.npz")
    call("measure", "one.npz")
    ours = rnnlab.load("one").trials
    for name in ("activation", "loss_function", "loss_at", "loss", "log10_grad_norm_U", "growth_rate", "verdict"):
        assert ours[name][0] == trials[name][0]


def test_show_prints_every_statistic():
    call("measure", *GIVEN)
    text = call("show", "net").stdout
    assert "net: net.npz (sha256 " in text
    assert "activation tanh" in text
    assert "log10_grad_norm_U" in text
    shown = told("show", "net")
    assert shown["network"]["width"] == 5
    assert shown["statistics"]["gradients"]["status"] == "ok"
    assert shown["statistics"]["gradients"]["loss"] == pytest.approx(rnnlab.load("net").trials["loss"][0])


def test_cotangents_have_no_loss_to_show():
    call("measure", "whole.npz", "--cotangents", "c.npy", "--name", "open")
    assert told("show", "open")["statistics"]["gradients"]["loss"] is None
    assert rnnlab.load("open").trials["loss_function"][0] == "cotangents"


def test_steps_can_be_drawn_and_arrays_not_extracted():
    call("measure", *GIVEN)
    call("plot", "net", "-o", "net.png")
    assert Path("net.png").stat().st_size > 10_000
    for kind in ("growth", "length", "rates"):
        done = CliRunner().invoke(main, ("plot", "net", kind))
        assert done.exit_code in (0, 2), done.output
    key = rnnlab.load("net").trials["key"][0]
    assert "the store holds no arrays of" in " ".join(call("extract", "net", key, code=2).stderr.split())
    assert "net.npz, x.npy, y.npy" in repr(rnnlab.load("net"))


def test_a_network_that_diverged_is_a_result():
    n = draw(length=12)
    arrays = {name: getattr(n, name) for name in ARRAYS}
    np.savez("big.npz", **{**arrays, "U": n.U * 1e200}, x=n.x, y=n.y, activation="identity")
    assert "It diverged: a result" in call("measure", "big.npz").stderr
    assert told("measure", "big.npz")["diverged"] == 1


def test_a_measure_that_is_added_is_all_that_is_computed():
    from rnnlab.measures import registry

    if "gain" not in registry():
        pytest.skip("there is one measure only")
    call("measure", *GIVEN)
    assert told("measure", *GIVEN, "--measure", "gradients", "--measure", "gain")["new"] == 1
    assert len(pd.read_parquet("results/net/gradients")) == 1
    assert {"growth_rate", "status"} <= set(rnnlab.load("net").trials.columns)


def test_experiments_and_networks_do_not_take_each_others_names():
    experiment = {"schema": 1, "name": "net", "grid": {"activation": "tanh", "length": 3, "width": 2}}
    rnnlab.run(experiment, store="one")
    assert "holds the experiment net. Choose another name" in call("measure", *GIVEN, "--store", "one", code=2).stderr
    call("measure", *GIVEN, "--store", "two")
    with pytest.raises(UsageError, match="holds a network that `rnnlab measure` measured"):
        rnnlab.run(experiment, store="two")
    assert "no experiment: run one of another name" in call("run", "net", "--store", "two", code=2).stderr


def test_the_name_is_a_folder_whatever_the_file_is_called():
    Path("net.npz").rename("My Net!.npz")
    call("measure", "My Net!.npz", *GIVEN[1:])
    assert rnnlab.load("my-net").name == "my-net"


def test_from_python(tmp_path):
    results = api.measure_files("whole.npz", store=tmp_path / "s", measures={"gradients": {"steps": False}})
    assert results.summary.new == 1
    assert len(results.trials) == 1


# --- what cannot be used ----------------------------------------------------------------------------------------------


def rewrite(**changes):
    with np.load("whole.npz") as held:
        arrays = {**held, **changes}
    np.savez("bad.npz", **{name: array for name, array in arrays.items() if array is not None})
    return "bad.npz"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"U": None}, "bad.npz holds no U; it holds W, V, b, c, h0, x, y, activation. U, W and V must be there"),
        ({"U": np.ones((5, 4))}, "bad.npz: U has shape (5, 4): expected"),
        ({"b": np.ones(4)}, "bad.npz: b has shape (4,)"),
        ({"x": np.full((12, 3, 3), np.inf)}, "bad.npz: x[0, 0, 0] = inf is not finite"),
        ({"x": None}, "bad.npz: x is no array"),
        ({"y": None}, "bad.npz: y is no array"),
        ({"activation": None}, "bad.npz does not name its activation: give one, as --activation tanh"),
        ({"activation": "tanhh"}, "bad.npz: activation = 'tanhh' is unknown. Did you mean tanh?"),
        ({"activation": 3}, "bad.npz: activation is no text"),
        ({"loss_at": "first"}, "bad.npz: loss_at = 'first' is unknown"),
        ({"bias": np.ones(5)}, "bad.npz holds 'bias', which is unknown"),
        (
            {"U": np.array([[{}]], dtype=object)},
            "bad.npz: U cannot be read: it holds Python objects, which are never loaded",
        ),
        ({"U": np.full((5, 5), "a")}, "bad.npz: U has dtype"),
        ({"cotangents": np.ones((12, 3, 4))}, "bad.npz: y and cotangents are both given"),
        ({"parameters": "{"}, "bad.npz: parameters cannot be read"),
    ],
)
def test_a_bad_file(changes, match):
    refused(rewrite(**changes), match=match)


def test_files_that_are_no_arrays():
    Path("text.npz").write_text("U = 1\n")
    refused("text.npz", match="text.npz is no .npz file: write it with numpy.savez")
    whole = Path("whole.npz").read_bytes()
    Path("cut.npz").write_bytes(whole[: len(whole) // 2])
    refused("cut.npz", match="cut.npz cannot be read: File is not a zip file")
    Path("empty.npz").write_bytes(b"")
    refused("empty.npz", match="empty.npz is no .npz file")
    place = whole.index(draw(length=12).U.tobytes()[:16])
    Path("flipped.npz").write_bytes(whole[:place] + b"\x00\x01" + whole[place + 2 :])
    refused("flipped.npz", match="flipped.npz: U cannot be read: Bad CRC-32")
    refused("nothing.npz", match="nothing.npz does not exist.")
    refused("nett.npz", match="Did you mean net.npz?")
    refused(".", match="is no file")
    refused("net.npz", "--inputs", "net.npz", match="net.npz is no .npy file: write it with numpy.save")
    data = Path("x.npy").read_bytes()
    Path("cut.npy").write_bytes(data[:-1])
    refused("net.npz", "--inputs", "cut.npy", match="cut.npy cannot be read: it is cut off")
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    refused("net.npz", "--inputs", "objects.npy", match="it holds Python objects, which are never loaded")


def test_a_header_that_promises_too_much():
    with zipfile.ZipFile("huge.npz", "w") as archive:
        for name in "UWV":
            with archive.open(f"{name}.npy", "w") as file:
                header = {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**40)}
                np.lib.format.write_array_header_1_0(file, header)
    refused("huge.npz", match="huge.npz: U cannot be read: it is cut off")


def test_more_than_the_machine_can_hold(monkeypatch):
    monkeypatch.setattr("rnnlab.api.network_files.memory", lambda: 100)
    refused("whole.npz", match="and this machine has 0.0 GiB of memory")


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("--measure", "gradient"), "measure.gradient is unknown. Did you mean gradients?"),
        (("-s", "gradients.step=2"), "measure.gradients.step is unknown. Did you mean steps?"),
        (("-s", "gradients.steps=often"), "measure.gradients.steps is"),
        (("-s", "steps=2"), "write MEASURE.SETTING=VALUE"),
        (("-s", "lags.max=2"), "lags is not measured; add --measure lags"),
        (("--cotangents", "c.npy"), "targets and cotangents are both given"),
        (("--name", "No name"), "is no name of an experiment"),
        (("--loss", "cross_entropy"), "y has shape"),
    ],
)
def test_bad_usage(arguments, match):
    refused(*GIVEN, *arguments, match=match)
