"""A Parquet dataset: a folder of parts with the same columns, each with whole recordings."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

from ferpipe import Output, UsageError
from ferpipe.timeline import Timeline

__all__ = ["Dataset"]

ROWS = 1_000_000
"""Rows from which a part is full: some 50 MB, which every reader takes as one task."""

WORDS = frozenset({"video", "label", "picture"})
WHOLE = frozenset({"index", "track"})


class Dataset:
    """The folder `target`, of which nothing is to be seen before `commit`.

    A row is a face in a frame; the columns are those of a timeline's `.csv`, after `video`, the name of
    the input.  Memory is that of one part.  Raises UsageError where pyarrow is missing or `target` exists.
    """

    def __init__(self, target: Path, *, overwrite: bool) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError as error:
            raise UsageError("Parquet needs pyarrow: pip install 'ferpipe[report]'") from error
        if target.exists() and not overwrite:
            raise UsageError(f"{target} exists: choose another name or add --overwrite")
        self.target = target
        self._pa, self._parquet = pa, parquet
        self._work = target.with_name(target.name + ".part")
        shutil.rmtree(self._work, ignore_errors=True)
        try:
            self._work.mkdir(parents=True)
        except OSError as error:
            raise UsageError(f"{target} cannot be written ({error.strerror}): choose another name") from error
        self._columns: dict[str, None] = {"video": None}
        self._tables: list[Any] = []
        self._rows = 0
        self._parts: list[tuple[Path, int]] = []

    def add(self, key: str, timeline: Timeline) -> None:
        """All rows of one recording."""
        for name in timeline.columns():
            self._columns.setdefault(name)
        rows = list(timeline.rows())
        if not rows:
            return
        names = [name for name in self._columns if name != "video"]
        data = {name: [row.get(name) for row in rows] for name in names}
        self._tables.append(self._pa.table({"video": [key] * len(rows), **data}, schema=self._schema()))
        self._rows += len(rows)
        if self._rows >= ROWS:
            self._write()

    def commit(self) -> None:
        """Write what is left, give the parts the same columns, and give the folder its name."""
        if self._tables or not self._parts:
            self._write()
        for path, count in self._parts:
            if count < len(self._columns):  # a later recording has brought more columns
                table = self._parquet.read_table(path)
                self._save(self._widened(table), path)
        if self.target.is_dir():
            shutil.rmtree(self.target)
        elif self.target.exists():
            self.target.unlink()
        self._work.replace(self.target)

    def close(self) -> None:
        """Remove what was not committed."""
        shutil.rmtree(self._work, ignore_errors=True)

    def _write(self) -> None:
        tables = [self._widened(table) for table in self._tables]
        whole = self._pa.concat_tables(tables) if tables else self._schema().empty_table()
        path = self._work / f"part-{len(self._parts):05}.parquet"
        self._save(whole, path)
        self._parts.append((path, len(self._columns)))
        self._tables, self._rows = [], 0

    def _save(self, table: Any, path: Path) -> None:
        data = io.BytesIO()
        self._parquet.write_table(table, data, compression="zstd")
        with Output(path, overwrite=True) as output:
            output.write(data.getbuffer())

    def _widened(self, table: Any) -> Any:
        """The table with all columns that are known by now."""
        columns = []
        for field in self._schema():
            known = table.schema.get_field_index(field.name)
            columns.append(
                self._pa.nulls(table.num_rows, field.type)
                if known < 0
                else table.column(known).cast(field.type)
            )
        return self._pa.table(columns, schema=self._schema())

    def _schema(self) -> Any:
        return self._pa.schema([(name, self._type(name)) for name in self._columns])

    def _type(self, name: str) -> Any:
        if name in WORDS:
            return self._pa.string()
        if name in WHOLE:
            return self._pa.int64()
        return self._pa.bool_() if name == "detected" else self._pa.float64()
