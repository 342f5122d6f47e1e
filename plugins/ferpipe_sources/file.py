"""Video files, frame by frame, at the times their container gives."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, dropwhile

import cv2  # noqa: F401 -- before PyAV, whose copy of libxcb would make OpenCV's windows hang

# isort: split
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import Field, model_validator
from typing_extensions import Self

from ferpipe import Context, Frame, Options, Packet, Source, StreamInfo, UsageError
from ferpipe.packet import MICROSECONDS, Image, Planes
from ferpipe_sources._clock import Clock
from ferpipe_sources._decode import decoded, microseconds, packets, step_of
from ferpipe_sources._length import SLACK, ends_early, is_cut, length_of, video_end
from ferpipe_sources._local import open_file, refuse_unreadable, refuse_url
from ferpipe_sources._moment import created_at, timecode_of
from ferpipe_sources._picture import Aspect, Converter
from ferpipe_sources._tracks import choose_video, described, moving

__all__ = ["FileOptions", "FileSource"]

DOUBT = 60 * MICROSECONDS
"""Claimed lengths leave out the last frame's, or more; only stamps far beyond twice that are wrong."""

RUN_UP = 2 * MICROSECONDS
"""How far before the start decoding begins, so that pictures which open groups refer to are there."""

Shot = tuple[int, VideoFrame, "Fraction | None"]
"""Stream time in microseconds, the picture, and how many times as wide as high its pixels are."""


class FileOptions(Options):
    """Which file, and which part of it."""

    path: str = Field(min_length=1, description="The video file.")
    track: int | None = Field(
        None,
        ge=0,
        description="Index of the video track, from 0. Default: the track marked as default, or the longest.",
    )
    stride: int = Field(1, ge=1, description="Emit every n-th frame.")
    start: float = Field(
        0.0, ge=0, description="Start at this stream time in seconds, accurate to the frame."
    )
    end: float | None = Field(None, gt=0, description="End before this stream time in seconds.")
    max_width: int | None = Field(None, ge=1, description="Scale wider frames down to this width.")
    threads: int = Field(
        1,
        ge=1,
        le=64,
        description="Number of threads of the decoder; 1 costs the least, more help with 4K and HEVC.",
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
    display matrix, have square pixels, and are all of the first one's size: later ones of another
    size are scaled into it, with black bars where their shape differs.
    Counts `corrupt_packets`, `corrupt_frames`, `repaired_pts` and `truncated`.
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
        for shot in shots:
            image = self._image(shot)
            if image is not None:
                self._shots = chain([shot], shots)
                self.stream = self._info(image)
                return
        raise UsageError(self._why_nothing(start))

    def frames(self) -> Iterator[Packet]:
        """The frames from `start` to `end`, every `stride`-th."""
        index = 0
        for number, shot in enumerate(self._shots):
            self._report()
            if self.context.stop.is_set() or self._is_after_end(shot[0]):
                return
            image = self._image(shot) if number % self.options.stride == 0 else None
            if image is not None:
                yield Packet(Frame.of(image, shot[0], index, self.context.name))
                index += 1
        self._report()
        self._report_truncation()

    def close(self) -> None:
        """Close the file."""
        self._shots = iter(())
        if self._container is not None:
            self._container.close()
            self._container = None

    def _image(self, shot: Shot) -> Image | Planes | None:
        """The picture of `shot`; None, and counted, where damage left nothing that can be shown."""
        try:
            return self._convert(shot[1], shot[2])
        except (FFmpegError, ValueError):
            self._tally["corrupt_frames"] += not shot[1].is_corrupt
            return None

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
        stream = self._choose(container)
        stream.codec_context.thread_count = self.options.threads
        stream.codec_context.thread_type = "AUTO" if self.options.threads > 1 else "SLICE"
        self._size = self._path.stat().st_size
        self._length = length_of(container, self._path)
        self._created, self._timecode = created_at(container), timecode_of(container)
        self._video_end = video_end(container, stream)
        self._is_cut = is_cut(stream, self._size)
        self._claimed = stream.frames or None
        self._rate = stream.average_rate
        self._end_of_last = 0
        self._clock = Clock(container.start_time, self._length and 2 * self._length + DOUBT)
        if seek:
            with contextlib.suppress(FFmpegError):
                container.seek((container.start_time or 0) + seek)
        return self._timed(container, stream)

    def _choose(self, container: InputContainer) -> VideoStream:
        stream = choose_video(container, str(self._path), self.options.track)
        tracks = moving(container)
        if len(tracks) > 1 and self.options.track is None:
            number = tracks.index(stream)
            self.context.log.info(
                "%s: reading video track %d of %d (%s); the option 'track' chooses another",
                self._path,
                number,
                len(tracks),
                described(tracks),
            )
        return stream

    def _timed(self, container: InputContainer, stream: VideoStream) -> Iterator[Shot]:
        def broken(_: FFmpegError | None = None) -> bool:
            self._tally["corrupt_packets"] += 1
            return True

        step = 0
        aspect = Aspect(stream)
        for frame in decoded(packets(container, stream, broken), stream, broken):
            repaired = self._clock.repaired
            time = self._clock.tell(microseconds(frame.pts, stream.time_base), step)
            step = step_of(frame, stream)
            self._end_of_last = time + step
            self._tally["repaired_pts"] += self._clock.repaired - repaired
            self._tally["corrupt_frames"] += frame.is_corrupt
            yield time, frame, aspect.now()

    def _is_after_end(self, time: int) -> bool:
        return self.options.end is not None and time >= _ticks(self.options.end)

    def _report(self) -> None:
        for what, n in self._tally.items():
            if n:
                self.context.count(what, n)
        self._tally.clear()

    def _report_truncation(self) -> None:
        end = self._length if self._video_end is None else self._video_end
        last = self._end_of_last
        missing = (end or 0) - last
        suspected = missing > SLACK and (
            self._video_end is not None or ends_early(self._path, last, last + missing)
        )
        if not suspected and not self._is_cut:
            return
        self.context.count("truncated")
        until = f"{last / MICROSECONDS:.1f} s"
        whole = f" of {end / MICROSECONDS:.1f} s" if missing > SLACK and end else ""
        self.context.incomplete(f"{self._path} is cut short: its pictures end at {until}{whole}")

    def _info(self, image: Image | Planes) -> StreamInfo:
        return StreamInfo(
            name=self._path.name,
            uri=str(self.options.path),
            width=image.shape[1],
            height=image.shape[0],
            duration=self._length,
            frames=self._claimed,
            rate=float(self._rate) / self.options.stride if self._rate else None,
            size=self._size,
            path=str(self._path),
            start=_ticks(self.options.start),
            end=None if self.options.end is None else _ticks(self.options.end),
            created=self._created,
            timecode=self._timecode,
        )


def _ticks(seconds: float) -> int:
    return round(seconds * MICROSECONDS)
