"""The how-tos: scripts for SLURM parse and do what they say without a queue; what needs PyTorch runs where it is."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import rnnlab

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"
BASH = shutil.which("bash")
GRID = """\
schema = 1
name = "grid"
[grid]
activation = ["tanh", "relu"]
length = 20
width = {width}
seed = {{ range = {seeds} }}
[measure.{measure}]
"""


def snippets(page: str, language: str) -> list[str]:
    text = (HOW_TO / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"^```\{{code-block\}} {language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


SCRIPTS = snippets("slurm", "bash")
ONE_NODE, ARRAY, COLLECT, _DASK = SCRIPTS


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """A folder with `rnnlab` and a `scontrol` that notes what it was asked, both on the path."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, line in {
        "rnnlab": f'exec "{sys.executable}" -m rnnlab "$@"',
        "scontrol": f'echo "$@" >> "{tmp_path}/asked"',
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(HOW_TO.parent.parent))
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    return tmp_path


def submitted(script: str, **environment: str) -> subprocess.Popen[str]:
    Path("job.sbatch").write_text(script, encoding="utf-8")
    given = {**os.environ, **environment}
    return subprocess.Popen([BASH, "job.sbatch"], env=given, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ended(job: subprocess.Popen[str], code: int = 0) -> str:
    out, err = job.communicate(timeout=300)
    assert job.returncode == code, out + err
    return out + err


@pytest.mark.skipif(BASH is None, reason="no bash")
@pytest.mark.parametrize("script", SCRIPTS, ids=["one node", "array", "collect", "dask"])
def test_scripts_are_bash(script):
    subprocess.run([BASH, "-n"], input=script, text=True, check=True)
    assert script.startswith("#!/bin/bash\n#SBATCH --job-name=")


@pytest.mark.skipif(BASH is None, reason="no bash")
def test_a_class_shares_compiled_kernels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    kernels = tmp_path / ".cache" / "rnnlab" / "kernels-0"
    kernels.mkdir(parents=True)
    put, take = snippets("class", "bash")
    subprocess.run([BASH, "-e"], input=put, text=True, check=True)
    kernels.rmdir()
    for _student in range(2):  # one who has a cache already loses nothing, and nests nothing
        subprocess.run([BASH, "-e"], input=take, text=True, check=True)
    assert [path.name for path in kernels.parent.iterdir()] == ["kernels-0"]


@pytest.mark.slow
@pytest.mark.skipif(BASH is None, reason="no bash")
def test_a_job_whose_time_is_up_is_queued_again_and_goes_on(cluster):
    Path("grid.toml").write_text(GRID.format(width=48, seeds=3000, measure="jacobian"), encoding="utf-8")
    job = submitted(ONE_NODE)
    while not list(Path("results").glob("grid/jacobian/*.parquet")):
        assert job.poll() is None, job.communicate()
        time.sleep(0.1)
    job.send_signal(signal.SIGTERM)
    ended(job, 143)
    assert Path("asked").read_text(encoding="utf-8") == "requeue 4711\n"
    done = rnnlab.load("grid").trials["log10_norm"].notna().sum()
    assert 0 < done < 6000
    Path("grid.toml").write_text(GRID.format(width=48, seeds=int(done) // 2, measure="jacobian"), encoding="utf-8")
    ended(submitted(ONE_NODE))
    assert Path("asked").read_text(encoding="utf-8") == "requeue 4711\n"  # not again


@pytest.mark.slow
@pytest.mark.skipif(BASH is None, reason="no bash")
def test_parts_of_an_array_become_one_store(cluster):
    Path("grid.toml").write_text(GRID.format(width=8, seeds=16, measure="gradients"), encoding="utf-8")
    for part in ("0", "1"):
        ended(submitted(ARRAY, SLURM_ARRAY_TASK_ID=part))
    assert set(rnnlab.load("grid", store="parts/1").trials["seed"]) == set(range(8, 16))
    assert "all 32 trials are done already, nothing to compute" in ended(submitted(COLLECT))
    assert len(rnnlab.load("grid", verify=True).trials) == 32


def test_what_the_page_on_pytorch_shows():
    pytest.importorskip("torch")
    namespace: dict[str, Any] = {}
    for text in snippets("torch", "python"):
        exec(compile(text, "torch.md", "exec"), namespace)


def test_the_page_on_pytorch_imports_it_nowhere_else():
    text = (HOW_TO / "torch.md").read_text(encoding="utf-8")
    plain = "".join(re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert "rnnlab.from_torch_state(state)" in plain
    assert "import torch" not in plain
