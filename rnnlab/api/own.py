"""Measure a network that lies in files, and keep what comes out in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rnnlab import experiment as experiments
from rnnlab import store as stores
from rnnlab.api.measuring import sizes_of
from rnnlab.api.network_files import read_network
from rnnlab.api.results import Results
from rnnlab.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from rnnlab.draws import Problem
    from rnnlab.trial import Trial


class OwnResults(Results):
    """The results of a network of the user's own: one trial, whose parameters are null where only a draw has them."""

    def problem(self, key: str) -> Problem:
        """Raise UsageError: the store keeps the sha256 of the files, not their arrays."""
        self._refuse()

    def trial(self, key: str) -> Trial:
        """Raise UsageError: a network that was not drawn has no such parameters."""
        self._refuse()

    def __repr__(self) -> str:
        files = ", ".join(each["file"] for each in self.manifest["experiment"]["network"]["files"].values())
        return (
            f"<Results of {self.name!r} in {str(self.store)!r}: the network in {files}\n"
            f"  .trials has one row; .table(name) reads one of: {', '.join(self._tables)}>"
        )

    @property
    def _axes(self) -> tuple[str, ...]:
        return ()

    @property
    def _size(self) -> int:
        return 1

    def _whole(self, homes: Mapping[str, tuple[str, str]], keyed: Iterable[str]) -> pd.DataFrame:
        import pandas as pd

        from rnnlab.runner import own_key, own_parameters

        network = self.manifest["experiment"]["network"]
        frame = pd.DataFrame([{"key": own_key(network), **own_parameters(network)}])
        for measure in keyed:
            names = {column: name for name, (owner, column) in homes.items() if owner == measure}
            table = self._read(measure, ["key", *names], None).rename(columns=names)
            frame = frame.merge(table, on="key", how="left", validate="one_to_one")
        return frame

    def _joined(self, homes: Mapping[str, tuple[str, str]], keyed: Iterable[str]) -> pa.Table:
        import pyarrow as pa

        return pa.Table.from_pandas(self._whole(homes, keyed), preserve_index=False)

    def _beside(self, table: str, columns: Iterable[str], where: Mapping[str, Any]) -> pd.DataFrame:
        frame = self._trials
        return frame[["key", *(name for name in columns if name in frame and name != "key")]]

    def _refuse(self) -> NoReturn:
        file = self.manifest["experiment"]["network"]["files"]["network"]
        where = f"{file['file']}, sha256 {file['sha256'][:16]}..."
        raise UsageError(
            f"{self.name} is a network of your own, which the store holds no arrays of: they are in {where}"
        )


def measure_files(
    network: str | PathLike[str], *,
    inputs: str | PathLike[str] | None = None, targets: str | PathLike[str] | None = None,
    cotangents: str | PathLike[str] | None = None, activation: str | None = None, loss: str | None = None,
    loss_at: str | None = None, measures: Iterable[str] | Mapping[str, Mapping[str, Any]] = ("gradients",),
    store: str | PathLike[str] = "results", name: str | None = None, wait: bool | float = False,
) -> OwnResults:  # fmt: skip
    """Measure the network in NET.npz and keep its tables under `name` (default: the file's own) in the store.

    network: a file of numpy.savez with U, W, V and maybe b, c, h0, x, y, cotangents, activation, loss, loss_at; or
    what `rnnlab extract` wrote. inputs, targets, cotangents: files of numpy.save in place of x, y, cotangents. The
    key is of the content of the files: a changed file is another trial, the same one is not measured again.
    Raises UsageError with what cannot be used, StoreBusy, StoreIOError.
    """
    from rnnlab.arrays import networks_of
    from rnnlab.runner import OwnNetwork, run_own

    given = read_network(network, inputs=inputs, targets=targets, cotangents=cotangents)
    words = {**given.words, **_said(activation=activation, loss=loss, loss_at=loss_at)}
    if "activation" not in words:
        raise UsageError(f"{network} does not name its activation: give one, as --activation tanh")
    if "cotangents" in given.arrays and loss is None:
        words.pop("loss", None)  # of the targets that cotangents take the place of
    arrays = {each: given.arrays.get(each) for each in ("U", "W", "V", "x", "y", "cotangents", "h0", "b", "c")}
    try:
        networks = networks_of(arrays, single=True, **{"loss": "squared", "loss_at": "every", **words})
    except UsageError as error:
        raise UsageError(f"{network}: {error}") from None
    sizes = {each: size for each, size in sizes_of(networks).items() if each != "networks"}
    settings = experiments.wanted(measures, sizes, "rnnlab measure")
    described: dict[str, Any] = {
        "files": dict(given.files),
        "activation": networks.activation[0],
        "loss": networks.loss,
    }
    described |= {"loss_at": networks.loss_at, "dtype": networks.dtype.name, **sizes}
    called = name or experiments.name_for(Path(network).stem)
    summary = run_own(OwnNetwork(called, "", (), settings, (), described), networks, store=store, wait=wait)
    manifest = stores.read_manifest(stores.layout(store, called)) or {}
    return OwnResults(called, Path(store), manifest, summary)


def _said(**words: str | None) -> dict[str, str]:
    return {name: word for name, word in words.items() if word is not None}
