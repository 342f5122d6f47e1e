"""Parquet: a row a face a frame, what the header says in the schema's metadata."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferpipe import UsageError
from ferpipe.timeline import FORMAT, Timeline
from ferpipe_report.convert.tables import table_columns, table_rows

__all__ = ["write_parquet"]


def write_parquet(timelines: Mapping[str, Timeline], target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """The `.parquet`: the columns of the `.csv` with `file` first, and in the metadata under `ferpipe`
    what each timeline's header, tracks and summary say, as JSON by file.

    Raises UsageError where pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow: pip install 'ferpipe[report]'") from error
    names = table_columns(list(timelines.values()))
    schema = pa.schema([(name, _type(name, pa)) for name in names])
    about = {"ferpipe": json.dumps({name: _about(each) for name, each in timelines.items()}, allow_nan=False)}
    out = io.BytesIO()
    with parquet.ParquetWriter(out, schema.with_metadata(about), compression="zstd") as writer:
        for name, timeline in timelines.items():
            rows = list(table_rows(timeline, name))
            columns = {column: [row.get(column) for row in rows] for column in names}
            writer.write_table(pa.table(columns, schema=schema.with_metadata(about)))
    return {target: out.getvalue()}, ["frames without a face"]


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
