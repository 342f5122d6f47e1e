"""What every live source does: connect, watch the age of the last frame, connect again."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame
from pydantic import Field

from ferpipe import Context, Frame, Options, Packet, RunError, Source, UsageError, redact
from ferpipe.packet import MICROSECONDS, Image, Planes
from ferpipe_sources._clock import Clock
from ferpipe_sources._picture import Converter
from ferpipe_sources._reader import Connection, Reader, Shot
from ferpipe_sources._retry import Backoff, Complaints

__all__ = ["LiveOptions", "LiveSource"]

TICK = 0.1
"""Seconds between two looks at the stop event and the age of the last frame."""

LEAP = 5 * MICROSECONDS
"""A stamp that runs ahead of its arrival by more than this is wrong."""

ALMOST = 0.9
"""FFmpeg names all sorts of reasons when its time-out ends a connection attempt; from this part
of the time-out on, it was the time-out."""

PARTING = 0.25
"""Seconds that `close` waits for a reader to end; it ends by itself later where it is blocked."""

REFUSED = 30.0
"""Seconds between two attempts, before the jitter, while the camera refuses the password that it took
before: cameras lock an account after a few wrong ones, and more of them prolong that."""


class LiveOptions(Options):
    """When to give up on a stream, and when to try again."""

    max_width: int | None = Field(None, ge=1, description="Scale wider frames down to this width.")
    open_timeout: float = Field(5.0, gt=0, le=300, description="Seconds that connecting may take.")
    stall_timeout: float = Field(
        5.0, gt=0, le=300, description="Seconds without a frame after which the stream counts as stalled."
    )
    reconnect: bool = Field(True, description="Reconnect after a failure, a stall or the end of the stream.")
    reconnect_delay: float = Field(
        0.1,
        gt=0,
        le=60,
        description="Seconds before the first reconnection attempt; doubled after each failure.",
    )
    reconnect_max_delay: float = Field(
        1.0, gt=0, le=600, description="Maximum number of seconds between two attempts."
    )
    reconnect_tries: int | None = Field(
        None,
        ge=1,
        description="Consecutive failed attempts after which the run ends. Default: no limit.",
    )
    healthy_after: float = Field(
        10.0, gt=0, description="Seconds of frames after which failures are counted from zero again."
    )


LiveOptionsT = TypeVar("LiveOptionsT", bound=LiveOptions)


class LiveSource(Source[LiveOptionsT], Generic[LiveOptionsT]):
    """Frames as they arrive, over as many connections as it takes.

    Time 0 is the first frame.  Within a connection the stream's own stamps count; over a break,
    the time that passed on `time.monotonic()`.  The first frame after a break has its `discontinuity`
    set.  Pixels are square, and frames of another size than the first are scaled into that size.
    A picture is made only when the run wants one; those that came in between are dropped as late.
    Counts `reconnects`, `stalls`, `repaired_pts`, `corrupt_packets`, `corrupt_frames`, and
    `skipped_behind`: pictures not even decoded since decoding could not keep up.
    """

    live = True
    ends = False
    """Whether the stream's end is the end of the source: a recording, which is never read twice."""
    _patient = False
    """Whether the connection itself goes on after breaks and decides when to give up."""
    _reader: Reader | None = None
    _length: int | None = None

    @abstractmethod
    def connection(self) -> Connection:
        """How to reach the stream."""

    def cut_short(self) -> str | None:
        """Why a stream that ended was not whole, where the source knows it."""
        return None

    @abstractmethod
    def is_final(self, error: Exception) -> bool:
        """Whether `error`, raised before the first frame, cannot be resolved by trying again."""

    @abstractmethod
    def explain(self, error: Exception) -> str:
        """The message about `error`."""

    def open(self, context: Context) -> None:
        """Prepare; the connection itself is made in `frames`."""
        super().open(context)
        options = self.options
        self._convert = Converter(options.max_width)
        self._clock = Clock(leap=LEAP)
        self._backoff = Backoff(options.reconnect_delay, options.reconnect_max_delay)
        self._complaints = Complaints()
        self._stalled = False
        self._index = 0
        self._last_due = 0.0
        self._last_time = 0

    def frames(self) -> Iterator[Packet]:
        """Frames until the run ends, or the stream does and shall not be connected again."""
        while not self.context.stop.is_set():
            trouble = yield from self._one_connection()
            if self.context.stop.is_set() or not self._again(trouble):
                return
            self._wait(REFUSED if self._is_refusal(trouble) else 0.0)

    def interrupt(self) -> None:
        """Wake `frames`."""
        reader = self._reader
        if reader is not None:
            reader.leave()

    def close(self) -> None:
        """Let go of the connection; one that is blocked ends by its own time-outs."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.leave()
            reader.join(PARTING)

    def _one_connection(self) -> Generator[Packet, None, Exception | None]:
        """Give the frames of one connection; then say what ended it, None for a proper end."""
        self._stalled = False
        self.context.alive("connecting")
        reader = self._reader = Reader(self.connection())
        reader.start()
        since = time.monotonic()
        first = True
        try:
            while not self.context.stop.is_set():
                shot = reader.take(TICK) if self.context.wanted(TICK) else None
                self._report(reader)
                picture = None if shot is None else reader.picture(shot)
                image = None if shot is None or picture is None else self._image(shot, picture)
                if shot is not None and image is not None:
                    self._note_health(reader, shot, first=first)
                    yield self._packet(shot, image, first=first)
                    first = False
                elif shot is None and reader.is_over:
                    self._length = reader.length
                    return (None if self.ends else self._overdue(reader, since)) or reader.error
                elif trouble := self._overdue(reader, since):
                    return trouble
                else:
                    self.context.alive()
            return None
        finally:
            reader.leave()

    def _overdue(self, reader: Reader, since: float) -> Exception | None:
        now = reader.ended_at or time.monotonic()  # what came last may have waited long to be taken
        if self.ends and reader.connected_at is not None and self._patient:
            return None
        waited = now - (reader.arrived_at or reader.connected_at or since)
        if reader.connected_at is None:
            limit = self.options.open_timeout
            late = waited > (ALMOST * limit if reader.ended else limit)
            return TimeoutError(f"did not answer within {limit:g} s") if late else None
        silent = isinstance(reader.error, TimeoutError | av.error.ExitError)
        if waited <= self.options.stall_timeout and not silent:
            return None
        self._stalled = True
        self.context.alive("stalled")
        self.context.count("stalls")
        return TimeoutError(f"sent no frame for {waited:.1f} s")

    def _note_health(self, reader: Reader, shot: Shot, *, first: bool) -> None:
        if shot.arrived - (reader.connected_at or shot.arrived) >= self.options.healthy_after:
            self._backoff.reset()
        if first:
            self.context.alive("live")
            lasted = self._complaints.over(time.monotonic())
            if lasted is not None:
                self.context.log.info("%s: connected after %.1f s", self.stream.uri, lasted)

    def _report(self, reader: Reader) -> None:
        for what, n in reader.counts().items():
            self.context.count(what, n)
        if missed := reader.missed():
            self.context.missed(missed)

    def _image(self, shot: Shot, picture: VideoFrame) -> Image | Planes | None:
        try:
            return self._convert(picture, shot.aspect)
        except (FFmpegError, ValueError):  # damaged
            self.context.count("corrupt_frames")
            return None

    def _packet(self, shot: Shot, image: Image | Planes, *, first: bool) -> Packet:
        again = first and self._index > 0
        gap = round((shot.due - self._last_due) * MICROSECONDS)
        if again:
            self._clock.restart(self._last_time + gap)
        repaired = self._clock.repaired
        time = self._clock.tell(shot.stamp, max(gap, shot.length))
        if self._clock.repaired > repaired and not first:
            self.context.count("repaired_pts")
        frame = Frame.of(image, time, self._index, self.context.name, discontinuity=again, captured=shot.due)
        self._index += 1
        self._last_time, self._last_due = time, shot.due
        return Packet(frame)

    def _again(self, trouble: Exception | None) -> bool:
        """Whether to connect again after `trouble`; raises where it ends the run: UsageError for what
        the user must correct, an unforeseen one as it is, RunError otherwise.
        """
        options = self.options
        if self.ends and self._index:
            self._report_cut(trouble)
            return False
        if trouble is None and (self.ends or not options.reconnect):
            return False
        ended = f"{self.stream.uri}: the stream ended"
        said = ended if trouble is None else redact(self.explain(trouble))
        if trouble is not None and self._index == 0:
            if not isinstance(trouble, FFmpegError | OSError | UsageError):
                raise trouble
            if self.is_final(trouble):
                raise UsageError(said)
        if not options.reconnect:
            raise RunError(said)
        if options.reconnect_tries is not None and self._backoff.failures >= options.reconnect_tries:
            attempts = "1 attempt" if options.reconnect_tries == 1 else f"{options.reconnect_tries} attempts"
            raise RunError(f"{said} (gave up after {attempts} to reconnect)")
        if line := self._complaints.about(said, time.monotonic()):
            self.context.log.warning("%s; reconnecting", line)
        self.context.count("reconnects")
        return True

    def _report_cut(self, trouble: Exception | None) -> None:
        """Say so where a recording ended before its end: reading it again would give frames twice."""
        last = self._last_time
        why = self.cut_short() or (None if trouble is None else redact(self.explain(trouble)))
        missing = (self._length or 0) - last
        if why is None and missing > 2 * MICROSECONDS:
            why = f"{self.stream.uri}: its end at {(self._length or 0) / MICROSECONDS:.1f} s did not come"
        if why is not None:
            self.context.count("truncated")
            self.context.incomplete(f"{why}; the recording is cut short at {last / MICROSECONDS:.1f} s")

    @staticmethod
    def _is_refusal(trouble: Exception | None) -> bool:
        return isinstance(trouble, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError)

    def _wait(self, at_least: float) -> None:
        until = time.monotonic() + self._backoff.next(at_least)
        self.context.alive("stalled" if self._stalled else "waiting")
        while (left := until - time.monotonic()) > 0 and not self.context.stop.wait(min(left, TICK)):
            self.context.alive()
