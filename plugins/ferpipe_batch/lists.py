"""Lists of inputs: a `.txt` with a line a video, or a `.csv` or `.tsv` with a column for it."""

from __future__ import annotations

import csv
from pathlib import Path

from ferpipe import UsageError

__all__ = ["LISTS", "read_list"]

LISTS = frozenset({".csv", ".tsv", ".txt"})
"""Suffixes of lists."""

COLUMNS = ("path", "video", "file", "filename", "source", "url")
"""Names of the column with the videos, the first that is there; a table of one column needs none."""


def read_list(path: Path) -> list[str]:
    """The entries of a list, without blank lines and, in a `.txt`, lines that begin with `#`.

    Raises UsageError where it cannot be read, has no entries, or no column of a known name.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the list {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the list {path} is not text in UTF-8: save it as UTF-8") from error
    lines = [line.strip() for line in text.splitlines()]
    if path.suffix.lower() == ".txt":
        entries = [line for line in lines if line and not line.startswith("#")]
    else:
        entries = _column([line for line in lines if line], path)
    if not entries:
        raise UsageError(f"the list {path} is empty: write a video on each line")
    return entries


def _column(lines: list[str], path: Path) -> list[str]:
    if not lines:
        return []
    separator = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=lines[0].count)
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise UsageError(f"the list {path} is no table of names: {error}") from error
    names = [cell.strip().lower() for cell in rows[0]]
    known = [name for name in COLUMNS if name in names]
    if known:
        place = names.index(known[0])
        return [row[place].strip() for row in rows[1:] if len(row) > place and row[place].strip()]
    if len(names) == 1:
        return [row[0].strip() for row in rows if row and row[0].strip()]
    raise UsageError(f"the list {path} has no column {', '.join(COLUMNS)}: name the one with the videos so")
