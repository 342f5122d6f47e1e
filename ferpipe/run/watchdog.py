"""Watch the calls of a run, and notice the one that does not end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event, Thread
from time import monotonic, perf_counter, process_time

from ferpipe.run.control import Control
from ferpipe.run.worker import Call, Worker

__all__ = ["StoppedTime", "Watchdog"]

_TICK = 0.05
_STOPPED = 1.0
"""Seconds without a tick after which the process counts as having been stopped; a busy machine delays
the watchdog too."""


class StoppedTime:
    """Measures how long the process stood still: SIGSTOP, a paused container, a closed lid.

    That is time in which nothing could tick and nothing was computed.  A stage that holds the
    interpreter's lock keeps the watchdog from ticking as well, but uses the processor.
    """

    def __init__(self) -> None:
        self._tick, self._used = monotonic(), process_time()

    def since_last(self) -> float:
        """Seconds of standing still since this was last called."""
        tick, used = monotonic(), process_time()
        gap, busy = tick - self._tick, used - self._used
        self._tick, self._used = tick, used
        return max(0.0, gap - busy) if gap > _STOPPED else 0.0


class Watchdog:
    """Looks every 50 ms, in a thread of its own, at the call that each worker is in.

    open_timeout: seconds that `open` may take; for the other calls the node says it.
    hangs: is given each call that takes longer, and its limit, when its stage has been left behind.
    ended: is called once when the run is to end before its sources.
    overdue: is given, at each look after that, the seconds since then.
    """

    def __init__(
        self,
        control: Control,
        workers: Callable[[], Iterable[Worker]],
        *,
        open_timeout: float,
        hangs: Callable[[Worker, Call, float], None],
        ended: Callable[[], None],
        overdue: Callable[[float], None],
    ) -> None:
        self._control = control
        self._workers = workers
        self._open_timeout = open_timeout
        self._hangs = hangs
        self._ended = ended
        self._overdue = overdue

    def start(self, done: Event) -> None:
        """Watch until `done`."""
        Thread(target=self._watch, args=(done,), name="ferpipe-watchdog", daemon=True).start()

    def _watch(self, done: Event) -> None:
        ended, stopped = False, StoppedTime()
        while not done.wait(_TICK):
            # Read before the gap is: the process may be stopped at any point of this loop, and what it is
            # stopped for after the gap was read is forgiven in the next round.
            now, clock = perf_counter(), monotonic()
            if (seconds := stopped.since_last()) > 0:
                self._forgive(seconds)
            for worker in self._workers():
                self._inspect(worker, now)
            since = self._control.ending_since
            if since is None:
                continue
            if not ended:
                ended = True
                self._ended()
            self._overdue(max(0.0, clock - since))

    def _forgive(self, seconds: float) -> None:
        """Take time in which nothing could happen off the calls under way, and off the grace."""
        for worker in self._workers():
            if (call := worker.call) is not None:
                call.since = min(call.since + seconds, perf_counter())
        self._control.forgive(seconds)

    def _inspect(self, worker: Worker, now: float) -> None:
        call = worker.call
        if call is None or worker.abandoned:
            return
        limit = self._open_timeout if call.what == "open" else worker.node.timeout
        if now - call.since > limit and worker.abandon(call):
            self._hangs(worker, call, limit)
