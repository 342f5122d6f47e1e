"""A run that is fed from the caller's own loop."""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any

from ferpipe.errors import FerpipeError, RunError, UsageError
from ferpipe.packet import MICROSECONDS, Frame, Packet, StreamInfo
from ferpipe.pictures import Color, as_image
from ferpipe.run import Run, RunReport
from ferpipe.stages import Context, Options, Source

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Caller", "Session"]

_TICK = 0.05
"""Seconds after which a wait looks whether the run has ended."""


class Caller(Source[Options]):
    """Takes the frames that the caller of a session gives."""

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self._packet: Packet | None = None
        self._ended = False
        self._asked = False
        self._changed = threading.Condition()

    def open(self, context: Context) -> None:
        """The size of the frames is not known yet."""
        super().open(context)
        self.stream = StreamInfo(context.name, "session", live=self.live)

    def frames(self) -> Iterator[Packet]:
        """One packet after the other, until the session ends."""
        while (packet := self._next()) is not None:
            yield packet

    def _next(self) -> Packet | None:
        with self._changed:
            self._asked = True
            self._changed.notify_all()
            while self._packet is None and not self._ended and not self.context.stop.is_set():
                self.context.alive()
                self._changed.wait(1.0)
            packet, self._packet = self._packet, None
            self._asked = packet is None
            return packet

    def put(self, packet: Packet) -> bool:
        """Hand a packet in; False where it took the place of one that nobody had taken yet."""
        with self._changed:
            replaced, self._packet = self._packet, packet
            self._asked = False
            self._changed.notify_all()
        return replaced is None

    def wait_until_asked(self, over: Callable[[], bool]) -> None:
        """Wait until the next packet is requested: with one thread, the previous one has left by then."""
        with self._changed:
            while not self._asked and not over():
                self._changed.wait(_TICK)

    def end(self) -> None:
        """There will be no more packets."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def interrupt(self) -> None:
        """Wake `frames`."""
        self.end()


class Session:
    """A pipeline at work on the pictures of the caller's own loop.

    `Pipeline.session` makes it.  Its stages open with the first picture, or with `with`, and keep their
    state from picture to picture until `close`: trackers follow, smoothers smooth.

    A session is *lossless* or *live*:

    - lossless: `process` works the picture through the whole pipeline and gives its packet; None where
      a stage dropped it.  Where a stage keeps packets back (it `delays`), `process` gives the next packet
      in order that has left, or None, and `finish` gives the rest.
    - live: `process` returns at once with the newest packet that has left, which belongs to an earlier
      picture, None before the first one.  The stages work meanwhile; a picture that comes while they are
      busy waits, and the newest one replaces it.

    A picture is copied, so that the caller may use its array again.  An error of a stage is raised by
    `process` and ends the session, its outputs are finished; where the stage has `on_error` "skip",
    `process` gives None instead, with "pass" the packet as it came to that stage.
    A wrong picture or time is a UsageError and changes nothing.  One thread at a time is served.
    """

    def __init__(
        self,
        start: Callable[[Caller, Callable[[Packet], None]], Run],
        source: str,
        *,
        live: bool,
        color: Color,
    ) -> None:
        self._start = start
        self._source = source
        self._live = live
        self._color: Color = color
        self._caller = Caller()
        self._caller.live = live
        self._run: Run | None = None
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._results: deque[Packet] = deque(maxlen=1 if live else None)
        self._begun = 0.0
        self._last = -1
        self._count = 0
        self._raised = False

    def __enter__(self) -> Self:
        self._opened()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self.close()
        except FerpipeError:
            if error is None:
                raise

    @property
    def ended(self) -> bool:
        """Whether the session takes no more pictures: it was closed, failed, or a stage ended it."""
        return self._run is not None and self._run.control.ending.is_set()

    @property
    def report(self) -> RunReport | None:
        """The figures so far, final after `close`; None before the first picture."""
        return None if self._run is None else self._run.report()

    def process(
        self,
        picture: Any,
        seconds: float | None = None,
        *,
        discontinuity: bool = False,
        name: str | None = None,
    ) -> Packet | None:
        """Work on one picture; see the class for what is given, and when.

        picture: as for `as_image`.
        seconds: its stream time, greater than that of the picture before; None takes the clock, from 0 at
            the first picture.
        discontinuity: the stream was interrupted before this picture: trackers and smoothers begin anew.
        name: of a still that belongs to no film; detectors take more time for one.

        Raises UsageError for a wrong picture or time, StageError and others for a stage that failed, and
        RunError where the session has ended already.
        """
        with self._lock:
            image = as_image(picture, self._color)
            run = self._opened()
            self._raise_if_failed(run)
            if run.control.ending.is_set():
                raise RunError("the session has ended: open another one with pipeline.session()")
            time = self._time(seconds)
            captured = monotonic() if self._live else None
            frame = Frame(image, time, self._count, self._source, discontinuity, captured, name)
            self._last, self._count = time, self._count + 1
            in_time = self._caller.put(Packet(frame))
            if self._live:
                if not in_time:
                    self._caller.context.missed()
                self._raise_if_failed(run)
                return self._results[-1] if self._results else None
            self._caller.wait_until_asked(lambda: run.wait(0))
            self._raise_if_failed(run)
            return self._results.popleft() if self._results else None

    def finish(self) -> list[Packet]:
        """End the session: the packets that were kept back, in order; empty for a live one.

        Every stage is flushed and closed, and every output finished.  Raises what a stage raised.
        """
        with self._lock:
            self.close()
            rest = [] if self._live else list(self._results)
            self._results.clear()
            return rest

    def close(self) -> None:
        """End the session like `finish`; what was kept back is let go.  A second time does nothing."""
        with self._lock:
            run = self._run
            if run is None or self._process != os.getpid():
                return
            self._caller.end()
            while not run.wait(0.2):
                pass
            self._raise_if_failed(run)

    def _opened(self) -> Run:
        """The run, whose stages are open.  Raises what one of them raised."""
        if self._process != os.getpid():
            raise UsageError("the session was opened in another process: open one in each process")
        with self._lock:
            if self._run is None:
                self._run = run = self._start(self._caller, self._results.append)
                self._caller.wait_until_asked(lambda: run.wait(0))
                self._raise_if_failed(run)
            return self._run

    def _time(self, seconds: float | None) -> int:
        if seconds is None:
            if self._count == 0:
                self._begun = monotonic()
            return max(self._last + 1, round((monotonic() - self._begun) * MICROSECONDS))
        if not math.isfinite(seconds) or seconds < 0:
            raise UsageError(f"seconds: expected 0 or more, found {seconds!r}")
        time = round(seconds * MICROSECONDS)
        if time <= self._last:
            raise UsageError(f"seconds: expected more than {self._last / MICROSECONDS:g}, found {seconds:g}")
        return time

    def _raise_if_failed(self, run: Run) -> None:
        """Raise the run's error, once."""
        if run.control.error is None or self._raised:
            return
        self._raised = True
        while not run.wait(0.2):  # every output is finished before the caller hears of it
            pass
        raise run.control.error
