"""A thread that reads a live stream, so that nothing a library does can hold up the pipeline."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ferpipe import UsageError
from ferpipe_sources._decode import choose_video, decoded, microseconds, packets, step_of

__all__ = ["Connection", "Reader", "Shot"]


@dataclass(frozen=True, slots=True)
class Shot:
    """One decoded frame: its stamp (None where it has none) and length in microseconds, its arrival."""

    frame: VideoFrame
    stamp: int | None
    length: int
    arrived: float


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a stream.

    open: gives the opened container; may raise FFmpegError or UsageError.
    depth: decoded frames that may wait.
    latest: a new frame pushes out the oldest one that waits; else reading waits.
    threads: threads of the decoder.
    resumes: reading may go on after a read that timed out.
    """

    open: Callable[[], InputContainer]
    name: str
    depth: int
    latest: bool
    threads: int = 1
    resumes: bool = False


class Reader(threading.Thread):
    """Opens one connection, decodes it, and keeps the newest frames until they are taken.

    Every wait on it is bounded: `take` returns after `timeout`, whatever the network does.
    `leave` tells the thread to end; it closes its connection itself as soon as the call it is
    in returns (the time-outs given to the container bound that), so nobody needs to wait for it.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(name=f"{connection.name} reader", daemon=True)
        self._connection = connection
        self._changed = threading.Condition()
        self._shots: deque[Shot] = deque()
        self._tally: Counter[str] = Counter()
        self._leaving = False
        self.connected_at: float | None = None
        """`time.monotonic()` when the stream was open, None before."""
        self.ended = False
        """The stream is over; nothing will follow what waits."""
        self.error: Exception | None = None
        """Why it is over; None where it ended as a file ends."""

    def take(self, timeout: float) -> Shot | None:
        """The oldest frame that waits, or None after `timeout` seconds or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._shots or self.ended or self._leaving, timeout)
            shot = self._shots.popleft() if self._shots else None
            self._changed.notify_all()
            return shot

    def leave(self) -> None:
        """Wake everybody and end as soon as possible."""
        with self._changed:
            self._leaving = True
            self._shots.clear()
            self._changed.notify_all()

    def counts(self) -> dict[str, int]:
        """What happened since the last call: `corrupt_packets`, `corrupt_frames`, `overtaken`."""
        with self._changed:
            counts = dict(self._tally)
            self._tally.clear()
        return counts

    def run(self) -> None:
        """Read until the stream ends or nobody wants it."""
        try:
            self._read()
        except (FFmpegError, UsageError) as error:
            self.error = error
        finally:
            with self._changed:
                self.ended = True
                self._changed.notify_all()

    def _read(self) -> None:
        container = self._connection.open()
        try:
            stream = choose_video(container, self._connection.name)
            stream.codec_context.thread_count = self._connection.threads
            stream.codec_context.thread_type = "SLICE"
            self.connected_at = time.monotonic()
            for frame in decoded(
                self._packets(container, stream), stream, partial(self._add, "corrupt_packets")
            ):
                if frame.is_corrupt:
                    self._add("corrupt_frames")
                stamp = microseconds(frame.pts, stream.time_base)
                if not self._give(Shot(frame, stamp, step_of(frame, stream), time.monotonic())):
                    return
        finally:
            container.close()

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
        for packet in packets(container, stream, self._survives):
            if self._leaving:
                return
            yield packet

    def _survives(self, error: FFmpegError) -> bool:
        if isinstance(error, av.error.TimeoutError | av.error.ExitError):
            return self._connection.resumes and not self._leaving
        self._add("corrupt_packets")
        return isinstance(error, av.error.InvalidDataError)

    def _add(self, what: str) -> None:
        with self._changed:
            self._tally[what] += 1

    def _give(self, shot: Shot) -> bool:
        connection = self._connection
        with self._changed:
            if connection.latest and len(self._shots) == connection.depth:
                self._shots.popleft()
                self._tally["overtaken"] += 1
            self._changed.wait_for(lambda: len(self._shots) < connection.depth or self._leaving)
            if self._leaving:
                return False
            self._shots.append(shot)
            self._changed.notify_all()
            return True
