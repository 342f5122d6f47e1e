"""How a run ends: one stop event, the first fatal error, and the reason."""

from __future__ import annotations

import threading
from time import monotonic

from ferpipe.errors import FerpipeError

__all__ = ["Control"]


class Control:
    """Shared by everything that takes part in one run.

    `ending` asks the sources to give no more; what is under way is still worked off.
    `stop` is the end of that grace: every wait on a queue returns at once.
    """

    def __init__(self) -> None:
        self.ending = threading.Event()
        self.stop = threading.Event()
        self.error: FerpipeError | None = None
        self.others: list[FerpipeError] = []
        self.reason: str | None = None
        self.cut_short = False
        """Whether a source could not read its stream to the end."""
        self.ending_since: float | None = None
        self._settled: bool | None = None
        self._lock = threading.Lock()
        self._wakers: list[threading.Condition] = []

    def wakes(self, condition: threading.Condition) -> None:
        """Have `condition` notified when the run stops."""
        with self._lock:
            self._wakers.append(condition)

    def fail(self, error: FerpipeError) -> None:
        """Record a fatal error: the first one is the run's, the others hang on to it."""
        with self._lock:
            if self.error is None:
                self.error = error
            else:
                self.others.append(error)
        self.finish()

    def mention(self, error: FerpipeError) -> None:
        """Hang an error that does not decide the run's end on to the others."""
        with self._lock:
            self.others.append(error)

    def finish(self, reason: str | None = None) -> None:
        """End the sources; the first `reason` (such as SIGINT) is kept."""
        with self._lock:
            if self.reason is None:
                self.reason = reason
            if self.ending_since is None:
                self.ending_since = monotonic()
        self.ending.set()
        self._wake()

    @property
    def complete(self) -> bool:
        """Whether the sources have given all that they have, or still may."""
        if self._settled is not None:
            return self._settled
        return self.ending_since is None and not self.cut_short

    def settle(self) -> None:
        """The sources have ended and everything of theirs is worked off: `complete` is decided."""
        self._settled = self.complete

    def forgive(self, seconds: float) -> None:
        """Let the grace begin later, since the process stood still for `seconds` of it."""
        with self._lock:
            if self.ending_since is not None:
                self.ending_since = min(self.ending_since + seconds, monotonic())

    def cut(self) -> None:
        """End the grace: whatever waits stops waiting."""
        self.ending.set()
        self.stop.set()
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            wakers = tuple(self._wakers)
        for condition in wakers:
            with condition:
                condition.notify_all()
