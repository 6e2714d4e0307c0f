"""The example package of the docs, built and installed into a folder; and packages that are wrong in one way each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from rnnlab.measures.own import own_measure
from rnnlab.plugins import entries
from rnnlab.store.tables import columns_of
from rnnlab.tasks.own import own_task

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "how-to" / "example-package"


def install_example(folder: Path, version: str = "0.1.0") -> Path:
    """Build the example package as it stands in the docs and install it into a folder, as pip does; return that."""
    source = folder / f"source-{version}"
    for path in EXAMPLE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = source / path.relative_to(EXAMPLE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    project = source / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "0.1.0"', f'version = "{version}"'))
    target = folder / f"site-{version}"
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return target


def write_package(folder: Path, name: str, points: Mapping[str, str], modules: Mapping[str, str]) -> Path:
    """Write what pip would leave of a package with these entry points ("kind name": "module:what") and modules."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for point, value in points.items():
        kind, _, own = point.partition(" ")
        lines.append(f"[rnnlab.{kind}s]\n{own} = {value}\n")
    (info / "entry_points.txt").write_text("\n".join(lines))
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text)
    return folder


def on_path(monkeypatch, *folders: Path) -> None:
    """Let this process find packages in these folders."""
    for folder in folders:
        monkeypatch.syspath_prepend(str(folder))
    forget()
    monkeypatch.setattr("rnnlab.plugins.functions._loaded", {})


def forget() -> None:
    """Let no test know the packages of another."""
    for known in (entries, own_measure, own_task, columns_of):
        known.cache_clear()


def environment(*folders: Path) -> dict[str, str]:
    """Return the environment of a command that finds packages in these folders, beside this rnnlab."""
    path = os.pathsep.join(map(str, [ROOT, *folders]))
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"}
