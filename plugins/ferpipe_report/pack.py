"""Columns of numbers as text for a page: quantised, differences, varints, deflated, base64.

The page reads it back with `DecompressionStream` (web/js/codec.js).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Column", "integers", "pack", "quantised"]


@dataclass(frozen=True, slots=True)
class Column:
    """Whole numbers with the way back: value = low + (number - 1) * step; number 0 is 'not known'.

    numbers: (n,).  Without a step, the numbers themselves.
    """

    name: str
    numbers: NDArray[np.int64]
    low: float = 0.0
    step: float | None = None

    def described(self) -> dict[str, Any]:
        """What the page needs to read the column."""
        facts: dict[str, Any] = {"name": self.name, "n": len(self.numbers)}
        return facts if self.step is None else {**facts, "low": self.low, "step": self.step}


def integers(name: str, values: Any) -> Column:
    """A column of whole numbers."""
    return Column(name, np.asarray(values, np.int64))


def quantised(name: str, values: Any, *, low: float, high: float, levels: int) -> Column:
    """A column of real numbers in `levels` steps from `low` to `high`; NaN is 'not known'."""
    given = np.asarray(values, np.float64)
    step = (high - low) / levels if high > low else 1.0
    numbers = np.rint((np.clip(np.nan_to_num(given, nan=low), low, high) - low) / step) + 1
    return Column(name, np.where(np.isnan(given), 0, numbers).astype(np.int64), low, step)


def pack(columns: Sequence[Column]) -> tuple[list[dict[str, Any]], str]:
    """The descriptions of the columns, and their numbers as text."""
    raw = b"".join(_varints(_differences(column.numbers)) for column in columns)
    return [column.described() for column in columns], base64.b64encode(zlib.compress(raw, 9)).decode()


def _differences(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The step to each number from the one before, the sign in the lowest bit."""
    steps = np.diff(numbers, prepend=np.int64(0))
    return ((steps << 1) ^ (steps >> 63)).astype(np.uint64)


def _varints(numbers: NDArray[np.uint64]) -> bytes:
    """Seven bits a byte, lowest first; the highest bit says that more follow (LEB128)."""
    if not len(numbers):
        return b""
    lengths = np.ones(len(numbers), np.int64)
    rest = numbers >> np.uint64(7)
    while rest.any():
        lengths += rest > 0
        rest >>= np.uint64(7)
    ends = np.cumsum(lengths)
    out = np.empty(int(ends[-1]), np.uint8)
    left, starts = numbers.copy(), ends - lengths
    for place in range(int(lengths.max())):
        some = lengths > place
        more = (lengths[some] > place + 1).astype(np.uint8) << 7
        out[starts[some] + place] = (left[some] & np.uint64(127)).astype(np.uint8) | more
        left >>= np.uint64(7)
    return out.tobytes()
