"""Try built packages as a user meets them: `python tests/installed.py dist/*`, each in an environment of its own.

The environment holds the package, what it depends on in the versions of requirements.lock, and nothing else; the folder
in which rnnlab is used is empty. Ends with the first command that fails.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    "--version",
    "new mine",
    "run mine",
    "show mine",
    "plot mine",
    "report mine",
    "reproduce mine",
)
OF_THE_CHECKOUT = ("PYTHONPATH", "RNNLAB_STORE")


def try_package(package: Path, folder: Path) -> None:
    """Install a wheel or an sdist into a new environment in the folder, and use it there."""
    venv.create(folder / "environment", with_pip=True)
    binaries = folder / "environment" / ("Scripts" if os.name == "nt" else "bin")
    pins = folder / "pins.txt"
    pins.write_text(versions((ROOT / "requirements.lock").read_text(encoding="utf-8")), encoding="utf-8")
    call(
        [binaries / "python", "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-c", pins, package], folder
    )
    work = folder / "work"
    work.mkdir()
    for command in COMMANDS:
        call([binaries / "rnnlab", *command.split()], work)
    call([binaries / "python", "-m", "rnnlab", "--help"], work)


def versions(lock: str) -> str:
    """Return the pins of a lock without their hashes, which would be asked of the package itself too."""
    return "\n".join(re.findall(r"^([a-z0-9-]+==.*?) \\$", lock, re.MULTILINE)) + "\n"


def call(command: list[object], folder: Path) -> None:
    """Run a command without the checkout in sight; what it says goes to the terminal."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_THE_CHECKOUT}
    words = [str(word) for word in command]
    print("$", Path(words[0]).name, *words[1:], flush=True)
    subprocess.run(words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as temporary:
            try_package(Path(name).resolve(), Path(temporary))
        print(f"{Path(name).name}: installed into a clean environment, and works there", flush=True)
