"""What the literature says comes out of rnnlab; and a result that does not is told."""

from __future__ import annotations

import json
import math

import pytest
from click.testing import CliRunner

from rnnlab import published
from rnnlab.cli import main
from rnnlab.published.result import Measured, Published

QUICK = list(published.results(quick=True))


@pytest.mark.parametrize("claim", QUICK, ids=lambda claim: claim.name)
def test_published_results_come_out(claim):
    found = claim.check()
    assert found.passed, found


def test_every_claim_is_named_once_and_says_what_its_tolerance_is_made_of():
    claims = list(published.results())
    assert len({claim.name for claim in claims}) == len(claims) > len(QUICK)
    assert all(claim.source and claim.because for claim in claims)
    assert all(claim.tolerance >= 0 for claim in claims)


def claim(value: float, error: float = 0.0, relation: str = "=") -> Published:
    return Published(
        name="a", source="b", expected=1.0, tolerance=0.1, because="c", measure=lambda: Measured(value, error),
        relation=relation,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "error", "relation", "passes"),
    [
        (1.05, 0.0, "=", True),
        (1.2, 0.0, "=", False),
        (0.8, 0.0, "=", False),
        (1.2, 0.03, "=", True),
        (math.nan, 0.0, "=", False),
        (-5.0, 0.0, "<=", True),
        (1.2, 0.0, "<=", False),
        (math.nan, 0.0, "<=", False),
        (5.0, 0.0, ">=", True),
        (0.8, 0.0, ">=", False),
    ],
)
def test_a_claim_can_fail(value, error, relation, passes):
    assert claim(value, error, relation).check().passed is passes


@pytest.mark.parametrize(("value", "code"), [(1.0, 0), (2.0, 3)])
def test_the_command_prints_what_came_out(monkeypatch, value, code):
    monkeypatch.setattr(published, "results", lambda quick: iter([claim(1.0), claim(value)]))
    plain = CliRunner().invoke(main, ["check", "--quick"])
    assert plain.exit_code == code
    assert plain.stdout.count("pass") == (2 if code == 0 else 1)
    assert plain.stdout.count("FAIL") == (0 if code == 0 else 1)
    assert f"{2 if code == 0 else 1} of 2 published results came out" in plain.stderr
    found = CliRunner().invoke(main, ["check", "--json"])
    assert found.exit_code == code
    assert [each["passed"] for each in json.loads(found.stdout)] == [True, value == 1.0]
