"""Tables for a terminal, and plain lines for everything else."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["console", "print_rows"]

_UNBOUND = 1_000_000
"""Columns of a pipe: a line is never broken there, so that grep finds it whole."""


def console() -> Console:
    """Standard output: coloured and as wide as the terminal, plain and unbroken elsewhere."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_UNBOUND, no_color=True, force_terminal=False)


def print_rows(screen: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with `heads` in a terminal, else aligned columns without them."""
    if not rows:
        return
    if screen.is_terminal:
        table = Table(*heads, box=box.SIMPLE_HEAD, header_style="dim", pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        screen.print(table)
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"  {line.rstrip()}", file=screen.file)
