"""What the manifest's grid does not name any more: counted, and removed in one step for every reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from rnnlab import experiment as experiments
from rnnlab import store as stores
from rnnlab.errors import StoreDamaged, typed
from rnnlab.runner.checkpoints import spent
from rnnlab.runner.own import own_key
from rnnlab.runner.tending import relisted
from rnnlab.trial import parameters

if TYPE_CHECKING:
    import pyarrow as pa

    from rnnlab.grid.places import Places


@dataclass(frozen=True, slots=True)
class Stale:
    """Rows of one table that no longer count, and why."""

    table: str
    why: str
    settings: str | None
    version: int | None
    rows: int
    trials: int


@dataclass(frozen=True, slots=True)
class Collected:
    """What `gc` removed, or would remove."""

    name: str
    rows: tuple[Stale, ...]
    files: tuple[str, ...]  # set aside, staged, of blocks that were never finished, or of trials nobody goes on with
    bytes: int  # of those files

    @property
    def nothing(self) -> bool:
        """Whether all that is there counts."""
        return not self.rows and not self.files


def collect(
    name: str, *, store: str | PathLike[str] = "results", dry_run: bool = False, wait: bool | float = False
) -> Collected:
    """Remove rows that the manifest's grid, settings and versions do not name, and files that count for nothing.

    Rows of the grid stay whatever happens, and readers see the old files or the new ones. With dry_run nothing is
    touched. Raises StoreDamaged where the manifest cannot be trusted, or where a file is damaged.
    """
    place = stores.layout(store, name)
    if dry_run:
        return _found(place, _Wanted(place))
    with stores.writing(place, wait=wait):
        wanted = _Wanted(place)
        found = _found(place, wanted)
        with relisted(place):
            stores.recover(place)
            stores.keep(place, wanted.stays)
        for name in wanted.needless_checkpoints(place):
            stores.remove_checkpoint(place, name)
        stores.clear(place)
        return found


class _Wanted:
    """The rows that the manifest names."""

    def __init__(self, place: stores.Layout) -> None:
        import pyarrow as pa

        manifest = stores.read_manifest(place)
        if manifest is None:
            raise StoreDamaged(
                f"{place.manifest}: is gone, so nothing tells which rows count. Run the experiment again: "
                f"{typed('run', place.root.name, store=place.root.parent)}"
            )
        self.measures: Mapping[str, Any] = manifest["measures"]
        self.places = _places(manifest)
        self.keys = pa.array(list(_keys(place, manifest, self.places)), pa.string())

    def stays(self, table: str, rows: pa.Table) -> pa.Array:
        """Return the mask of the rows of a table that stay."""
        import pyarrow as pa
        import pyarrow.compute as pc

        mask = pc.is_in(rows["key"], value_set=self.keys)
        if table in stores.BOOKKEEPING:
            return pc.and_(mask, pc.is_in(rows["measure"], value_set=pa.array(list(self.measures), pa.string())))
        label = self.measures.get(stores.owner(table))
        if label is None:
            return pa.repeat(pa.scalar(False), rows.num_rows)
        same = pc.equal(rows["settings"], label["settings"])
        return pc.and_(mask, pc.and_(same, pc.equal(rows["measure_version"], label["version"])))

    def needless_checkpoints(self, place: stores.Layout) -> dict[str, int]:
        """Return the checkpoints that the next run of the manifest's grid does not go on from, with their bytes."""
        there = stores.checkpoints(place)
        done = set(spent(place, set(there)))
        return {
            name: size
            for name, size in there.items()
            if name in done or not self._goes_on(stores.read_checkpoint(place, name))
        }

    def _goes_on(self, each: stores.Checkpoint) -> bool:
        import pyarrow as pa

        label = self.measures.get(each.measure, {})
        if self.places is None or (label.get("settings"), label.get("version")) != (each.settings, each.version):
            return False
        columns = {
            p.column.name: pa.array([each.parameters.get(p.name)], p.column.dtype) for p in parameters().values()
        }
        return bool(self.places.find(pa.table(columns))[0] >= 0)

    def why(self, table: str, settings: str | None, version: int | None) -> str:
        """Say why rows with this label go."""
        label = self.measures.get(stores.owner(table))
        if table in stores.BOOKKEEPING:
            return "not in the grid, or of another measure"
        if label is None:
            return "of a measure that the manifest does not name"
        if settings != label["settings"]:
            return "of other settings"
        return "of another version" if version != label["version"] else "not in the grid"


def _places(manifest: Mapping[str, Any]) -> Places | None:
    """Return the places of the manifest's grid, None where it is of a network of the user's own."""
    from rnnlab.grid.places import Places

    if "network" in manifest["experiment"]:
        return None
    return Places(experiments.recorded(manifest["experiment"], "manifest.json"))


def _keys(place: stores.Layout, manifest: Mapping[str, Any], places: Places | None) -> Iterator[str]:
    """Yield the keys of stored rows that stand in the grid, found by their parameters: no trial is hashed."""
    if places is None:
        yield own_key(manifest["experiment"]["network"])
        return
    columns = ["key", *(each.column.name for each in parameters().values())]
    for table in {*manifest["measures"], "failures"} & set(place.tables()):
        rows = stores.read(place, table, columns=columns)
        yield from rows["key"].filter(places.find(rows) >= 0).to_pylist()


def _found(place: stores.Layout, wanted: _Wanted) -> Collected:
    current = stores.snapshot(place)
    stale = [each for table in sorted(current.tables) for each in _stale(place, table, wanted)]
    needless = wanted.needless_checkpoints(place)
    left = stores.left_over(place, current) | {f"{place.checkpoints.name}/{name}": n for name, n in needless.items()}
    return Collected(place.root.name, tuple(stale), tuple(left), sum(left.values()))


def _stale(place: stores.Layout, table: str, wanted: _Wanted) -> Iterator[Stale]:
    import pyarrow.compute as pc

    if not stores.is_known(table):
        return
    labels = [] if table in stores.BOOKKEEPING else ["settings", "measure_version"]
    names = ["key", *(labels or ["measure"])]
    rows = stores.read(place, table, columns=names)
    gone = rows.filter(pc.invert(wanted.stays(table, rows)))
    counted = [("key", "count"), ("key", "count_distinct")]
    for row in gone.group_by(labels).aggregate(counted).to_pylist() if gone.num_rows else ():
        label = (row.get("settings"), row.get("measure_version"))
        yield Stale(table, wanted.why(table, *label), *label, row["key_count"], row["key_count_distinct"])
