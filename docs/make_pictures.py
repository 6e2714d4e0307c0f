"""Make the pictures of the pages on measures anew, with the commands that the pages show: `make pictures`."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
PAGES = sorted((HERE / "measures").glob("*.md"))
_BLOCK = re.compile(r"^```(toml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def make(page: Path) -> list[Path]:
    """Run what a page shows in an empty folder, and return the pictures that its commands drew, copied to docs/."""
    with tempfile.TemporaryDirectory() as folder:
        for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
            if language == "toml":
                Path(folder, f"{tomllib.loads(text)['name']}.toml").write_text(text, encoding="utf-8")
            else:
                _run(text, folder)
        drawn = sorted(Path(folder).glob("figures/**/*.png"))
        targets = [HERE / picture.relative_to(folder) for picture in drawn]
        for picture, target in zip(drawn, targets, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(picture, target)
    return targets


def _run(text: str, folder: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent), "MPLBACKEND": "agg"}
    for line in text.splitlines():
        if line.startswith("$ rnnlab "):
            argv = [sys.executable, "-m", *shlex.split(line.removeprefix("$ ").split("  #")[0])]
            subprocess.run(argv, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    for each in PAGES:
        for made in make(each):
            print(made.relative_to(HERE.parent))
