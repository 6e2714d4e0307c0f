"""The report in a real browser: what it shows is what the store has, by mouse and by keyboard, in light and dark."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.browser import browsing, opened
from tests.test_report import ran

SCALES, INPUTS, SEEDS = [0.5, 1.0, 2.0, 4.0], [0.0, 0.5, 1.0], 3
PHASE = 'document.getElementById("diagram")'

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browsed")
    results = ran(folder, name="b", recurrent_scale=SCALES, input_scale=INPUTS, seed={"range": SEEDS}, length=8)
    return results, results.report(folder / "b.html").path


@pytest.fixture(scope="module")
def chrome():
    with browsing() as browser:
        yield browser


@pytest.fixture
def page(made, chrome):
    with opened(chrome, made[1]) as page:
        yield page


def status(page):
    return page.locator("#status").inner_text()


def means(results, activation, column="growth_rate"):
    trials = results.trials[results.trials.activation == activation]
    return trials.pivot_table(index="input_scale", columns="recurrent_scale", values=column, dropna=False).to_numpy()


def drawn(page, panel=0):
    maps = page.evaluate(f'{PHASE}.data.filter((each) => each.type === "heatmap").map((each) => each.z)')
    return np.array(maps[panel], float)


def pairs_of(page, place):
    names, values = (page.locator(f"{place} {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(names, values, strict=True))


def test_first_picture_is_the_phase_diagram(page, made):
    assert page.title().endswith("rnnlab report")
    for panel, activation in enumerate(("tanh", "relu")):
        np.testing.assert_allclose(drawn(page, panel), means(made[0], activation), rtol=1e-6)
    assert page.locator("#diagram .heatmaplayer image").count() == 2
    assert page.locator("#diagram .legend").count() == 0  # of the line where the mean is zero: the note tells of it
    assert status(page) == "72 trials shown."


def test_filter_changes_counts_picture_and_table(page, made):
    page.locator("#filter-seed summary").click()
    page.locator("#filter-seed input").nth(1).uncheck()
    assert status(page) == "48 of 72 trials shown."
    trials = made[0].trials
    left = trials[(trials.seed != 1) & (trials.activation == "tanh")]
    expected = left.pivot_table(index="input_scale", columns="recurrent_scale", values="growth_rate").to_numpy()
    np.testing.assert_allclose(drawn(page), expected, rtol=1e-6)
    assert "48 trials that pass" in page.locator("#caption").inner_text()
    for box in page.locator("#filter-seed input").all():
        box.uncheck()
    assert status(page) == "0 of 72 trials shown."
    assert page.locator("#diagram-note").inner_text() == "No trial passes the filters."
    page.locator("#reset").click()
    assert status(page) == "72 of 72 trials shown."
    assert page.locator("#diagram").is_visible()


def test_axes_and_statistic_are_chosen(page, made):
    page.locator("#choose-show").select_option("lyapunov_max")
    np.testing.assert_allclose(drawn(page), means(made[0], "tanh", "lyapunov_max"), rtol=1e-6)
    page.locator("#choose-y").select_option("")
    kinds = page.evaluate(f"{PHASE}.data.map((each) => each.type)")
    assert set(kinds) == {"scatter"}
    assert page.locator("#diagram .xtick text").all_text_contents() == ["0.5", "1", "2", "4"]
    page.locator("#choose-x").select_option("activation")
    assert page.locator("#choose-split").input_value() == "recurrent_scale"


def hover(page, panel, up, across):
    """Move the mouse to the middle of a cell."""
    spot = page.evaluate(
        f"""([panel, up, across]) => {{
            const layout = {PHASE}._fullLayout, box = {PHASE}.getBoundingClientRect();
            const x = layout["xaxis" + (panel ? panel + 1 : "")], y = layout["yaxis" + (panel ? panel + 1 : "")];
            return [box.left + x._offset + x.c2p(across), box.top + y._offset + y.c2p(up)];
        }}""",
        [panel, up, across],
    )
    page.mouse.move(spot[0] - 3, spot[1] - 3)
    page.mouse.move(*spot)
    page.wait_for_selector("#readout dl")
    return spot


def test_hover_tells_the_numbers_of_the_store(page, made):
    page.locator("#diagram").scroll_into_view_if_needed()
    hover(page, 1, 2, 3)
    told = pairs_of(page, "#readout")
    trials = made[0].trials
    cell = trials[(trials.activation == "relu") & (trials.input_scale == 1.0) & (trials.recurrent_scale == 4.0)]
    assert (told["activation"], told["recurrent scale g"], told["trials"]) == ("relu", "4", "3")
    assert float(told["mean growth rate (nats/step)"]) == pytest.approx(cell.growth_rate.mean(), rel=1e-6)


def test_click_shows_the_curve_of_the_store_and_the_command(page, made):
    page.locator("#diagram").scroll_into_view_if_needed()
    page.mouse.click(*hover(page, 0, 1, 2))
    page.wait_for_selector("body[data-curves]")
    key = page.locator("#trial-heading").inner_text().removeprefix("Trial ")
    trials = made[0].trials.set_index("key")
    assert (trials.activation[key], trials.input_scale[key], trials.recurrent_scale[key]) == ("tanh", 0.5, 2.0)
    for i, (table, at, column) in enumerate([
        ("gradients_by_step", "t", "log10_grad_norm_h"), ("lags_by_lag", "lag", "log10_rms_contribution"),
        ("lyapunov_by_index", "i", "lyapunov_exponent"),
    ]):  # fmt: skip
        stored = made[0].table(table, [at, column], where={"key": key}).dropna()
        curve = page.evaluate('(i) => document.querySelectorAll(".curve")[i].data.at(-1)', i)
        assert curve["x"] == list(stored[at])
        np.testing.assert_allclose(curve["y"], stored[column], rtol=1e-6)
    store = made[0].store
    assert page.locator("#extract").inner_text() == f"rnnlab extract b {key} -o b-{key}.npz --store {store}"
    page.get_by_role("button", name="Copy").click()
    said = page.wait_for_selector(".copy [role=status]:not(:empty)").inner_text()  # the clipboard takes its time
    assert said in ("Copied.", "Select it and copy it by hand.")
    page.locator("#trial select").select_option(index=2)
    other = page.locator("#trial-heading").inner_text().removeprefix("Trial ")
    assert other != key
    assert trials.seed[other] == 2


def column_of(page, name):
    heads = page.locator("#table thead th").all_inner_texts()
    at = next(i for i, head in enumerate(heads) if head.startswith(name))
    return at, [row.locator("th,td").nth(at).inner_text() for row in page.locator("#table tbody tr").all()]


def test_sorting(page, made):
    button = page.locator("#table thead button", has_text="growth rate")
    expected = sorted(made[0].trials.growth_rate.dropna())
    for direction, first in (("ascending", expected[0]), ("descending", expected[-1])):
        button.click()
        at, shown = column_of(page, "growth rate")
        assert page.locator("#table thead th").nth(at).get_attribute("aria-sort") == direction
        assert float(shown[0]) == pytest.approx(first, rel=1e-6)
    assert page.locator("#table thead th[aria-sort=none]").count() == page.locator("#table thead th").count() - 1
    page.locator("#pages button", has_text="Last").click()
    assert column_of(page, "growth rate")[1][-1] == "null" or made[0].trials.growth_rate.notna().all()
    assert "51 to 72 of 72" in page.locator("#caption").inner_text()


def test_table_has_the_numbers_of_the_store(page, made):
    _, shown = column_of(page, "growth rate")
    keys = [each.inner_text() for each in page.locator("#table tbody button").all()]
    rates = made[0].trials.set_index("key").growth_rate
    for key, text in zip(keys, shown, strict=True):
        assert (text == "null") if np.isnan(rates[key]) else float(text) == pytest.approx(rates[key], rel=1e-6)


def test_keyboard_alone(page, made):
    page.locator("#diagram").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("PageDown")
    assert re.search(r"recurrent scale g 1, input scale 0\.5, activation relu, trials 3", status(page))
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "trial-heading"
    key = page.locator("#trial-heading").inner_text().removeprefix("Trial ")
    trial = made[0].trials.set_index("key").loc[key]
    assert (trial.activation, trial.recurrent_scale, trial.input_scale) == ("relu", 1.0, 0.5)
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "diagram"

    page.locator("#table tbody button").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("#trial-heading").inner_text() == f"Trial {made[0].trials.key[2]}"
    assert page.locator("#table tbody tr[aria-current]").count() == 1
    assert status(page).startswith(f"Trial {made[0].trials.key[2]}")


def test_skip_link_comes_first(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#explore"


def ground(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


FIGURE = "(({{ src, dataset }}) => dataset.light && src {} dataset.light)(document.querySelector('figure img'))"


def test_dark_by_preference_and_by_button(made, chrome):
    with opened(chrome, made[1], scheme="dark") as page:
        assert ground(page) == "rgb(20, 24, 28)"
        assert page.evaluate(f"{PHASE}.layout.font.color") == "#e6eaee"
        page.wait_for_function(FIGURE.format("!=="))
        page.locator("#theme").click()
        assert ground(page) == "rgb(255, 255, 255)"
        assert page.evaluate(f"{PHASE}.layout.font.color") == "#1a1f24"
        page.wait_for_function(FIGURE.format("==="))
        assert page.evaluate("[...document.images].every((each) => each.complete && each.naturalWidth)")


def test_print_is_light_and_has_no_controls(made, chrome):
    with opened(chrome, made[1], scheme="dark") as page:
        page.emulate_media(media="print")
        assert not page.locator("#controls").is_visible()
        assert page.locator("#diagram").is_visible()
        assert page.evaluate("document.documentElement.hasAttribute('data-dark')") is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(made, chrome, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(chrome, made[1], scheme=scheme) as page:
        page.locator("#table tbody button").first.click()
        page.wait_for_selector("body[data-curves]")
        for summary in page.locator("details > summary").all():
            summary.click()
        found = axe.run(page).response["violations"]
    serious = [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found]
    assert not serious


def test_narrow_pages_do_not_scroll_sideways(made, chrome):
    with opened(chrome, made[1], width=400) as page:
        page.locator("#table tbody button").first.click()
        page.wait_for_selector("body[data-curves]")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.parametrize(
    ("measures", "grid"),
    [
        (("training",), {"task": "temporal_order", "length": 10, "recurrent_scale": 1.0, "learning_rate": 0.01}),
        (("terms",), {"seed": 0}),
        (("gradients",), {"activation": "relu", "recurrent_scale": 1e9, "length": 60}),
        (("gradients",), {"activation": "tanh", "recurrent_scale": 1.0, "seed": 0}),
        (("theory", "digits", "horizon"), {}),
    ],
    ids=["training", "terms", "all diverged", "one trial", "others"],
)
def test_every_kind_of_experiment_opens(tmp_path, chrome, measures, grid):
    results = ran(tmp_path, measures=measures, **grid)
    with opened(chrome, results.report(tmp_path / "r.html").path) as page:
        assert not page.evaluate("Boolean(window.alert.called)")
        page.locator("#table tbody button").first.click()
        page.wait_for_selector("#curves > *, #trial-body .note")
        assert page.locator("#trial-heading").inner_text() == f"Trial {results.trials.key[0]}"
