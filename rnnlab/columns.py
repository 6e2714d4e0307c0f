"""A column is described once: its description makes the Parquet schema, the docs and the axis labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow

DType = Literal["string", "bool", "int64", "float64"]


@dataclass(frozen=True, slots=True)
class Column:
    """Name, type, unit and meaning of one column of a table."""

    name: str
    dtype: DType
    doc: str
    unit: str = ""  # "nats/step", "log10"; empty for a pure number
    label: str = ""  # for axes; the name where it is empty

    @property
    def axis_label(self) -> str:
        """The label of a figure's axis, with the unit where there is one."""
        text = self.label or self.name.removeprefix(f"{self.unit}_").replace("_", " ")
        return f"{text} ({self.unit})" if self.unit else text


KEY = Column("key", "string", "identity of the trial: hash of its parameters and of the draws' version")


def schema(columns: Iterable[Column]) -> pyarrow.Schema:
    """Return the pinned Arrow schema of a table with these columns; each field carries its doc and unit."""
    import pyarrow as pa

    fields = [
        pa.field(c.name, pa.type_for_alias(c.dtype), nullable=c.name != "key", metadata={"doc": c.doc, "unit": c.unit})
        for c in columns
    ]
    return pa.schema(fields)
