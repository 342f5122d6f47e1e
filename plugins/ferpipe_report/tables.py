"""Read a table of text: its separator, its columns by any of their usual names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from ferpipe import UsageError

__all__ = ["Row", "number", "pick", "read_rows", "read_text"]

Row = dict[str, str]

_PARTS = 3
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]*)?|\.[0-9]+")


def read_text(path: Path) -> str:
    """The text of a file; raises UsageError where it cannot be read or is no text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the events '{path}': {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"'{path}' is not text in UTF-8: save it as UTF-8") from error


def read_rows(text: str, path: Path) -> list[Row]:
    """The rows by column; names of columns in lower case without what stands in brackets.

    Raises UsageError where the text is no table.
    """
    lines = text.lstrip("\n").splitlines()
    head = lines[0] if lines else ""
    separator = max("\t,;", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UsageError(f"'{path}' is not a table: {error} in line {reader.line_num}") from error
    if not rows:
        return []
    names = [name.partition("(")[0].strip().lower() for name in rows[0]]
    return [dict(zip(names, (cell.strip() for cell in row), strict=False)) for row in rows[1:]]


def pick(row: Row, names: Sequence[str]) -> str | None:
    """The first cell that is there and not empty."""
    return next((row[name] for name in names if row.get(name) not in {None, "", "n/a", "NA"}), None)


def number(text: str) -> float:
    """Seconds of `12.5`, `12,5`, `0:12.5` or `0:00:12.5`; raises ValueError, with the text, where it is
    none of them.
    """
    parts = text.strip().replace(",", ".").split(":")
    if len(parts) > _PARTS or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError(text)
    total = 0.0
    for part in parts:
        total = 60 * total + float(part)
    return total
