"""Names of jobs and recordings: made here, and never taken for a path."""

from __future__ import annotations

import re

__all__ = ["is_id"]

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6,32}")


def is_id(text: str) -> bool:
    """Whether `text` is the name of a job or a recording."""
    return _ID.fullmatch(text) is not None
