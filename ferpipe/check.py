"""One line of `ferpipe doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Check"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what to do where it is not right.

    `state` is `ok`, `warn` (something optional is missing) or `fail` (ferpipe cannot work so).
    """

    name: str
    state: Literal["ok", "warn", "fail"]
    found: str
    advice: str = ""
