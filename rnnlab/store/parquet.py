"""Tables to Parquet and back: pinned types, page checksums written and verified."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnnlab.store import files
from rnnlab.store.layouts import FileName
from rnnlab.store.problems import DamagedFile

if TYPE_CHECKING:
    import pyarrow as pa


def encode(table: pa.Table) -> bytes:
    """Return the table as a Parquet file: the same bytes each time."""
    import pyarrow as pa

    from rnnlab.store.frame import frame

    strings = [field.name for field in table.schema if pa.types.is_string(field.type)]
    floats = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    file = io.BytesIO()
    frame(table).to_parquet(
        file,
        engine="pyarrow",
        index=False,
        schema=table.schema,
        compression="zstd",
        write_page_checksum=True,
        use_dictionary=strings,
        column_encoding=dict.fromkeys(floats, "BYTE_STREAM_SPLIT"),
    )
    return file.getvalue()


def content(data: bytes) -> str:
    """Return the digits by which a file's name vouches for its bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def shape(path: Path) -> tuple[int, list[str]]:
    """Return how many rows a file has and its columns; raises DamagedFile where its footer cannot be read."""
    with _opened(path) as file:
        return int(file.metadata.num_rows), list(file.schema_arrow.names)


def read(path: Path, columns: Sequence[str] | None = None, *, verify: bool = False) -> pa.Table:
    """Return (some columns of) a file, page checksums verified, or with `verify` the whole file against its name.

    Raises DamagedFile, FileNotFoundError where the file has gone, or OSError where the disk does not answer.
    """
    data = files.read(path) if verify else None
    if data is not None and not vouched(path, data):
        raise DamagedFile(path, "its bytes are not those that its name vouches for")
    with _opened(path, data) as file:
        names = file.schema_arrow.names
        wanted = names if columns is None else [name for name in columns if name in names]
        return guarded(path, lambda: file.read(columns=wanted).select(wanted))


def vouched(path: Path, data: bytes) -> bool:
    """Say whether these are the bytes that the file's name vouches for."""
    name = FileName.parse(path.name)
    return name is not None and name.content == content(data)


def _opened(path: Path, data: bytes | None = None) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = pa.BufferReader(data) if data is not None else str(path)
    return guarded(path, pq.ParquetFile, source, page_checksum_verification=True)


def guarded(path: Path, call: Any, *args: Any, **options: Any) -> Any:
    """Return what the call returns; raises DamagedFile where Parquet or Arrow cannot make sense of the file."""
    import pyarrow as pa

    try:
        return call(*args, **options)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        # What the disk says carries an errno; what Parquet finds wrong in the bytes does not.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DamagedFile(path, str(error).splitlines()[0][:200]) from error
