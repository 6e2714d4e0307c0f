"""What notebooks show: results as a small table, a run as one bar that changes in place; elsewhere nothing."""

from __future__ import annotations

import html.parser
from pathlib import Path

import nbclient
import nbformat
import pytest

import rnnlab
from rnnlab import api
from rnnlab.api import showing
from rnnlab.errors import StoreDamaged

ROOT = Path(__file__).parent.parent
SMALL = {
    "schema": 1,
    "name": "small",
    "title": "<b>1 & 2</b>",
    "grid": {
        "activation": ["tanh", "relu"],
        "recurrent_scale": [0.1, 9.0],
        "length": 12,
        "width": 4,
        "loss_at": "last",
    },
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    api.run(SMALL, store=store)
    return store


class Tags(html.parser.HTMLParser):
    """Checks that tags are closed, and gathers what is read between them."""

    def __init__(self, text):
        super().__init__()
        self.open, self.said = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)


def test_results_in_a_notebook(store):
    shown = rnnlab.load("small", store)._repr_html_()
    said = Tags(shown).said
    assert "<b>" not in shown
    assert ": <b>1 & 2</b>" in said
    for part in ("small", "activation, recurrent_scale", "gradients", "100% vanish", "growth_rate", "tanh"):
        assert part in said
    assert shown.count("<tr>") == 6 + 1 + 4  # facts, the head, every trial
    assert len(shown) < 10_000


def test_verdicts_successes_and_nulls():
    import pandas as pd

    assert showing._verdict(pd.DataFrame({"verdict": ["explodes", "vanishes", None]})) == "50% vanish, 50% explode"
    assert showing._verdict(pd.DataFrame({"success": [True, False, False, None]})) == "33% of the networks succeed"
    assert showing._verdict(pd.DataFrame({"x": [1]})) == ""
    assert list(showing._words([None, float("nan"), pd.NA, 1.23456, 3, "ok"])) == ["", "", "", "1.235", "3", "ok"]


def test_of_many_trials_the_first_are_shown(tmp_path):
    results = api.run({**SMALL, "grid": {**SMALL["grid"], "seed": {"range": 3}, "length": 3}}, store=tmp_path)
    shown = results._repr_html_()
    assert "The first 5 of 12 trials" in shown
    assert shown.count("<tr>") == 6 + 1 + 5


def test_of_a_huge_grid_none_is_read(store, monkeypatch):
    monkeypatch.setattr(showing, "MOST", 3)
    results = rnnlab.load("small", store)
    monkeypatch.setattr(type(results), "statistics", lambda self, measure: pytest.fail("read"))
    assert Tags(results._repr_html_()).said


def test_results_that_cannot_be_read_show_what_is_wrong(store, monkeypatch):
    def damaged(self, measure):
        raise StoreDamaged("a <file> is gone")

    results = rnnlab.load("small", store)
    monkeypatch.setattr(type(results), "statistics", damaged)
    shown = results._repr_html_()
    assert "a &lt;file&gt; is gone" in shown
    assert "&lt;Results of" in shown


def test_a_run_elsewhere_is_silent_unless_asked(tmp_path, capfd):
    assert not showing.in_notebook()
    api.run(SMALL, store=tmp_path / "a")
    api.run(SMALL, store=tmp_path / "b", progress=False)
    assert capfd.readouterr() == ("", "")
    api.run(SMALL, store=tmp_path / "c", progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "0 of 4 trials"
    assert err.splitlines()[-1] == "4 of 4 trials"
    seen = []
    api.run(SMALL, store=tmp_path / "d", progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4, 4)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the client's own sockets and event loop
def test_a_notebook(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    first = f"import rnnlab\nresults = rnnlab.run({SMALL!r}, store={str(tmp_path / 'results')!r})"
    other = f"import rnnlab\nresults = rnnlab.run({SMALL!r}, store={str(tmp_path / 'other')!r}, progress=False)"
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in (first, "results", first, other)]
    )
    nbclient.NotebookClient(
        book, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    ran, shown, again, silent = (cell["outputs"] for cell in book["cells"])
    [bar] = [each for each in ran if each["output_type"] == "display_data"]
    assert bar["data"]["text/plain"] == "4 of 4 trials"  # one output, in its last state
    assert 'max="4"' in bar["data"]["text/html"]
    assert "100% vanish" in shown[0]["data"]["text/html"]
    assert again == silent == []  # nothing was computed; nothing was to be shown
