"""Video files, frame by frame, at the times their container gives."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from itertools import chain, dropwhile
from pathlib import Path
from typing import cast

import cv2  # noqa: F401 -- before PyAV, whose copy of libxcb would make OpenCV's windows hang

# isort: split
import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import Field, model_validator
from typing_extensions import Self

from ferpipe import Context, Frame, Options, Packet, Source, StreamInfo, UsageError
from ferpipe.packet import MICROSECONDS
from ferpipe_sources._clock import Clock
from ferpipe_sources._decode import choose_video, decoded, microseconds, packets, step_of
from ferpipe_sources._picture import Converter

__all__ = ["FileOptions", "FileSource"]

SLACK = MICROSECONDS
"""How far a stream may differ from the length its container claims."""

DOUBT = 60 * MICROSECONDS
"""Claimed lengths leave out the last frame's, or more; only stamps far beyond twice that are wrong."""

RUN_UP = 2 * MICROSECONDS
"""How far before the start decoding begins, so that pictures which open groups refer to are there."""

PLAYLISTS = frozenset({"concat", "dash", "hls", "imf", "webm_dash_manifest"})
"""FFmpeg's formats that name other files."""

Shot = tuple[int, VideoFrame]
"""Stream time in microseconds, and the picture."""


class FileOptions(Options):
    """Which file, and which part of it."""

    path: str = Field(min_length=1, description="the video file")
    stride: int = Field(1, ge=1, description="give every n-th frame")
    start: float = Field(0.0, ge=0, description="seconds of stream time to begin at, to the frame")
    end: float | None = Field(None, gt=0, description="seconds of stream time to end before")
    max_width: int | None = Field(None, ge=1, description="scale wider pictures down to this width")
    threads: int = Field(
        1, ge=1, le=64, description="threads of the decoder; 1 costs least, more help with 4K and HEVC"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end ({self.end} s) must come after start ({self.start} s)")
        return self


class FileSource(Source[FileOptions]):
    """Reads a video file, exact to the microsecond, whatever its rate, rotation or damage.

    Time 0 is the start that the container gives (its sound may begin before its pictures).
    `Frame.index` counts the frames delivered.  Pictures stand upright, by the container's
    display matrix.  Counts `corrupt_packets`, `corrupt_frames`, `repaired_pts` and `truncated`.
    Raises UsageError in `open` for whatever is not a video file.
    """

    Options = FileOptions
    _container: InputContainer | None = None
    _shots: Iterator[Shot] = iter(())

    def open(self, context: Context) -> None:
        """Find the file and decode up to the first frame that will be given."""
        super().open(context)
        refuse_url(self.options.path)
        self._path = context.input(self.options.path)
        refuse_unreadable(self._path)
        self._convert = Converter(self.options.max_width)
        start = _ticks(self.options.start)
        shots = self._shots_from(start)
        first = next(shots, None)
        if first is None:
            raise UsageError(self._why_nothing(start))
        self._shots = chain([first], shots)
        self.stream = self._info(first[1])

    def frames(self) -> Iterator[Packet]:
        """The frames from `start` to `end`, every `stride`-th."""
        index = 0
        for number, (time, frame) in enumerate(self._shots):
            self._report()
            if self.context.stop.is_set() or self._is_after_end(time):
                return
            if number % self.options.stride == 0:
                yield Packet(Frame(self._convert(frame), time, index, self.context.name))
                index += 1
        self._report()
        self._report_truncation()

    def close(self) -> None:
        """Close the file."""
        self._shots = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None

    def _why_nothing(self, start: int) -> str:
        if start and self._end_of_last:
            seconds = self._end_of_last / MICROSECONDS
            return f"{self._path}: start is {self.options.start} s, but it is over at {seconds:.3f} s"
        return f"{self._path}: not one of its pictures can be decoded; it may be damaged or cut short"

    def _shots_from(self, start: int) -> Iterator[Shot]:
        """Times and frames from `start` on; decoded from the beginning where seeking is not exact."""
        if not start:
            return self._read(seek=0)
        shots: Iterator[Shot] = self._read(seek=max(0, start - RUN_UP))
        first = next(shots, None)
        if first is not None and first[0] <= start and not self._clock.repaired:
            shots = chain([first], shots)
        else:
            shots = self._read(seek=0)
        return dropwhile(lambda shot: shot[0] < start, shots)

    def _read(self, *, seek: int) -> Iterator[Shot]:
        self.close()
        self._tally: Counter[str] = Counter()
        container = self._container = open_file(self._path)
        stream = choose_video(container, str(self._path))
        stream.codec_context.thread_count = self.options.threads
        stream.codec_context.thread_type = "AUTO" if self.options.threads > 1 else "SLICE"
        self._length = container.duration
        self._end_of_last = 0
        self._clock = Clock(container.start_time, self._length and 2 * self._length + DOUBT)
        if seek:
            with contextlib.suppress(FFmpegError):
                container.seek((container.start_time or 0) + seek)
        return self._timed(container, stream)

    def _timed(self, container: InputContainer, stream: VideoStream) -> Iterator[Shot]:
        def broken(_: FFmpegError | None = None) -> bool:
            self._tally["corrupt_packets"] += 1
            return True

        step = 0
        for frame in decoded(packets(container, stream, broken), stream, broken):
            repaired = self._clock.repaired
            time = self._clock.tell(microseconds(frame.pts, stream.time_base), step)
            step = step_of(frame, stream)
            self._end_of_last = time + step
            self._tally["repaired_pts"] += self._clock.repaired - repaired
            self._tally["corrupt_frames"] += frame.is_corrupt
            yield time, frame

    def _is_after_end(self, time: int) -> bool:
        return self.options.end is not None and time >= _ticks(self.options.end)

    def _report(self) -> None:
        for what, n in self._tally.items():
            if n:
                self.context.count(what, n)
        self._tally.clear()

    def _report_truncation(self) -> None:
        missing = (self._length or 0) - self._end_of_last
        if missing > SLACK:
            self.context.count("truncated")
            self.context.log.warning(
                "%s: its pictures end %.1f s before its end; it may be cut short",
                self._path,
                missing / MICROSECONDS,
            )

    def _info(self, frame: VideoFrame) -> StreamInfo:
        container = cast("InputContainer", self._container)
        stream = choose_video(container, str(self._path))
        height, width = self._convert(frame).shape[:2]
        return StreamInfo(
            name=self._path.name,
            uri=str(self.options.path),
            width=width,
            height=height,
            duration=self._length,
            frames=stream.frames or None,
            rate=float(stream.average_rate) / self.options.stride if stream.average_rate else None,
            size=self._path.stat().st_size,
            path=str(self._path),
            start=_ticks(self.options.start),
            end=None if self.options.end is None else _ticks(self.options.end),
        )


def _ticks(seconds: float) -> int:
    return round(seconds * MICROSECONDS)


def refuse_url(path: str) -> None:
    """Raise UsageError for an address, naming the source that reads it."""
    if "://" in path and not path.startswith("ferpipe:"):
        raise UsageError(
            f"a {path.partition('://')[0][:20]} address is not a file; "
            "read it with 'use: rtsp' and 'with: {url: ...}'"
        )


def refuse_unreadable(path: Path) -> None:
    """Raise UsageError for what is missing, a folder, not a plain file, empty or not readable."""
    try:
        if path.is_dir():
            raise UsageError(
                f"{path} is a folder; name a video in it, or read its pictures with 'use: images'"
            )
        if not path.exists():
            raise UsageError(f"{path} is not there; check the path (it is relative to {Path.cwd()})")
        if not path.is_file():
            raise UsageError(
                f"{path} is a pipe or device, not a file; read a pipe with 'use: rtsp' and "
                f"'url: fifo://{path.absolute()}', a camera with 'use: webcam'"
            )
        if path.stat().st_size == 0:
            raise UsageError(f"{path} is empty (0 bytes); copy or record it again")
        with path.open("rb"):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}; check its permissions") from None


def open_file(path: Path) -> InputContainer:
    """Open `path` as a video; nothing else than that file is touched (no network, no other file).

    Raises UsageError where it is not one, and for playlists, which name other files.
    """
    if looks_like_playlist(path):
        raise UsageError(_no_playlist(path))
    try:
        container = av.open(
            f"file:{path}",
            "r",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except FFmpegError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"{path} is not a video that can be read ({reason}); it may be cut short or of another kind"
        ) from None
    if PLAYLISTS.intersection(container.format.name.split(",")):
        container.close()
        raise UsageError(_no_playlist(path))
    return container


def looks_like_playlist(path: Path) -> bool:
    """Whether `path` begins as an HLS (RFC 8216), FFmpeg concat or DASH (ISO/IEC 23009-1) playlist."""
    with path.open("rb") as file:
        head = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"#EXTM3U", b"ffconcat ")) or (head.startswith(b"<") and b"<MPD" in head)


def _no_playlist(path: Path) -> str:
    return f"{path} is a playlist, which names other files; give one of the videos that it names"
