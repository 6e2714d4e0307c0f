"""What may be asked of figures: axes, colours, columns and trials, of every kind, and what cannot be said why not."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

import rnnlab
from rnnlab import figures
from rnnlab.cli import main
from rnnlab.errors import UsageError
from rnnlab.figures.distributions import bins
from rnnlab.figures.drawing import Asked
from rnnlab.figures.kinds import command_of
from tests.frames import trials_frame

EXPERIMENT = """
schema = 1
name = "{name}"
title = "A title"
[grid]
activation = {activations}
recurrent_scale = {scales}
width = 6
length = {lengths}
initial_state = "gaussian"
seed = {{ range = 2 }}
{measures}
"""
MEASURES = "\n".join(f"[measure.{name}]" for name in ("gradients", "lyapunov", "jacobian", "terms", "lags", "theory"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    scales = [0.5, 1.0, 2.0, 4.0]
    text = EXPERIMENT.format(
        name="small", activations=["tanh", "identity"], scales=scales, lengths=[6, 12], measures=MEASURES
    )
    (folder / "small.toml").write_text(text, encoding="utf-8")
    rnnlab.run(folder / "small.toml", store=folder / "results")
    return folder / "results"


@pytest.fixture(scope="module")
def results(store):
    return rnnlab.load("small", store=store)


OF_GRADIENTS = [kind.name for kind in figures.CATALOGUE if kind.measures != ("training",)]


@pytest.mark.parametrize("kind", OF_GRADIENTS)
def test_every_kind_of_figure_at_every_size_and_dark(results, kind):
    for size, dark in (("page", False), ("column", True)):
        figure = results.plot(kind, size=size, dark=dark)
        figure.draw_without_rendering()
        assert figure.about["kind"] == kind
        assert figure.about["title"] == "A title"
        assert figure.about["description"].startswith(f"Figure of kind {kind} of experiment small: ")
        assert figure.about["command"] == (f"rnnlab plot small {kind}" + (" --size column --dark" if dark else ""))


def test_kind_follows_what_is_asked_for(results):
    assert results.plot().about["kind"] == "growth"
    assert results.plot().about["command"] == "rnnlab plot small"
    assert results.plot(y="length").about["kind"] == "phase"
    assert results.plot(column="lyapunov_max").about["kind"] == "statistics"
    assert results.plot(column="log10_singular_value").about["kind"] == "histogram"
    assert results.plot(column="state_rms").about["kind"] == "steps"
    assert results.plot(column="growth_rate", where={"recurrent_scale": 1.0, "length": 6}).about["kind"] == "histogram"


def test_growth_by_another_hue_keeps_activations_by_kind_of_line(results):
    figure = results.plot("growth", hue="length")
    words = {text.get_text() for text in figure.legends[0].get_texts()}
    assert {"length 6", "length 12", "tanh", "identity"} <= words
    means = [line for line in figure.axes[0].get_lines() if line.get_gid() == "mean"]
    assert len(means) == 4
    trials = results.trials
    own = trials[(trials["activation"] == "tanh") & (trials["length"] == 12)]
    expected = own.groupby("recurrent_scale")["growth_rate"].mean()
    assert any(np.allclose(line.get_ydata(), expected) for line in means)


def test_growth_has_what_mean_field_says(results):
    trials = results.trials
    lines = [line for line in results.plot("growth").axes[0].get_lines() if line.get_gid() == "theory"]
    own = trials[(trials["activation"] == "tanh") & (trials["length"] == 12)]
    expected = own.groupby("recurrent_scale")["growth_rate_predicted"].mean()
    assert any(np.allclose(line.get_ydata(), expected) for line in lines)


def test_a_statistic_of_another_measure(results):
    figure = results.plot("statistics", column=["growth_rate", "lyapunov_max"], x="length", hue="recurrent_scale")
    assert [axes.get_title("left") for axes in figure.axes] == ["growth_rate", "lyapunov_max"]
    assert figure.axes[1].get_ylabel() == "largest Lyapunov exponent λ₁ (nats/step)"
    trials = results.trials
    own = trials[(trials["recurrent_scale"] == 4.0) & (trials["activation"] == "tanh")]
    assert figure.axes[0].get_xlabel() == "length T"
    expected = own.groupby("length")["growth_rate"].mean()
    drawn = [bars.lines[0].get_ydata() for bars in figure.axes[0].containers]
    assert any(np.allclose(each, expected) for each in drawn)


def test_steps_of_chosen_trials_by_the_beginning_of_their_keys(results):
    keys = list(results.trials["key"].iloc[[0, 5]])
    figure = results.plot("steps", where={"key": [key[:8] for key in keys]})
    table = results.table("gradients_by_step", ["key", "t", "log10_grad_norm_h"], where={"key": keys})
    drawn = [line.get_ydata() for axes in figure.axes for line in axes.get_lines()]
    assert any(np.allclose(each, table[table["key"] == keys[0]]["log10_grad_norm_h"]) for each in drawn)
    with pytest.raises(UsageError, match=r"--where key=zz: no trial of small has a key that begins so"):
        results.plot("steps", where={"key": "zz"})


def test_steps_of_another_column(results):
    figure = results.plot("steps", column="phi_prime_mean")
    assert figure.axes[0].get_ylabel() == "mean of phi'"


def test_where_takes_statistics_too(results):
    trials = results.trials
    verdict = trials["verdict"].iloc[0]
    assert isinstance(results.plot("histogram", where={"verdict": verdict}), Figure)
    with pytest.raises(
        UsageError, match=r"--where verdit: of one row a trial, small has no such column\. Did you mean verdict"
    ):
        results.plot("growth", where={"verdit": "x"})


@pytest.mark.parametrize(
    ("kind", "asked", "message"),
    [
        ("growth", {"y": "length"}, r"--y length: means nothing to the figure growth, which takes --x, --hue"),
        ("growth", {"column": "lyapunov_max"}, r"--column lyapunov_max: means nothing to the figure growth"),
        ("growth", {"x": "activation"}, r"--x activation: its values are words"),
        ("growth", {"hue": "recurrent_scale"}, r"--hue recurrent_scale: this axis is shown already"),
        ("length", {"hue": "widht"}, r"--hue widht: no parameter is called so"),
        ("histogram", {"column": "growth_rat"}, r"--column growth_rat: small has no such number\. Did you mean growth"),
        ("phase", {"column": "state_rms"}, r"--column state_rms: of one row a trial, small has no such number"),
        ("phase", {"column": ["growth_rate", "chi"]}, r"the figure phase shows one, not 2; statistics and training"),
        ("steps", {"column": "verdict"}, r"--column verdict: gradients_by_step has no such number"),
        ("pears", {}, r"figure pears is unknown\. Did you mean pairs"),
        ("success", {}, r"the figure success needs the measure training; small has gradients, terms"),
    ],
)
def test_what_means_nothing_is_refused(results, kind, asked, message):
    with pytest.raises(UsageError, match=message):
        results.plot(kind, **asked)


def test_spectra_have_their_laws(results):
    figure = results.plot("spectrum", where={"activation": "identity", "length": 12})
    exponents, singular = figure.axes[:2]
    law = [line for line in exponents.get_lines() if line.get_gid() == "law"]
    i = (np.arange(6) + 0.5) / 6
    expected = [np.log(g) + 0.5 * np.log(1 - i) for g in (0.5, 1.0, 2.0, 4.0)]
    for line, each in zip(law, expected, strict=True):
        assert np.allclose(line.get_ydata(), each)
        assert np.allclose(line.get_xdata(), i)
    assert len([line for line in singular.get_lines() if line.get_gid() == "law"]) == 4


def test_histogram_counts_every_trial():
    values = iter(np.linspace(-1, 1, 60))
    frame = trials_frame(lambda p: next(values), activation=["tanh", "relu"], seed=list(range(30)))
    frame.loc[0, "growth_rate"] = np.nan
    figure = figures.histogram(frame, "growth_rate")
    assert figure.axes[0].get_xlabel() == "growth rate (nats/step)"
    steps = [patch.get_data() for axes in figure.axes for patch in axes.patches if not patch.get_fill()]
    assert [int(step.values.sum()) for step in steps] == [29, 30]
    for step, activation in zip(steps, ["tanh", "relu"], strict=True):
        own = frame[frame["activation"] == activation]["growth_rate"].dropna()
        assert np.array_equal(step.values, np.histogram(own, step.edges)[0])
    assert [text.get_text() for text in figure.axes[0].texts] == ["1 of 30 not finite"]
    with pytest.raises(UsageError, match="has no number"):
        figures.histogram(frame.assign(growth_rate=np.nan), "growth_rate")


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50).map(np.array), st.booleans())
def test_bins_hold_everything(values, whole):
    values = np.round(values) if whole else values
    edges = bins(values, whole=whole)
    assert (np.diff(edges) > 0).all()
    assert len(edges) <= 43
    assert np.histogram(values, edges)[0].sum() == len(values)


words = st.sampled_from(["tanh", "relu", "sigmoid", "identity"])


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([figures.growth, figures.length, figures.phase, figures.rates]),
    st.lists(words, min_size=1, max_size=4, unique=True),
    st.lists(st.floats(0.01, 50.0), min_size=1, max_size=6, unique=True),
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=3, unique=True),
    st.lists(st.integers(1, 300), min_size=1, max_size=3, unique=True),
    st.integers(1, 3),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_any_grid_has_its_figures_or_says_why_not(draw, activations, scales, inputs, lengths, seeds, lost, seed):
    rng = np.random.default_rng(seed)
    frame = trials_frame(
        lambda p: float(rng.normal()), activation=activations, recurrent_scale=scales, input_scale=inputs,
        length=lengths, seed=list(range(seeds)),
    )  # fmt: skip
    gone = rng.random(len(frame)) < lost
    frame = frame.assign(status=np.where(gone, "diverged", "ok"), growth_rate=frame["growth_rate"].mask(gone))
    with contextlib.suppress(UsageError), figures.look(size=rng.choice(["column", "page"])):
        draw(frame, "title").draw_without_rendering()


def test_lengths_that_all_diverged_have_an_axis_still():
    frame = trials_frame(lambda p: np.nan, length=[1, 4, 16]).assign(status="diverged")
    figure = figures.length(frame)
    figure.draw_without_rendering()
    low, high = figure.axes[-1].get_xlim()
    assert low < 1 < 16 < high


def run(*words):
    return CliRunner().invoke(main, list(map(str, words)))


def test_the_command_takes_all_of_it(store, tmp_path):
    output = tmp_path / "phase.pdf"
    done = run(
        "plot", "small", "phase", "--store", store, "--x", "length", "--y", "recurrent_scale", "--hue", "activation",
        "--column", "lyapunov_max", "--size", "column", "--dark", "--where", "seed=0,1", "-o", output, "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["command"] == (
        "rnnlab plot small phase --x length --y recurrent_scale --hue activation --column lyapunov_max "
        "--where seed=0,1 --size column --dark"
    )
    assert told["files"] == [str(output)]
    assert output.read_bytes().startswith(b"%PDF")


def test_a_command_draws_what_it_drew(results, store, tmp_path):
    figure = results.plot("growth", hue="length", where={"seed": [0]})
    figures.save(figure, tmp_path / "one.png")
    words = figure.about["command"].split()[1:]
    done = run(*words, "--store", store, "-o", tmp_path / "two.png")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--x", "lenght"], "Error: --x lenght: no parameter is called so. Did you mean length?"),
        (["--size", "colum"], "Error: size colum: give column, page, slide, or a width of 60 to 600 mm. Did you mean"),
        (["grwth"], "Error: figure grwth is unknown. Did you mean growth?"),
        (["-o", "x.gif"], "a figure ends in .png, .svg or .pdf"),
        (["--where", "seed=7"], "no trial has seed = 7"),
    ],
)
def test_the_command_says_what_is_wrong(store, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    done = run("plot", "small", "--store", store, *words)
    assert done.exit_code == 2
    assert message in done.stderr
    assert list(Path().iterdir()) == []


def test_help_lists_every_kind():
    text = run("plot", "--help").output
    for kind in figures.CATALOGUE:
        assert f"  {kind.name} " in text
        assert kind.shows in text


def test_a_command_quotes_what_a_shell_would_take_apart():
    command = command_of("x", Asked("steps"), {"data": "a b.npz"})
    assert command == "rnnlab plot x steps --where 'data=a b.npz'"


def test_the_page_on_figures_says_what_the_catalogue_says():
    page = (Path(__file__).parent.parent / "docs" / "figures.md").read_text(encoding="utf-8")
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    for kind in figures.CATALOGUE:
        choices = ", ".join(f"`--{choice}`" for choice in kind.choices)
        assert f"| `{kind.name}` | {kind.shows} | {' or '.join(kind.measures) or 'any'} | {choices} |" in page
    assert f"as PNG and SVG: {', '.join(figures.KINDS)};" in readme
