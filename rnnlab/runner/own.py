"""A network of the user's own, from files, as an experiment of one trial: measured, and kept like any other."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any

from rnnlab import environment, plugins
from rnnlab import store as stores
from rnnlab.errors import StoreDamaged, UsageError
from rnnlab.experiment import Experiment
from rnnlab.runner.computing import measured, tables_of
from rnnlab.runner.labels import Label, labels_of
from rnnlab.runner.manifest import finished, now, record
from rnnlab.runner.packages import packages_of
from rnnlab.runner.running import Summary
from rnnlab.trial import parameters

if TYPE_CHECKING:
    import pyarrow as pa

    from rnnlab.networks import Networks


@dataclass(frozen=True, slots=True)
class OwnNetwork(Experiment):
    """An experiment whose one network is given in files, told apart by their sha256."""

    network: Mapping[str, Any] = field(default_factory=dict)  # files, activation, loss, loss_at and sizes

    def resolved(self) -> dict[str, Any]:
        """Return what was asked for, as JSON can hold it: a network in place of a grid."""
        settings = {name: each.model_dump(mode="json") for name, each in self.measures.items()}
        return {"schema": 1, "name": self.name, "title": self.title, "network": dict(self.network), "measure": settings}

    @property
    def key(self) -> str:
        """Identity of the trial: shortened sha256 of the files' sha256, the activation and the loss."""
        return own_key(self.network)


def own_key(network: Mapping[str, Any]) -> str:
    """Return the key of a network as the manifest describes it: the files' names do not count, their content does."""
    files = {role: each["sha256"] for role, each in network["files"].items()}
    text = json.dumps(
        {"files": files, **{name: network[name] for name in ("activation", "loss", "loss_at")}},
        sort_keys=True, separators=(",", ":"),
    )  # fmt: skip
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def own_parameters(network: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a trial as far as a network that was not drawn has them; the others are null."""
    known = {"cell": "vanilla", "task": "file", **network}
    return {each.column.name: known.get(name) for name, each in parameters().items()}


def run_own(
    own: OwnNetwork, networks: Networks, *, store: str | PathLike[str] = "results", wait: bool | float = False
) -> Summary:
    """Compute the measures that the store has not got of this network, and publish them.

    A finished one is left alone: nothing is locked or written. Raises UsageError where the store has an experiment of
    the same name, StoreBusy, StoreIOError.
    """
    place = stores.layout(store, own.name)
    previous = _manifest(place)
    if "grid" in previous.get("experiment", {}):
        raise UsageError(f"{place.root} holds the experiment {own.name}. Choose another name (--name).")
    if finished(place, own, previous):
        return Summary(own.name, 1, 0, 1, 0, previous["summary"]["diverged"], 0.0)
    with stores.writing(place, wait=wait):
        return _write(place, own, networks)


def _manifest(place: stores.Layout) -> dict[str, Any]:
    try:
        return stores.read_manifest(place) or {}
    except StoreDamaged:
        return {}


def _write(place: stores.Layout, own: OwnNetwork, networks: Networks) -> Summary:
    begin, started = time.perf_counter(), now()
    previous = _manifest(place)
    notes = [*stores.recover(place), *stores.set_incomplete_aside(place, previous)]
    description = environment.with_packages(environment.describe(), plugins.codes(packages_of(own)))
    here = environment.fingerprint(description)
    stores.note_environment(place, here, description)
    found = {name: _found(place, own, name, label) for name, label in labels_of(own).items()}
    missing = [name for name, rows in found.items() if not rows.num_rows]
    diverged = any("diverged" in rows["status"].to_pylist() for rows in found.values())
    about = {"started": started, "git": environment.git(), "environment": here}
    if missing:
        # Whatever ends the run: what it has published by then can be read.
        stores.write_manifest(place, record(place, own, previous, about=about))
        tables = _tables(own, networks, missing, here)
        stores.publish(place, tables)
        diverged = "diverged" in tables[missing[0]]["status"].to_pylist()
    stores.compact(place)
    new = int(bool(missing))
    summary = Summary(own.name, 1, new, 1 - new, 0, int(diverged), time.perf_counter() - begin, tuple(notes))
    counts = {name: value for name, value in asdict(summary).items() if name not in ("name", "notes")}
    stores.write_manifest(place, record(place, own, previous, about=about, summary=counts))
    return summary


def _found(place: stores.Layout, own: OwnNetwork, measure: str, label: Label) -> pa.Table:
    """Return the rows of a measure that are of this network, with the label wanted."""
    columns = ["key", "status"]
    return stores.read(place, measure, columns=columns, keys=[own.key], settings=label.settings, version=label.version)


def _tables(own: OwnNetwork, networks: Networks, wanted: list[str], here: str) -> dict[str, pa.Table]:
    from rnnlab.blas import single_threaded_blas

    with single_threaded_blas():
        arrays, _seconds = measured(networks, {name: own.measures[name] for name in wanted})
    labels = labels_of(own)
    common = {name: [value] for name, value in {**own_parameters(own.network), "environment": here}.items()}
    return tables_of(arrays, {name: labels[name] for name in wanted}, [own.key], common)
