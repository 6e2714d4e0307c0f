"""What Tab proposes: in each shell's own protocol, in real shells where they are, and without heavy imports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from rnnlab import api
from rnnlab.cli import main

ROOT = Path(__file__).parent.parent
SMALL = """\
schema = 1
name = "small"
[grid]
activation = ["tanh", "relu"]
recurrent_scale = [0.5, 2.0]
length = 5
width = 4
seed = { range = 2 }
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with an experiment, its results, and a command `rnnlab` that runs this tree."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "small.toml").write_text(SMALL, encoding="utf-8")
    (folder / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    api.run(folder / "small.toml", store=folder / "results")
    command = folder / "bin" / "rnnlab"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m rnnlab "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return folder


def environment(work):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RNNLAB_")}
    return {**kept, "PATH": f"{work / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def bash(work, *words):
    """Return what a real bash would propose for these words as it splits them, the last one unfinished."""
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        'eval "$(rnnlab completion bash -q)"; compopt() { :; }\n'
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMPREPLY=()\n"
        '_rnnlab_completion rnnlab; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=work, env=environment(work), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def proposed(work, *words, monkeypatch):
    """Return what is proposed in fish's protocol, which splits no words, without a process."""
    monkeypatch.chdir(work)
    monkeypatch.delenv("RNNLAB_STORE", raising=False)
    monkeypatch.setattr("rnnlab.cli._COMPLETES", True)
    variables = {"_RNNLAB_COMPLETE": "fish_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": words[-1]}
    done = CliRunner().invoke(main, [], prog_name="rnnlab", env=variables)
    assert done.exit_code == 0
    return [line.split(",", 1)[1].split("\t")[0] for line in done.stdout.splitlines() if line]


CASES = {
    "commands": (["rnnlab", "repro"], ["reproduce"]),
    "options": (["rnnlab", "run", "--max"], ["--max-failures", "--max-trials"]),
    "files and results": (["rnnlab", "run", "sma"], ["small"]),
    "shipped": (["rnnlab", "plan", "quicks"], ["quickstart"]),
    "no other file": (["rnnlab", "run", "pypr"], []),
    "results": (["rnnlab", "show", ""], ["small"]),
    "two results": (["rnnlab", "diff", "small", "s"], ["small"]),
    "columns that vary": (["rnnlab", "show", "small", "--where", ""], ["activation=", "recurrent_scale=", "seed="]),
    "values": (["rnnlab", "show", "small", "--where", "activation="], ["activation=tanh", "activation=relu"]),
    "parameters": (["rnnlab", "run", "small", "-s", "recurrent_i"], ["recurrent_init="]),
    "more values": (["rnnlab", "run", "small", "-s", "activation=tanh,rel"], ["activation=tanh,relu"]),
    "settings": (["rnnlab", "plan", "small", "-s", "measure.lags.l"], ["measure.lags.lags="]),
    "statistics": (["rnnlab", "show", "small", "--column", "growth_rate_"], ["growth_rate_se", "growth_rate_rms"]),
    "measures": (["rnnlab", "new", "x", "--measure", "gradients,ly"], ["gradients,lyapunov"]),
    "measures of a result": (["rnnlab", "show", "small", "--measure", ""], ["gradients"]),
    "activations": (["rnnlab", "new", "x", "--activation", "leaky"], ["leaky_relu"]),
    "tasks": (["rnnlab", "new", "x", "--task", "del"], ["delayed_xor"]),
    "kinds": (["rnnlab", "plot", "small", "surv"], ["survival"]),
    "sizes": (["rnnlab", "plot", "small", "--size", "p"], ["page"]),
    "axes of a figure": (["rnnlab", "plot", "small", "--x", "rec"], ["recurrent_scale"]),
    "axes": (["rnnlab", "show", "small", "--axis", "rec"], ["recurrent_scale"]),
    "shells": (["rnnlab", "completion", "z"], ["zsh"]),
    "no such command": (["rnnlab", "nonsense", "x"], []),
    "no such result": (["rnnlab", "extract", "nowhere", ""], []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_proposed(case, work, monkeypatch):
    words, expected = CASES[case]
    assert proposed(work, *words, monkeypatch=monkeypatch) == expected


def test_keys_of_trials(work, monkeypatch):
    keys = list(api.load("small", work / "results").trials["key"])
    assert sorted(proposed(work, "rnnlab", "extract", "small", "", monkeypatch=monkeypatch)) == sorted(keys)
    assert proposed(work, "rnnlab", "extract", "small", keys[0][:8], monkeypatch=monkeypatch) == [keys[0]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["rnnlab", "repro"], ["reproduce"]),
        (["rnnlab", "run", "small", "-s", "recurrent_i"], ["recurrent_init="]),
        (["rnnlab", "show", "small", "--where", "activation", "=", "ta"], ["tanh"]),
        (["rnnlab", "show", "small", "--where", "activation", "="], ["tanh", "relu"]),
        (["rnnlab", "run", "small", "--set", "=", "activation", "=", "tanh,re"], ["tanh,relu"]),
        (["rnnlab", "show", "small", "--where", "activation", "=", "tanh", "--measure", "gr"], ["gradients"]),
    ],
)
def test_a_real_bash(words, expected, work):
    assert bash(work, *words) == expected


def test_a_real_zsh(work):
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh")
    script = (
        'autoload -Uz compinit; compinit -u -D; eval "$(rnnlab completion zsh -q)"\n'
        'compadd() { print -r -- "$@" }\n'
        "words=(rnnlab run small -s activ); CURRENT=5; _rnnlab_completion\n"
        "words=(rnnlab run small -s activation=ta); CURRENT=5; _rnnlab_completion"
    )
    done = subprocess.run(
        ["zsh", "-f", "-c", script], cwd=work, env=environment(work), capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert "-S  -U -V unsorted -- activation=" in lines  # and no blank after it
    assert "-U -V unsorted -- activation=tanh" in lines


def test_a_real_fish(work):
    if shutil.which("fish") is None:
        pytest.skip("there is no fish")
    script = 'rnnlab completion fish -q | source; complete -C "rnnlab run small -s activation=ta"'
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], cwd=work, env={**environment(work), "HOME": str(work)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["activation=tanh"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_and_how_to_install_it(shell):
    done = CliRunner().invoke(main, ["completion", shell], prog_name="rnnlab")
    assert "_RNNLAB_COMPLETE" in done.stdout
    assert "For every one:" in done.stderr
    assert CliRunner().invoke(main, ["completion", "tcsh"]).exit_code == 2


@pytest.mark.parametrize(
    "words", [["rnnlab", "run", "sma"], ["rnnlab", "show", "small", "--where", "act"], ["rnnlab", "r"]]
)
def test_names_need_no_heavy_import(words, work):
    code = (
        "import sys\nfrom rnnlab.cli import main\n"
        "try:\n    main(prog_name='rnnlab')\nexcept SystemExit:\n    pass\n"
        "print({'numpy', 'pandas', 'pydantic', 'rich', 'pyarrow', 'numba'} & sys.modules.keys(), file=sys.stderr)"
    )
    variables = {"_RNNLAB_COMPLETE": "fish_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": words[-1]}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=work, env={**environment(work), "PYTHONPATH": str(ROOT), **variables},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip()
    assert done.stderr == "set()\n"
