"""The packets of a run, one after the other, for `for` and `async for`."""

from __future__ import annotations

import queue
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from ferpipe.packet import Packet

if TYPE_CHECKING:
    from ferpipe.run import Run, RunReport

__all__ = ["Results"]

_WAITING = 8
"""Results that wait for the caller before the run waits for him."""
_TICK = 0.05
_PATIENCE = 60.0
"""Seconds after which a caller who has left the loop does not wait for the run's end any more."""


class Results:
    """What leaves one stage of a pipeline, as it comes; each loop over it is a run of its own.

    The run waits for the caller (a live one drops frames meanwhile).  Leaving the loop ends the run in
    good order; in an `async for` that is when the iterator is closed, at once with
    `contextlib.aclosing`.  At the end the run's error is raised, and `pipeline.report` is set.
    """

    def __init__(
        self, start: Callable[[Callable[[Packet], None]], Run], keep: Callable[[RunReport], None]
    ) -> None:
        self._start = start
        self._keep = keep

    def __iter__(self) -> Iterator[Packet]:
        feed = _Feed()
        run = self._start(feed.put)
        feed.run = run
        try:
            while not (run.wait(0) and feed.results.empty()):
                with suppress(queue.Empty):
                    yield feed.results.get(timeout=_TICK)
            _raise_error(run)
        finally:
            feed.over = True
            run.finish()
            deadline = monotonic() + _PATIENCE
            while not run.wait(0.2) and monotonic() < deadline:
                pass
            self._keep(run.report())

    async def __aiter__(self) -> AsyncIterator[Packet]:
        import asyncio  # a sixth of the start of every command, and few programs wait like this

        loop, came = asyncio.get_running_loop(), asyncio.Event()

        def notify() -> None:
            with suppress(RuntimeError):  # the loop may be closed already
                loop.call_soon_threadsafe(came.set)

        feed = _Feed(notify)
        run = self._start(feed.put)
        feed.run = run
        try:
            while not (run.wait(0) and feed.results.empty()):
                with suppress(queue.Empty):
                    yield feed.results.get_nowait()
                    continue
                came.clear()
                if feed.results.empty():
                    # Not `wait_for`: before Python 3.12 it may take a cancellation for its own timeout.
                    look_again = loop.call_later(_TICK, came.set)
                    await came.wait()
                    look_again.cancel()
            _raise_error(run)
        finally:
            feed.over = True
            run.finish()
            try:
                await asyncio.to_thread(run.wait, _PATIENCE)
            finally:  # cancelled once more, as at the end of asyncio.run: the outputs must be finished
                run.wait(_PATIENCE)
                self._keep(run.report())


def _raise_error(run: Run) -> None:
    if run.control.error is not None:
        raise run.control.error


class _Feed:
    """A bounded queue from the run's thread to the caller's."""

    def __init__(self, notify: Callable[[], None] | None = None) -> None:
        self.results: queue.Queue[Packet] = queue.Queue(_WAITING)
        self.run: Run | None = None
        self.over = False
        self._notify = notify

    def put(self, packet: Packet) -> None:
        while not self.over and not (self.run is not None and self.run.control.stop.is_set()):
            with suppress(queue.Full):
                self.results.put(packet, timeout=0.1)
                if self._notify is not None:
                    self._notify()
                return
