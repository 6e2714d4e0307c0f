"""An Arrow table as a DataFrame that loses nothing: null stays null and nan stays nan.

pandas' own float64 knows only nan and would write it as null; its nullable types would come back to every reader in
place of plain float64. These columns hand their Arrow array to Parquet as it is and are called by NumPy's names.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
from pandas.api.extensions import ExtensionArray, ExtensionDtype

_NAMES = {"double": "float64", "string": "str"}


class ArrowType(ExtensionDtype):
    """The type of an `ArrowColumn`, under the name that readers of the file are to see."""

    type = object

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        """NumPy's name of the type."""
        return self._name

    @classmethod
    def construct_array_type(cls) -> Any:
        """Return the class of the columns."""
        return ArrowColumn


class ArrowColumn(ExtensionArray):
    """A column on its way to a file: as much of a pandas column as `DataFrame.to_parquet` asks for."""

    def __init__(self, array: pa.ChunkedArray) -> None:
        self._array = array

    @property
    def dtype(self) -> ArrowType:
        """The type, named as NumPy names it."""
        name = str(self._array.type)
        return ArrowType(_NAMES.get(name, name))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self._array.nbytes)

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, item: Any) -> Any:
        return self._array[item].as_py() if isinstance(item, int) else ArrowColumn(self._array[item])

    def __arrow_array__(self, type: Any = None) -> pa.ChunkedArray:  # noqa: A002 - the protocol's name
        return self._array

    def copy(self) -> ArrowColumn:
        """Return the same column: nothing writes into it."""
        return self


def frame(table: pa.Table) -> pd.DataFrame:
    """Return the table as a DataFrame, without copying."""
    return pd.DataFrame({name: ArrowColumn(table[name]) for name in table.column_names}, copy=False)
