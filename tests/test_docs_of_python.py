"""Every public name has a docstring and stands on a page of the reference; what docstrings show is what comes out."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import rnnlab
from rnnlab import analysis, figures, theory

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
DIRECTIVE = re.compile(r"^\.\. (?:auto)?(?:function|class|exception|data|module):: ([\w.]+)$", re.MULTILINE)
PUBLIC = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (rnnlab, analysis, figures, theory)
    for name in module.__all__
}


def documented() -> set[str]:
    """The full names that the pages of the reference have a directive for."""
    names: set[str] = set()
    for page in REFERENCE.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        module = re.search(r"^\.\. (?:auto)?module:: (\S+)", text, re.MULTILINE)
        for whole in re.findall(r"^\.\. automodule:: (\S+)\n   :members:", text, re.MULTILINE):
            names |= {f"{whole}.{name}" for name in importlib.import_module(whole).__all__}
        names |= {name if "." in name or not module else f"{module[1]}.{name}" for name in DIRECTIVE.findall(text)}
    return names


def test_every_public_name_stands_in_the_reference():
    assert set(PUBLIC) - documented() == set()


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_has_a_docstring(name):
    thing = PUBLIC[name]
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"
    if callable(thing) or inspect.ismodule(thing):
        assert thing.__doc__


def modules_with_examples() -> list[str]:
    root = Path(rnnlab.__file__).parent
    found = [info.name for info in pkgutil.walk_packages([str(root)], "rnnlab.")]
    sources = {name: root.parent / Path(*name.split(".")) for name in found}
    files = {
        name: next(p for p in (path / "__init__.py", path.with_suffix(".py")) if p.exists())
        for name, path in sources.items()
    }
    return [name for name, path in files.items() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_of_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module: Any = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    "function", [rnnlab.draw, rnnlab.gradients, rnnlab.gradient_statistics, rnnlab.measure, rnnlab.train, rnnlab.terms,
                 rnnlab.lyapunov_exponents, rnnlab.from_torch_state, analysis.summary, analysis.wilson,
                 *(getattr(theory, name) for name in theory.__all__ if callable(getattr(theory, name)))],
    ids=lambda function: function.__name__,
)  # fmt: skip
def test_the_main_functions_show_an_example(function):
    assert ">>> " in function.__doc__
