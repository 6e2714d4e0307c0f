"""How figures look: colours that all readers tell apart, sizes for print, dark pages, files that repeat."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations
from types import ModuleType

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image

from rnnlab import figures, measures
from rnnlab.columns import Column
from rnnlab.errors import UsageError
from rnnlab.figures import style
from tests.frames import trials_frame

# Machado, Oliveira, Fernandes 2009, IEEE Trans. Vis. Comput. Graph. 15: severity 1, in linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
ACTIVATIONS = ["tanh", "sigmoid", "relu", "identity", "leaky_relu", "hardtanh"]


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour, matrix):
    rgb = np.clip(np.array(matrix) @ linear(colour), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def luminance(colour):
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour))


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("matrix", BLINDNESS.values(), ids=BLINDNESS)
def test_activations_are_told_apart_by_all_readers(matrix, dark):
    with figures.look(dark=dark):
        colours = style.colours(ACTIVATIONS)
    apart = [np.linalg.norm(lab(a, matrix) - lab(b, matrix)) for a, b in combinations(colours.values(), 2)]
    assert min(apart) > 10  # 2 is just noticeable


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_drawn_stands_out_from_the_page(dark):
    with figures.look(dark=dark):
        paper = style.shade(1.0)
        assert contrast(style.shade(0.0), paper) > 12
        assert contrast(style.shade(0.4), paper) > 4.5
        assert all(contrast(colour, paper) > 2 for colour in style.colours(ACTIVATIONS).values())
        assert all(contrast(colour, paper) > 1.5 for colour in style.colours([1.0, 2.0, 3.0, 4.0]).values())


@pytest.mark.parametrize("dark", [False, True])
def test_a_ramp_keeps_its_order_in_grey(dark):
    with figures.look(dark=dark):
        light = [luminance(colour) for colour in style.colours([1.0, 2.0, 3.0, 4.0, 5.0]).values()]
    assert light == sorted(light)


def test_each_activation_has_a_marker_of_its_own():
    assert len({style.marker(name) for name in ACTIVATIONS}) == len(ACTIVATIONS)


@pytest.fixture(scope="module")
def trials():
    return trials_frame(
        lambda p: np.log(p["recurrent_scale"]) - 0.3,
        activation=["tanh", "relu", "sigmoid"], recurrent_scale=[0.5, 1.0, 2.0, 4.0, 8.0],
        input_scale=[0.25, 1.0, 4.0], length=[10, 100], seed=[0, 1, 2],
    )  # fmt: skip


SEVERAL = [figures.growth, figures.length, figures.phase, figures.rates]


@pytest.mark.parametrize("size", ["column", "page", "slide", 120])
@pytest.mark.parametrize("draw", SEVERAL, ids=lambda draw: draw.__name__)
def test_a_figure_is_as_wide_as_asked_and_nothing_is_too_small_to_read(trials, draw, size):
    with figures.look(size=size):
        figure = draw(trials, "A title that is long enough to be broken into two lines where a column is narrow")
    width = {"column": 3.35, "page": 7.1, "slide": 10.0}.get(size) or size / 25.4
    assert figure.get_figwidth() == pytest.approx(width)
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    assert min(text.get_fontsize() for text in texts) >= 7
    bounds = figure.bbox
    legend = figure.legends[0].get_window_extent() if figure.legends else bounds
    assert legend.x0 >= bounds.x0 - 1
    assert legend.x1 <= bounds.x1 + 1
    title = figure._suptitle.get_window_extent()
    assert title.x0 >= bounds.x0
    assert title.x1 <= bounds.x1


@pytest.mark.parametrize("size", ["huge", "colum", 5, 1000, float("nan")])
def test_another_size_is_refused(size):
    with (
        pytest.raises(UsageError, match="give column, page, slide, or a width of 60 to 600 mm"),
        figures.look(size=size),
    ):
        pass


def test_dark_pages_are_dark_all_over(trials, tmp_path):
    with figures.look(dark=True):
        figure = figures.growth(trials)
    figures.save(figure, tmp_path / "dark.png")
    with Image.open(tmp_path / "dark.png") as image:
        pixels = np.asarray(image.convert("RGB"), float)
    assert pixels[0, 0] == pytest.approx([0x14, 0x18, 0x1F], abs=1)
    assert np.median(pixels.mean(axis=2)) < 40


def test_nothing_global_changes(trials, tmp_path):
    before = dict(mpl.rcParams)
    with figures.look(size="slide", dark=True):
        figures.save(figures.growth(trials), tmp_path / "x.png")
    assert dict(mpl.rcParams) == before
    assert style.theme() == style.Theme()


def test_a_notebook_shows_a_figure_once(trials):
    picture, size = figures.growth(trials)._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert size["width"] == 710


def test_the_ticks_of_a_figure_do_not_ask_the_settings_of_others(trials):
    figure = figures.growth(trials)
    with mpl.rc_context({"font.size": 30, "xtick.labelsize": 30}):
        figure.draw_without_rendering()
        sizes = {label.get_fontsize() for label in figure.axes[0].get_xticklabels()}
    assert sizes == {8}


@pytest.mark.parametrize(("suffix", "texts"), [(".png", 3), (".svg", 3), (".pdf", 3)])
def test_files_tell_what_they_are(trials, tmp_path, suffix, texts):
    figure = figures.growth(trials)
    figure.about = {"title": "T1", "description": "D2 of figure", "command": "rnnlab plot c3"}
    path = tmp_path / f"x{suffix}"
    figures.save(figure, path)
    raw = path.read_bytes()
    if suffix == ".png":
        with Image.open(path) as image:
            assert image.text["Title"] == "T1"
            assert image.text["Description"] == "D2 of figure"
            assert image.text["Comment"] == "rnnlab plot c3"
    else:
        assert all(word in raw for word in (b"T1", b"D2 of figure", b"rnnlab plot c3"))


def test_a_file_is_drawn_once(trials, tmp_path, monkeypatch):
    drawn = []
    figure = figures.growth(trials)
    with monkeypatch.context() as patched:
        patched.setattr(type(figure), "draw", lambda self, renderer: drawn.append(renderer))
        figures.save(figure, tmp_path / "x.png", tmp_path / "x.svg", tmp_path / "x.pdf")
    assert len(drawn) == 3


def test_settings_of_others_do_not_change_what_is_saved(trials, tmp_path):
    figures.save(figures.growth(trials), tmp_path / "x.png")
    with mpl.rc_context({"figure.autolayout": True, "savefig.bbox": "tight", "savefig.dpi": 30}):
        figures.save(figures.growth(trials), tmp_path / "y.png")
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()


def test_labels_are_those_of_the_measures_that_a_figure_is_of(monkeypatch):
    own = ModuleType("own")
    own.TABLES = {
        "own": (Column("pace", "float64", "how fast", "m/s"), Column("growth_rate", "float64", "another", "1/s")),
        "own_by_step": (Column("pace", "float64", "how fast at t", "m"), Column("t", "int64", "step")),
    }
    assert (style.label("pace"), style.unit("pace")) == ("pace", "")
    registered = {**measures.registry(), "own": own}
    monkeypatch.setattr(style.measures, "registry", lambda: registered)
    with style.columns_of(["own"]):
        assert (style.label("pace"), style.unit("pace")) == ("pace (m/s)", "m/s")
        assert style.label("growth_rate") == "growth rate (1/s)"
        assert style.label("lyapunov_max") == "largest Lyapunov exponent λ₁ (nats/step)"
    assert style.unit("growth_rate") == "nats/step"


def test_layout_is_made_anew_after_saving(trials, tmp_path):
    figure = figures.growth(trials)
    figures.save(figure, tmp_path / "x.png", tmp_path / "x.svg")
    assert type(figure.get_layout_engine()).__name__ == "ConstrainedLayoutEngine"


def test_the_catalogue_needs_nothing_heavy():
    heavy = {"matplotlib", "pandas", "numpy", "numba"}
    code = f"import rnnlab.figures, rnnlab.cli.plot, sys; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""


def test_kinds_are_functions_and_say_what_they_show():
    for kind in figures.CATALOGUE:
        assert callable(getattr(figures, kind.name))
        assert len(kind.shows) < 100
        assert kind.command.startswith("rnnlab plot ")
        assert set(kind.choices) <= {"x", "y", "hue", "column"}
    assert tuple(kind.name for kind in figures.CATALOGUE) == figures.KINDS
