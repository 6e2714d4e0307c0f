"""A page per measure: its settings and tables are those of the code, its sections those of every other page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rnnlab import measures

PAGES = Path(__file__).parent.parent / "docs" / "measures"
SECTIONS = ["Definition", "What it tells", "Settings", "Picture", "Cost", "Pitfalls", "Columns", "References"]
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def text_of(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def section(name: str, title: str) -> str:
    return text_of(name).split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_measure_has_a_page_that_the_index_names():
    assert {path.stem for path in PAGES.glob("*.md")} == {"index", *measures.registry()}
    for name in measures.registry():
        assert f"| [{name}]({name}.md) |" in text_of("index")
        assert f"\n{name}\n" in text_of("index")  # the table of contents


@pytest.mark.parametrize("name", measures.registry())
def test_sections_are_those_of_every_page(name):
    found = [title for title in re.findall(r"^## (.+)$", text_of(name), re.MULTILINE) if title in SECTIONS]
    assert found == SECTIONS


@pytest.mark.parametrize("name", measures.registry())
def test_settings_and_defaults_are_those_of_the_code(name):
    fields = measures.registry()[name].Settings.model_fields
    rows = {setting: default for setting, default, _meaning in ROW.findall(section(name, "Settings"))}
    assert list(rows) == list(fields)
    for setting, field in fields.items():
        if field.default is None:
            assert rows[setting].startswith("not given: ")
        else:
            assert rows[setting] == f"`{json.dumps(field.default)}`"


@pytest.mark.parametrize("name", measures.registry())
def test_columns_are_taken_from_the_page_that_the_code_writes(name):
    included = re.findall(r'^:start-after: "## Table `(\w+)`"$', section(name, "Columns"), re.MULTILINE)
    assert included == list(measures.registry()[name].TABLES)


@pytest.mark.parametrize("name", measures.registry())
def test_a_command_of_the_page_drew_its_picture(name):
    [(alt, picture)] = re.findall(r"!\[([^\]]*)\]\(\.\./([^)]+)\)", section(name, "Picture"))
    assert len(alt) > 40
    assert re.search(rf"^\$ rnnlab plot .*-o {re.escape(picture)}$", section(name, "Picture"), re.MULTILINE)
