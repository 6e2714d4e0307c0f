"""Row 14: a trial that memory does not hold fails by itself; the others are computed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pandas as pd
import pytest

from tests.faults.runs import ROOT

LIMITED = textwrap.dedent("""
    import resource, sys, warnings
    from rnnlab import runner
    from tests.test_runner import made

    warnings.simplefilter("ignore")
    small = dict(activation="tanh", recurrent_scale=0.5, seed=[0, 1])
    runner.run(made("warm", length=[3, 12], **small), store=sys.argv[1], workers=1)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**29, used + 2**29))
    print(runner.run(made(width=5, length=[3, 40_000_000], **small), store=sys.argv[1], workers=1))
""")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on memory is Linux's")
def test_a_trial_that_memory_does_not_hold_fails_and_the_rest_go_on(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "new=4, done=0, failed=2" in done.stdout
    assert len(pd.read_parquet(tmp_path / "e" / "gradients")) == 2
    failures = pd.read_parquet(tmp_path / "e" / "failures")
    assert failures["message"].str.contains("Memory|GiB").all()
