"""Write docs/figures/report-light.png and report-dark.png: `python docs/make_screenshots.py`, with a Chromium there."""

from __future__ import annotations

import sys
import tempfile
from contextlib import chdir
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.browser import browsing, opened  # noqa: E402

EXPERIMENT = """
schema = 1
name = "where-it-turns"
title = "Where does the gradient of tanh and ReLU networks turn from vanishing to exploding?"
[grid]
activation = ["tanh", "relu"]
recurrent_scale = { start = 0.5, stop = 8.0, num = 17, spacing = "log" }
input_scale = { start = 0.0, stop = 2.0, num = 9 }
width = 32
length = 40
seed = { range = 4 }
loss_at = "last"
initial_state = "gaussian"
[measure.gradients]
[measure.lags]
[measure.lyapunov]
"""


def main() -> None:
    """Run the experiment and photograph its report."""
    import rnnlab

    with tempfile.TemporaryDirectory() as name, chdir(name), browsing() as browser:
        file = Path("where-it-turns.toml")
        file.write_text(EXPERIMENT, encoding="utf-8")
        path = rnnlab.run(file).report("report.html").path
        for scheme in ("light", "dark"):
            with opened(browser, path, scheme=scheme, width=1200, height=860) as page:
                page.locator("#table tbody button").nth(30).click()
                page.wait_for_selector("body[data-curves]")
                page.evaluate("document.getElementById('explore').scrollIntoView()")
                page.screenshot(path=ROOT / "docs" / "figures" / f"report-{scheme}.png")


if __name__ == "__main__":
    main()
