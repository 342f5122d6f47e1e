"""Parquet: a row a face a frame, what the header says in the schema's metadata; one file or a folder."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ferpipe import UsageError
from ferpipe.timeline import FORMAT, Timeline
from ferpipe_report.convert.tables import table_columns, table_rows

__all__ = ["pyarrow", "write_dataset", "write_parquet"]

_LOST = ["frames without a face"]


def pyarrow() -> tuple[Any, Any]:
    """Pyarrow and its Parquet module.  Raises UsageError where it is not installed."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow: pip install 'ferpipe[report]'") from error
    return pa, parquet


def write_parquet(timelines: Mapping[str, Timeline], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """The `.parquet`: the columns of the `.csv` with `file` first, and in the metadata under `ferpipe`
    what each timeline's header, tracks and summary say, as JSON by file.

    Raises UsageError where pyarrow is not installed.
    """
    return {target: _table(timelines, table_columns(list(timelines.values())))}, _LOST


def write_dataset(timelines: Mapping[str, Timeline], folder: Path) -> tuple[dict[Path, bytes], list[str]]:
    """A folder that is partitioned by `file` as Hive does it: a part for each recording, all with the same
    columns, so that pandas, DuckDB and Spark read it as one table and a part alone where it is filtered.

    Raises UsageError where pyarrow is not installed.
    """
    columns = [name for name in table_columns(list(timelines.values())) if name != "file"]
    return {
        folder / f"file={quote(name, safe=' ')}" / "part-0.parquet": _table({name: timeline}, columns)
        for name, timeline in timelines.items()
    }, _LOST


def _table(timelines: Mapping[str, Timeline], columns: list[str]) -> bytes:
    pa, parquet = pyarrow()
    about = {"ferpipe": json.dumps({name: _about(each) for name, each in timelines.items()}, allow_nan=False)}
    schema = pa.schema([(name, _type(name, pa)) for name in columns]).with_metadata(about)
    out = io.BytesIO()
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for name, timeline in timelines.items():
            rows = list(table_rows(timeline, name))
            table = {column: [row.get(column) for row in rows] for column in columns}
            writer.write_table(pa.table(table, schema=schema))
    return out.getvalue()


def _type(name: str, pa: Any) -> Any:
    if name in {"file", "label", "picture"}:
        return pa.dictionary(pa.int32(), pa.string())
    if name in {"index", "track"}:
        return pa.int64()
    return pa.bool_() if name == "detected" else pa.float64()


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
