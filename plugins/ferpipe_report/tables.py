"""Read a table of text: its separator, its columns by any of their usual names."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ferpipe import UsageError

__all__ = ["Row", "number", "pick", "read_rows", "read_text"]

Row = dict[str, str]


def read_text(path: Path) -> str:
    """The text of a file; raises UsageError where it cannot be read or is no text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read the events '{path}': {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"'{path}' is not text in UTF-8: save it as UTF-8") from error


def read_rows(text: str) -> list[Row]:
    """The rows by column; names of columns in lower case without what stands in brackets."""
    lines = text.lstrip("\n").splitlines()
    head = lines[0] if lines else ""
    separator = max("\t,;", key=head.count)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    rows = [row for row in reader if any(cell.strip() for cell in row)]
    if not rows:
        return []
    names = [name.partition("(")[0].strip().lower() for name in rows[0]]
    return [dict(zip(names, (cell.strip() for cell in row), strict=False)) for row in rows[1:]]


def pick(row: Row, names: Sequence[str]) -> str | None:
    """The first cell that is there and not empty."""
    return next((row[name] for name in names if row.get(name) not in {None, "", "n/a", "NA"}), None)


def number(text: str) -> float:
    """Seconds of `12.5`, `12,5`, `0:12.5` or `0:00:12.5`; raises ValueError where it is none of them."""
    total = 0.0
    for part in text.replace(",", ".").split(":"):
        value = float(part)
        if not 0 <= value < 1e9:
            raise ValueError(text)
        total = 60 * total + value
    return total
