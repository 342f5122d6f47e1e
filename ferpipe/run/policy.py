"""Errors that `on_error` tolerates: their number and how they are reported."""

from __future__ import annotations

from threading import Lock

from ferpipe.errors import FerpipeError
from ferpipe.graph.model import ErrorPolicy

__all__ = ["ErrorCount", "excused", "spent"]


class ErrorCount:
    """The number of errors of a stage, over all its replicas."""

    def __init__(self) -> None:
        self.errors = 0
        self._lock = Lock()

    def add(self, budget: int | None) -> int:
        """Count an error: its number, from 1, or 0 if the budget is already used up."""
        with self._lock:
            if budget is not None and self.errors >= budget:
                return 0
            self.errors += 1
            return self.errors


def excused(error: FerpipeError, policy: ErrorPolicy) -> str:
    """The message for the first error that a policy tolerates."""
    then = "the frame is dropped" if policy.action == "skip" else "the frame is passed on unchanged"
    return f"{error}; {then} (on_error: {policy.action}), and further errors are only counted"


def spent(error: FerpipeError, policy: ErrorPolicy) -> None:
    """Add to the message of an error that it exceeds the policy's budget, if there is one."""
    if policy.action != "fail" and policy.budget is not None:
        error.args = (f"{error} (error {policy.budget + 1}, over the on_error budget of {policy.budget})",)
