"""The papers: what they show runs, what they list is complete, and no machine or host stands in the tree.

The pages' `{code-cell}` blocks, the pictures of the gallery, the links inside docs/ and its tables of contents are
checked by `make docs`, which CI runs: warnings are errors there.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rnnlab import experiment

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.toml"))
WORD_FOR_WORD = DOCS / "tutorial.md"  # test_tutorial runs it, and compares what it prints
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^([ ]*)(`{3,}|~{3,}|:{3,})[ ]*(\{?\w\S*)", re.MULTILINE)
RUN = ("python", "toml", "console", "sh")  # by the tests of this file
SHOWN = ("text", "json", "lua")  # nothing to run; JSON must be JSON
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
# The big experiments are shown whole and run small.
SMALL = "seed=0,1 width=8 length=12"
BIG = ("vanishing-exploding", "theory-beside-measurement")
NOT_RUN = (".", "#", "git")  # activating the environment, and fetching what is here
REGISTRIES = re.compile(r"\b(?:pypi|pythonhosted|anaconda|npmjs|debian|ubuntu|crates)\.(?:org|com|io|net)")
BINARY = (".png", ".svg", ".npz", ".parquet")
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|farm|root|home|Users|opt)/\w")


def blocks(page: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(language: str, text: str) -> Iterator[str]:
    for line in text.splitlines():
        if language == "sh" or line.startswith("$ "):
            yield line.removeprefix("$ ").split("  #")[0].strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in PAGES if blocks(p) and p != WORD_FOR_WORD], ids=lambda page: str(page.relative_to(ROOT))
)
def test_what_a_page_shows_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    shutil.copytree(ROOT / "experiments", "experiments")
    namespace: dict[str, Any] = {}
    for language, text in blocks(page):
        if language == "python":
            exec(compile(text, str(page), "exec"), namespace)
        elif language == "toml":
            write_experiment(text)
        elif language == "json":
            json.loads(text)
        elif language in ("console", "sh"):
            for command in commands(language, text):
                run(command)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_is_run_by_the_tests_or_built(page):
    for indent, fence, word in FENCE.findall(page.read_text(encoding="utf-8")):
        if not word.startswith("{"):  # of those it is Sphinx that knows them all
            assert word in (*RUN, *SHOWN), f"{word}: nothing runs such a block"
            assert (indent, fence) == ("", "```"), f"{word}: a block is not found where it is indented"


def test_code_cells_are_run_by_the_build_and_the_build_by_ci():
    conf = runpy.run_path(str(DOCS / "conf.py"))
    assert (conf["nb_execution_mode"], conf["nb_execution_raise_on_error"]) == ("force", True)
    assert "make docs\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert ("{code-cell}" in text) == ("kernelspec:" in text), f"{page.name}: without its header no cell is run"
        assert not re.search("skip-execution|raises-exception|execution_mode", text)


def write_experiment(text: str) -> None:
    data = tomllib.loads(text)
    experiment.parse(data, "docs")
    Path(f"{data['name']}.toml").write_text(text, encoding="utf-8")


def run(command: str) -> None:
    program, *arguments = shlex.split(command)
    if program == "make":
        assert set(arguments) - {"-C", "rnnlab"} <= targets()
    elif program not in NOT_RUN:
        assert program == "rnnlab"
        small = {"RNNLAB_RUN_SET": SMALL, "RNNLAB_PLAN_SET": SMALL} if any(map(command.__contains__, BIG)) else {}
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **small}
        argv = [sys.executable, "-m", "rnnlab", *arguments]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_experiments_are_sound(path):
    assert experiment.read(path).name == path.stem
    header = path.read_text(encoding="utf-8").split("\n\n")[0]
    for word in ("# Question", "# Expectation", "# Finding"):
        assert word in header


def test_every_command_is_documented():
    from rnnlab.cli import main

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in main.list_commands(None):
        assert f"`rnnlab {name}" in readme


def test_every_exit_code_is_documented():
    from rnnlab import errors

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    codes = {e.exit_code for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.RnnlabError)}
    for code in codes | {0}:
        assert f"\n| {code} |" in readme


def test_every_make_target_has_a_help_line():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets() == set(re.findall(r"^([a-z-]+):.*## \w", makefile, re.MULTILINE))


def test_pages_made_from_the_code_are_current():
    for path, text in runpy.run_path(str(DOCS / "make_reference.py"))["pages"]().items():
        assert path.read_text(encoding="utf-8") == text, f"docs/reference/{path.name} is not current: run `make docs`"


def test_one_version():
    import rnnlab

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == rnnlab.__version__
    assert f"## [{rnnlab.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"version {rnnlab.__version__}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_links_lead_somewhere():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]:
        for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(there), f"{page.name}: {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_lock_is_versions_and_hashes():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pin = re.compile(r"[a-z0-9-]+==[\w.]+( ; [\w.<>=!' ]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not pin.fullmatch(line) and not digest.fullmatch(line)] == []


def test_lock_holds_what_the_project_asks_for():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*data["project"]["dependencies"], *data["dependency-groups"]["dev"], *data["build-system"]["requires"]]
    locked = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    assert {re.split(r"[<>=\[]", name)[0] for name in asked} <= locked


@pytest.mark.parametrize("name", ["Makefile", ".ci/run", "pyproject.toml", "requirements.lock"])
def test_installing_names_no_host(name):
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_no_registry_and_no_machine_path_in_the_tree():
    this = Path(__file__).relative_to(ROOT)
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path in tracked_files()
        if path != this
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if REGISTRIES.search(line) or MACHINE_PATHS.search(line)
    ]
    assert found == []


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [Path(name) for name in listed.decode().split("\0") if name]
    return [path for path in paths if path.suffix not in BINARY and (ROOT / path).is_file()]


def test_the_gallery_has_every_kind_of_figure():
    from rnnlab.figures import KINDS

    drawn = re.findall(r"^rnnlab plot \S+ (\w+)", (DOCS / "gallery.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(drawn) == set(KINDS)
