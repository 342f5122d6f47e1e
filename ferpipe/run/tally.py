"""How often a stage has failed."""

from __future__ import annotations

from threading import Lock

__all__ = ["Tally"]


class Tally:
    """The errors of a stage, over all its copies."""

    def __init__(self) -> None:
        self.errors = 0
        self._lock = Lock()

    def add(self, budget: int | None) -> int:
        """The number of this error, from 1, or 0 where there have been `budget` of them already."""
        with self._lock:
            if budget is not None and self.errors >= budget:
                return 0
            self.errors += 1
            return self.errors
