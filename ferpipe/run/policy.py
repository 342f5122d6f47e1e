"""What `on_error` lets pass: how often a stage has failed, and what is said of it."""

from __future__ import annotations

from threading import Lock

from ferpipe.errors import FerpipeError
from ferpipe.graph.model import ErrorPolicy

__all__ = ["Tally", "excused", "spent"]


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


def excused(error: FerpipeError, policy: ErrorPolicy) -> str:
    """What is said of the first error that a policy lets pass."""
    then = "the frame is dropped" if policy.action == "skip" else "the frame is passed on unchanged"
    return f"{error}; {then} (on_error: {policy.action}), and further errors are only counted"


def spent(error: FerpipeError, policy: ErrorPolicy) -> None:
    """Add to an error that it was one more than the policy's budget, where there was one."""
    if policy.action != "fail" and policy.budget is not None:
        error.args = (f"{error} (error {policy.budget + 1}, over the on_error budget of {policy.budget})",)
