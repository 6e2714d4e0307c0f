"""Where the numbers come from, and how anybody gets them again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnlab.api import Results

DEFAULT_STORE = "results"


def essentials(results: Results) -> dict[str, str]:
    """Return what the manifest says of the run, in words; no host is named."""
    manifest = results.manifest
    summary, git = manifest.get("summary") or {}, manifest.get("git") or {}
    about = {
        "Experiment": results.name,
        "Manifest digest": manifest.get("digest", ""),
        "Started": manifest.get("started", ""),
        "Finished": manifest.get("finished") or "not finished",
        "Trials": _words({name: summary[name] for name in ("trials", "failed", "diverged") if name in summary}),
        "Measures": _measures(manifest),
        "Commit": " ".join([git.get("commit", ""), "with changes" if git.get("changed") else ""]).strip(),
        "Ran on": f"executor {manifest.get('executor', '')}, {manifest.get('workers', '')} workers",
        "Files": f"{len(manifest['files']):,}, {sum(each['bytes'] for each in manifest['files']):,} bytes",
    }
    for name, environment in (manifest.get("environments") or {}).items():
        about[f"Environment {name}"] = _environment(environment)
    return {name: value for name, value in about.items() if value}


def commands(results: Results) -> list[tuple[str, str]]:
    """Return what to type, and what it is for."""
    name, store = results.name, store_flag(results)
    return [
        (f"rnnlab verify {name}{store}", "every file of the store hashed again, against the manifest"),
        (f"rnnlab reproduce {name}{store}", "everything computed again and compared bit for bit"),
        (f"rnnlab export {name} -o {name}.csv{store}", "every number, all digits, in one file"),
        (f"rnnlab report {name}{store}", "this page"),
    ]


def store_flag(results: Results) -> str:
    """Return what reaches the same store, with a blank before it."""
    return "" if str(results.store) == DEFAULT_STORE else f" --store {shlex.quote(str(results.store))}"


def experiment_json(results: Results) -> str:
    """Return what `rnnlab run FILE.json` runs: the experiment with every parameter resolved."""
    return json.dumps({"experiment": results.manifest["experiment"]}, indent=1, ensure_ascii=False)


def _measures(manifest: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{name} version {entry['version']} ({_words(entry.get('resolved') or {}) or 'no settings'})"
        for name, entry in manifest["measures"].items()
    )


def _environment(environment: Mapping[str, Any]) -> str:
    machine = environment.get("machine") or {}
    versions = {"rnnlab": environment.get("rnnlab"), "Python": environment.get("python")}
    versions |= environment.get("packages") or {}
    parts = [_words(versions), _words({k: v for k, v in machine.items() if k in ("system", "cpu", "cores", "libc")})]
    parts += [f"{each.get('library')} {each.get('version')}" for each in environment.get("blas") or []]
    return "; ".join(part for part in parts if part)


def _words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items() if value is not None)
