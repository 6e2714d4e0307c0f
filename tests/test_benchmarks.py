"""The benchmarks run: the smallest shape of `python -m benchmarks --quick --only kernels`, with the peers there are."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as command
from benchmarks import kernels
from benchmarks.shapes import QUICK


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_peers_agree_and_a_row_is_made(dtype, monkeypatch):
    monkeypatch.chdir(command.README.parent.parent)  # where `python -m benchmarks.worker` is found
    measured = kernels.measure(QUICK[-1], dtype, rounds=2)
    assert len(measured.rounds) == 2
    assert measured.speed() > 0
    row = kernels.line(measured)
    assert len(row) == len(kernels.HEAD)
    assert str(row[0]) == str(QUICK[-1])


def test_a_section_stands_between_its_markers():
    page = "a <!-- kernels: begin --> old <!-- kernels: end --> b"
    assert " old " not in command.between(page, "kernels", "new")
    page = command.README.read_text(encoding="utf-8")
    for name in command.SECTIONS:
        assert "new" in command.between(page, name, "new")
