"""The results of one experiment, read from the store when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rnnlab import experiment as experiments
from rnnlab import grid as grids
from rnnlab import measures
from rnnlab import store as stores
from rnnlab.errors import RnnlabError, UsageError, did_you_mean, typed
from rnnlab.measures.nulls import STATUS
from rnnlab.trial import Trial, parameters

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

    from rnnlab.api.rows import Rows
    from rnnlab.draws import Problem
    from rnnlab.experiment import Experiment
    from rnnlab.report import Written
    from rnnlab.runner import Summary

_OWN = (*(column.name for column in (*stores.LABELS, *STATUS)), "reason")  # each measure has these of its own
_Home: TypeAlias = tuple[str, str]  # measure and column
PARAMETERS = tuple(parameter.column.name for parameter in parameters().values())
_LABELS = tuple(column.name for column in stores.LABELS)  # constant in what is read of a table


@dataclass(frozen=True, eq=False, repr=False)
class Results:
    """The results of one experiment; tables are read from the store when they are asked for."""

    name: str
    store: Path
    manifest: dict[str, Any]  #: the record of the run: parameters resolved, versions, machine, files with sha256
    summary: Summary | None = None  #: what the run that returned them did

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial of the manifest's grid, in grid order, with the per-trial tables of its measures joined.

        Parameters first. What has not been computed yet is null. The first measure (gradients, where it is measured)
        has its columns under their own names. Of the others status, diverged_at, reason, settings, measure_version and
        environment are called `<measure>_<column>`, as is what an earlier measure has too (`jacobian_spectral_norm`).
        """
        return self._trials.copy(deep=False)

    @property
    def arrow(self) -> pa.Table:
        """The same rows and columns as an Arrow table: integers stay integers, and null is told from nan."""
        return self._joined(self._homes, self.measured)

    @property
    def measured(self) -> tuple[str, ...]:
        """The names of the measures, in the order of `rnnlab.measures`."""
        return self._measured

    def statistics(self, measure: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per trial of the grid as in `trials`, with the columns of this measure alone, under their own names.

        columns: those of them that are wanted beside key and parameters; default: all. Raises UsageError for a measure
        that the experiment has not got, or a column that the measure has not got.
        """
        if measure not in self.measured:
            raise UsageError(self._without(measure))
        own = [name for name in self._columns_of(measure) if name == "key" or name not in PARAMETERS]
        if columns is not None:
            _check_columns(list(columns), own, [])
            own = [name for name in own if name in columns]
        return self._whole({name: (measure, name) for name in own if name != "key"}, [measure])

    def table(
        self, name: str, columns: Sequence[str] | None = None, where: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return a table of the store, in grid order, for the trials of the manifest's grid.

        columns: any of its own and of those of `trials`, which are joined; default: key, the axes and all its own.
        where: values (one, or a list) that columns must have, of either kind. Only what is asked for is held.
        """
        from rnnlab import analysis

        own = self._columns_of(name)
        wanted = list(columns) if columns is not None else self._default_columns(name)
        here = {key: value for key, value in (where or {}).items() if key in own and key != "key"}
        elsewhere = {key: value for key, value in (where or {}).items() if key not in here}
        joined = [column for column in wanted if column not in own]
        _check_columns(joined, ["key", *PARAMETERS, *self._homes], own)
        beside = self._beside(name, dict.fromkeys([*joined, *elsewhere]), {**here, **elsewhere})
        if beside.empty:  # say which value no trial has, if that is why
            known = {key: value for key, value in elsewhere.items() if key in PARAMETERS}
            analysis.pick(self._rows.parameters().to_pandas(), known)
        kept = analysis.pick(beside, elsewhere)
        needed = list(dict.fromkeys(["key", *(c for c in wanted if c in own), *here]))
        frame = self._read(name, needed, kept["key"] if len(kept) < self._size else None)
        frame = kept[["key", *joined]].merge(analysis.pick(frame, here), on="key", how="inner")
        return frame[wanted]

    def plot(
        self, kind: str | None = None, *, x: str | None = None, y: str | None = None, hue: str | None = None,
        column: str | Sequence[str] | None = None, where: Mapping[str, Any] | None = None,
        size: str | float | None = None, dark: bool | None = None,
    ) -> Figure:  # fmt: skip
        """Return the figure of this experiment, a matplotlib Figure: what `rnnlab plot` writes.

        kind: default what suits the measures and axes; `rnnlab.figures.CATALOGUE` has them all. x, y, hue: parameters
        on the axes and told by colour; column: the statistic, or a list of them; where: picks trials by values of their
        columns, by `key` also with its beginning. size: column, page, slide, or a width in millimetres; dark: for dark
        pages. pyplot knows nothing of it: a notebook shows it once. Raises UsageError for what means nothing here.
        """
        from rnnlab import figures

        asked: dict[str, Any] = {"x": x, "y": y, "hue": hue, "column": column, "where": where}
        return figures.plot(self, kind, size=size, dark=dark, **asked)

    def problem(self, key: str) -> Problem:
        """Return the arrays of a trial, U W V b c h0 x y; the beginning of a key will do where it is unique."""
        from rnnlab import draws

        return draws.problem(self.trial(key))

    def report(self, path: str | PathLike[str]) -> Written:
        """Write one HTML file that shows the experiment to a browser and needs no network; docs/report.md explains it.

        Raises UsageError for a name that does not end in .html, OSError where it cannot be written.
        """
        from rnnlab import report

        return report.write(self, path)

    def trial(self, key: str) -> Trial:
        """Return the parameters of a trial; the beginning of its key will do where it is unique."""
        keys = self._rows.keys(self._rows.stored(self.measured))
        found = [i for i, each in enumerate(keys.to_pylist()) if each.startswith(key)] if key else []
        if len(found) == 1:
            [(_, [trial])] = self._rows.places.trials([self._rows.at[found]])
            return trial
        if not found and key:
            raise UsageError(
                f"no trial of {self.name} has the key {key}. Keys stand in the column `key` of its tables: "
                f"{typed('export', self.name, '-o', f'{self.name}.csv', store=self.store)}"
            )
        number = len(found) if key else len(keys)
        raise UsageError(f"{key!r} is the beginning of {number:,} keys of {self.name}: give more digits.")

    def __repr__(self) -> str:
        title = self._experiment.title
        axes = ", ".join(self._axes)
        tables = ", ".join(self._tables)
        return (
            f"<Results of {self.name!r} in {str(self.store)!r}{f': {title}' if title else ''}\n"
            f"  {self._size:,} trials; axes: {axes or 'none'}\n"
            f"  .trials has a row per trial; .table(name) reads one of: {tables}>"
        )

    def _repr_html_(self) -> str:
        """Return what notebooks show; results that cannot be read show what `repr` says."""
        from rnnlab.api.showing import html_of

        axes = tuple(parameters()[name].column.name for name in self._axes)
        try:
            return html_of(self, size=self._size, axes=axes, tables=self._tables)
        except RnnlabError as error:
            return f"<pre>{escape(repr(self))}\n{escape(str(error))}</pre>"

    @cached_property
    def _measured(self) -> tuple[str, ...]:
        return measures.recorded(self.manifest)

    @property
    def _place(self) -> stores.Layout:
        return stores.layout(self.store, self.name)

    @cached_property
    def _experiment(self) -> Experiment:
        return experiments.recorded(self.manifest["experiment"], str(self._place.manifest))

    @property
    def _size(self) -> int:
        return grids.count(self._experiment)

    @cached_property
    def _rows(self) -> Rows:
        from rnnlab.api.rows import Rows

        return Rows(self._place, self._experiment, {name: self._labels(name) for name in self.measured})

    @property
    def _tables(self) -> list[str]:
        tables = [table for name in self.measured for table in measures.registry()[name].TABLES]
        return [*tables, *stores.BOOKKEEPING]

    @property
    def _axes(self) -> tuple[str, ...]:
        return grids.axes(self._experiment)

    @cached_property
    def _trials(self) -> pd.DataFrame:
        return self._whole(self._homes, self.measured)

    @cached_property
    def _homes(self) -> dict[str, _Home]:
        """The columns of `trials` that are no parameters: the measure that each is of, and its name there."""
        homes: dict[str, _Home] = {}
        for measure in self.measured:
            taken = homes if measure == self.measured[0] else {*homes, *_OWN}
            own = [name for name in self._columns_of(measure) if name not in PARAMETERS and name != "key"]
            homes |= {f"{measure}_{name}" if name in taken else name: (measure, name) for name in own}
        return homes

    def _whole(self, homes: Mapping[str, _Home], keyed: Iterable[str]) -> pd.DataFrame:
        """Return key and parameters of all trials, and these columns, which are of the measures `keyed`."""
        return self._joined(homes, keyed).to_pandas()

    def _joined(self, homes: Mapping[str, _Home], keyed: Iterable[str]) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        of = {measure: [column for owner, column in homes.values() if owner == measure] for measure in keyed}
        found = {measure: self._rows.beside(measure, ["key", *names]) for measure, names in of.items()}
        known = [rows["key"] for rows in found.values()]
        given = self._rows.parameters()
        columns = {"key": self._rows.keys(pc.coalesce(*known) if known else None)}
        columns |= {name: given[name] for name in given.column_names}
        columns |= {name: found[measure][column] for name, (measure, column) in homes.items()}
        return pa.table(columns)

    def _beside(self, table: str, columns: Iterable[str], where: Mapping[str, Any]) -> pd.DataFrame:
        """Return key and these columns of `trials` for the trials that this table may have rows of, in grid order."""
        import pyarrow as pa

        wanted = [name for name in columns if name != "key"]
        if table in stores.BOOKKEEPING:
            homes = {name: self._homes[name] for name in wanted if name in self._homes}
            return self._whole(homes, self.measured)[["key", *(n for n in wanted if n in (*PARAMETERS, *homes))]]
        measure = stores.owner(table)
        given = {name: value for name, value in where.items() if name in PARAMETERS}
        own = {name: self._homes[name][1] for name in wanted if self._homes.get(name, ("",))[0] == measure}
        asked = [name for name in wanted if name in PARAMETERS]
        numbers, rows = self._rows.of(measure, ["key", *asked, *dict.fromkeys(own.values())], given)
        found = {"key": rows["key"], **{name: rows[name] for name in asked}}
        found |= {name: rows[column] for name, column in own.items()}
        for name in wanted:
            if name in self._homes and name not in found:
                home, column = self._homes[name]
                found[name] = self._rows.beside(home, [column])[column].take(pa.array(numbers))
        return pa.table(found).to_pandas()

    def _without(self, measure: str) -> str:
        """Say that this measure was not measured, and how it is: in the file, or by -s where it has settings."""
        if measure not in measures.registry():
            return f"there is no measure {measure}.{did_you_mean(measure, self.measured)}"
        again = typed("run", self.name, store=self.store)
        has = f"{self.name} has no measure {measure}; it has {', '.join(self.measured)}."
        return f"{has} Add [measure.{measure}] to its file, then: {again}"

    def _columns_of(self, table: str) -> list[str]:
        if table not in self._tables:
            raise UsageError(f"{self.name} has no table {table}.{did_you_mean(table, self._tables)}")
        return [column.name for column in stores.columns_of(table)]

    def _default_columns(self, table: str) -> list[str]:
        own = self._columns_of(table)
        if table == stores.owner(table):  # parameters are among its own
            return own
        axes = [parameters()[name].column.name for name in self._axes]
        return ["key", *axes, *(name for name in own if name not in _LABELS)]

    def _read(self, table: str, columns: list[str], keys: Iterable[str] | None) -> pd.DataFrame:
        """Return rows of the settings and the version that the manifest names."""
        stores.refuse_gone(self._place, self.manifest, table)
        labels = {} if table in stores.BOOKKEEPING else self._labels(stores.owner(table))
        return stores.read(self._place, table, columns=columns, keys=keys, **labels).to_pandas()

    def _labels(self, measure: str) -> dict[str, Any]:
        entry = self.manifest["measures"][measure]
        return {"settings": entry["settings"], "version": entry["version"]}


def _check_columns(wanted: list[str], there: Iterable[str], own: list[str]) -> None:
    known = [*own, *there]
    for name in wanted:
        if name not in known:
            raise UsageError(f"there is no column {name}.{did_you_mean(name, known)}")
