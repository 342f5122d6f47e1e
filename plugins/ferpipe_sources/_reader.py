"""A thread that reads a live stream, so that nothing a library does can hold up the pipeline."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ferpipe.packet import MICROSECONDS
from ferpipe_sources import _limits  # noqa: F401 -- bounds what FFmpeg allocates
from ferpipe_sources._decode import decoded, lacks_stamps, microseconds, packets, step_of
from ferpipe_sources._lag import Lag
from ferpipe_sources._parts import Part
from ferpipe_sources._picture import Aspect
from ferpipe_sources._tracks import choose_video

__all__ = ["Connection", "Reader", "Shot"]

BEHIND = 0.5
"""Seconds of lag from which reading counts as too slow ..."""

PATIENCE = 1.0
"""... when it lasts for so many seconds: a burst after a pause of the network is caught up sooner."""

NO_KEY = 30.0
"""Seconds that catching up may wait for a key frame; a stream that has none is connected again."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame, decoded, or still coded where that can wait.

    aspect: how many times as wide as high its pixels are, None where nothing says it.
    stamp: None where it has none; length: both in microseconds.  arrived: when it was read;
    due: when it would have been without lag; both in seconds of `time.monotonic`.
    """

    frame: VideoFrame | None
    coded: Packet[VideoStream] | None
    stamp: int | None
    length: int
    arrived: float
    due: float
    aspect: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a stream.

    open: gives the opened container; may raise FFmpegError or UsageError.
    pictures: where it is not None it is taken instead of `open`: gives JPEGs one after the other.
    depth: frames that may wait, where `latest` is False.
    latest: a new frame pushes out the one that waits; else reading waits.
    threads: threads of the decoder.
    borrowed: what is read lies in buffers of the device, which are gone when it is closed.
    abort: ends whatever `open` or a read waits for, where that is possible.
    close: called after the container is closed.
    """

    open: Callable[[], InputContainer]
    name: str
    depth: int = 1
    latest: bool = True
    threads: int = 1
    borrowed: bool = False
    pictures: Callable[[], Iterator[Part]] | None = None
    abort: Callable[[], object] = lambda: None
    close: Callable[[], object] = lambda: None


def _arrival(now: float) -> int:
    return round(now * MICROSECONDS)


