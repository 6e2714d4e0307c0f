"""docs/reliability.md names the tests that keep each promise: they exist, and there are 25 promises."""

from __future__ import annotations

import re

import pytest

from tests.faults.runs import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \|.*\|$", PAGE, re.MULTILINE)
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def test_there_are_25_promises_each_with_a_test():
    assert [int(row) for row in ROWS] == list(range(1, 26))
    for line in PAGE.splitlines():
        if re.match(r"\| \d+ \|", line):
            assert re.search(r"`tests/[\w/]+\.py::\w+`", line), line[:60]


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_every_test_that_is_named_exists(path, name):
    source = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^(def {name}\(|{name} = )", source, re.MULTILINE)
