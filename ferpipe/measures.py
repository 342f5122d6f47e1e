"""What a named number about a face or a frame is: its unit, its range, what it says."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass
from typing import Literal

__all__ = ["Measure", "significant"]

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_RESERVED = frozenset({"frame", "faces", "tracks", "emotions", "smoothed", "canvas", "marks", "unconfirmed"})
"""Kinds that stages of ferpipe give; a measure is met in `needs` beside them."""
_SLACK = 1e-6
"""Share of a bound by which rounding may take a value beyond it."""
_DIGITS = 6
_MOST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Measure:
    """A named number that a stage finds out, of each face or of the frame.

    name: lower-case words with dots between, such as `head.yaw`.
    unit: `deg`, `s`, `px`, or the empty text for a plain number.
    low, high: the range, both ends included; None where it is open.
    about: one sentence that says what it is.
    of: what it describes, each face or the whole frame.
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    about: str
    of: Literal["face", "frame"] = "face"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"the measure '{self.name}' needs a name of small letters, digits and dots, such as head.yaw"
            )
        if self.name in _RESERVED or self.name.startswith("face."):
            raise ValueError(f"the measure '{self.name}' has the name of a kind: choose another name")
        if self.of not in ("face", "frame"):
            raise ValueError(f"the measure '{self.name}' is of a 'face' or of a 'frame', not of {self.of!r}")
        if not self.about.strip():
            raise ValueError(f"the measure '{self.name}' needs a sentence that says what it is")
        ends = [end for end in (self.low, self.high) if end is not None]
        if not all(map(math.isfinite, ends)) or ends != sorted(ends):
            raise ValueError(f"the measure '{self.name}' has no range from {self.low} to {self.high}")

    @property
    def range(self) -> str:
        """The range in words, empty where both ends are open."""
        if self.low is None and self.high is None:
            return ""
        if self.low is None:
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high is None else f"{self.low:g} to {self.high:g}"

    def __str__(self) -> str:
        """Name, unit and range, as in `head.yaw (deg, -90 to 90)`."""
        facts = ", ".join(fact for fact in (self.unit, self.range) if fact)
        return f"{self.name} ({facts})" if facts else self.name

    @property
    def bounds(self) -> tuple[float, float]:
        """The finite numbers between which a value must lie, with room for rounding."""
        low = -_MOST if self.low is None else self.low - _SLACK * max(1.0, abs(self.low))
        high = _MOST if self.high is None else self.high + _SLACK * max(1.0, abs(self.high))
        return low, high

    def objection(self, value: object) -> str | None:
        """Why `value` cannot be this measure's; None where it can."""
        if not isinstance(value, float | int) or isinstance(value, bool):
            return f"is of the type {type(value).__name__}, not a float"
        if not math.isfinite(value):
            return f"is {value}; leave out what is not known"
        low, high = self.bounds
        return None if low <= value <= high else f"is {value:g}, outside its range ({self.range})"


def significant(value: float) -> float:
    """`value` to six significant digits, as files hold measures; adding zero makes -0.0 a plain 0.0."""
    return float(f"{value:.{_DIGITS}g}") + 0.0
