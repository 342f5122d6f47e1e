"""Parquet: a row a face a frame, what the header says in the schema's metadata; one file or a folder."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ferpipe import UsageError
from ferpipe.timeline import FORMAT, Timeline
from ferpipe_report.convert.inputs import Input
from ferpipe_report.convert.tables import Shape

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["pyarrow", "write_dataset", "write_parquet"]

_LOST = ["frames without a face"]

_GROUP = 10_000
"""Rows of a row group, which is what is in memory at a time."""

Written = tuple[dict[Path, Iterator[bytes]], list[str]]


def pyarrow() -> tuple[Any, Any]:
    """Pyarrow and its Parquet module.  Raises UsageError where it is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow: pip install 'ferpipe[report]'") from error
    return pa, parquet


def write_parquet(inputs: Sequence[Input], target: Path) -> Written:
    """The `.parquet`: the columns of the `.csv` with `file` first, and in the metadata under `ferpipe`
    what each timeline's header, tracks and summary say, as JSON by file.

    Raises UsageError where pyarrow is not installed.
    """
    pyarrow()
    return {target: _groups(inputs, ["file", *Shape.of(inputs).columns])}, _LOST


def write_dataset(inputs: Sequence[Input], folder: Path) -> Written:
    """A folder that is partitioned by `file` as Hive does it: a part for each recording, all with the same
    columns, so that pandas, DuckDB and Spark read it as one table and a part alone where it is filtered.

    Raises UsageError where pyarrow is not installed.
    """
    pyarrow()
    columns = Shape.of(inputs).columns
    return {
        folder / f"file={quote(each.name, safe=' ')}" / "part-0.parquet": _groups([each], columns)
        for each in inputs
    }, _LOST


def _groups(inputs: Sequence[Input], columns: Sequence[str]) -> Iterator[bytes]:
    """The file in pieces: a row group each, then the footer."""
    pa, parquet = pyarrow()
    about = {"ferpipe": json.dumps({each.name: _about(each.about) for each in inputs}, allow_nan=False)}
    schema = pa.schema([(name, _type(name, pa)) for name in columns]).with_metadata(about)
    out = _Pieces()
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for each in inputs:
            rows = ({"file": each.name, **row} for row in each.rows())
            while group := list(islice(rows, _GROUP)):
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                yield out.taken()
    yield out.taken()


class _Pieces(io.RawIOBase):
    """A file that is taken away as it is written."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._length

    def taken(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def _type(name: str, pa: Any) -> Any:
    if name in {"file", "label", "picture"}:
        return pa.dictionary(pa.int32(), pa.string())
    if name in {"index", "track"}:
        return pa.int64()
    return pa.bool_() if name in {"detected", "unsure"} else pa.float64()


def _about(timeline: Timeline) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "source": timeline.source,
        "model": timeline.model,
        "classes": timeline.classes,
        "measures": timeline.measures,
        "notes": timeline.notes,
        "complete": timeline.complete,
        "summary": timeline.summary,
        "tracks": timeline.tracks,
    }