class Reader(threading.Thread):
    """Opens one connection, decodes it, and keeps the newest frame until it is taken.

    Every wait on it is bounded: `take` returns after `timeout`, whatever the network does.
    `leave` asks the thread to end; it closes its connection itself as soon as the call it is
    in returns (the time-outs given to the container bound that), so nobody needs to wait for it.

    Motion JPEG is handed over as it came, since a picture that is replaced need never be decoded;
    everything else refers to earlier pictures.  Where decoding itself is too slow for the stream,
    pictures are dropped up to the next key frame, so that the delay does not grow.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(name=f"{connection.name} reader", daemon=True)
        self._connection = connection
        self._changed = threading.Condition()
        self._shots: deque[Shot] = deque()
        self._tally: Counter[str] = Counter()
        self._missed = 0
        self._leaving = False
        self._lag = Lag()
        self._behind_since: float | None = None
        self._lag_then = self._skipping_since = 0.0
        self._jpeg: VideoCodecContext | None = None
        self._by_arrival = False
        self.length: int | None = None
        """Microseconds that the stream lasts, as its container says; None where it does not."""
        self.connected_at: float | None = None
        """`time.monotonic()` when the stream was open, None before."""
        self.arrived_at: float | None = None
        """`time.monotonic()` when the last frame came, None before."""
        self.ended_at: float | None = None
        """`time.monotonic()` when reading ended, None before."""
        self.ended = False
        """The stream is over; nothing will follow what waits."""
        self.error: Exception | None = None
        """Why it is over; None where it ended as a file ends."""

    @property
    def is_over(self) -> bool:
        """Whether nothing waits and nothing will come."""
        with self._changed:
            return self.ended and not self._shots

    def take(self, timeout: float) -> Shot | None:
        """The oldest frame that waits, or None after `timeout` seconds or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._shots or self.ended or self._leaving, timeout)
            shot = self._shots.popleft() if self._shots else None
            self._changed.notify_all()
            return shot

    def picture(self, shot: Shot) -> VideoFrame | None:
        """The frame of `shot`, decoded now where it was not; None where it cannot be."""
        if shot.coded is None:
            return shot.frame
        if self._jpeg is None:
            self._jpeg = VideoCodecContext.create("mjpeg", "r")
            self._jpeg.thread_count = 1
        try:
            frames = self._jpeg.decode(shot.coded)
        except FFmpegError:
            frames = []
        if not frames:
            self._add("corrupt_packets")
            return None
        self._add("corrupt_frames", frames[-1].is_corrupt)
        return frames[-1]

    def leave(self) -> None:
        """Wake everybody and end as soon as possible."""
        with self._changed:
            self._leaving = True
            self._shots.clear()
            self._changed.notify_all()
        self._connection.abort()

    def counts(self) -> dict[str, int]:
        """What happened since the last call: `corrupt_packets`, `corrupt_frames`, `skipped_behind`."""
        with self._changed:
            counts = {what: n for what, n in self._tally.items() if n}
            self._tally.clear()
        return counts

    def missed(self) -> int:
        """How many frames were replaced by newer ones since the last call."""
        with self._changed:
            missed, self._missed = self._missed, 0
        return missed

    def run(self) -> None:
        """Read until the stream ends or nobody wants it."""
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 -- whatever it is, the stream did not end properly
            self.error = error
        finally:
            self._connection.close()
            with self._changed:
                self.ended, self.ended_at = True, time.monotonic()
                self._changed.notify_all()

    def _read(self) -> None:
        if self._connection.pictures is not None:
            self._read_pictures(self._connection.pictures())
            return
        container = self._connection.open()
        try:
            self.length = container.duration
            self._by_arrival = self._connection.latest and lacks_stamps(container.format)
            stream = choose_video(container, self._connection.name)
            stream.codec_context.thread_count = self._connection.threads
            stream.codec_context.thread_type = "SLICE"
            self.connected_at = time.monotonic()
            can_wait = self._connection.latest and stream.codec_context.name == "mjpeg"
            for shot in (self._coded if can_wait else self._decoded)(container, stream):
                if not self._give(shot):
                    return
        finally:
            container.close()

    def _read_pictures(self, parts: Iterator[Part]) -> None:
        self.connected_at = time.monotonic()
        for part in parts:
            now = time.monotonic()
            stamp = _arrival(now) if part.stamp is None else part.stamp
            jpeg = cast("Packet[VideoStream]", Packet(part.jpeg))
            if self._leaving or not self._give(Shot(None, jpeg, stamp, 0, now, now)):
                return

    def _coded(self, container: InputContainer, stream: VideoStream) -> Iterator[Shot]:
        for packet in self._packets(container, stream):
            now = time.monotonic()
            stamp = _arrival(now) if self._by_arrival else microseconds(packet.pts, packet.time_base)
            length = microseconds(packet.duration or None, packet.time_base) or 0
            due = self._lag.due(stamp, now)
            yield Shot(None, packet, stamp, length, now, due, stream.sample_aspect_ratio)

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Iterator[Shot]:
        broken = partial(self._add, "corrupt_packets")
        aspect = Aspect(stream)
        for frame in decoded(self._packets(container, stream), stream, broken):
            self._add("corrupt_frames", frame.is_corrupt)
            now = time.monotonic()
            stamp = _arrival(now) if self._by_arrival else microseconds(frame.pts, stream.time_base)
            due = self._lag.due(stamp, now)
            yield Shot(frame, None, stamp, step_of(frame, stream), now, due, aspect.now())

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
        for packet in packets(container, stream, self._survives, own=self._connection.borrowed):
            if self._leaving:
                return
            if self._connection.latest and not self._by_arrival:
                self._catch_up(packet, stream)
            yield packet

    def _catch_up(self, packet: Packet[VideoStream], stream: VideoStream) -> None:
        """Have the decoder leave out what is too late, up to a key frame."""
        now = time.monotonic()
        context = stream.codec_context
        lag = self._lag.tell(microseconds(packet.dts, packet.time_base), now)
        if context.skip_frame == "NONKEY":
            stuck = lag > 0.8 * self._lag_then
            if packet.is_keyframe and (lag <= BEHIND or stuck):
                context.skip_frame = "DEFAULT"
                self._behind_since = None
                if stuck:  # almost nothing was decoded, and it is no less: the stamps are to blame
                    self._lag.forgive()
            elif not packet.is_keyframe:
                self._add("skipped_behind")
                if now - self._skipping_since < NO_KEY:  # it is there, although nobody sees it
                    self.arrived_at = now
        elif lag <= BEHIND:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since > PATIENCE:
            context.skip_frame = "NONKEY"
            self._lag_then, self._skipping_since = lag, now

    def _survives(self, error: FFmpegError) -> bool:
        # A read that timed out may have lost half a packet: what follows would be read as nonsense.
        if isinstance(error, TimeoutError | av.error.ExitError):
            return False
        self._add("corrupt_packets")
        return isinstance(error, av.error.InvalidDataError)

    def _add(self, what: str, n: int = 1) -> None:
        with self._changed:
            self._tally[what] += n

    def _give(self, shot: Shot) -> bool:
        connection = self._connection
        with self._changed:
            if connection.latest:
                self._missed += len(self._shots)
                self._shots.clear()
            self._changed.wait_for(lambda: len(self._shots) < connection.depth or self._leaving)
            self.arrived_at = time.monotonic()  # the wait was for the pipeline, and not for the stream
            if self._leaving:
                return False
            self._shots.append(shot)
            self._changed.notify_all()
            return True
