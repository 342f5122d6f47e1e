"""The annotated video as a file: H.264, at the times of the source, with its sound."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import cv2  # noqa: F401 -- before PyAV, whose copy of libxcb would make OpenCV's windows hang

# isort: split
from av.error import ArgumentError, FFmpegError, InvalidDataError
from av.packet import Packet as Coded
from pydantic import Field, field_validator

from ferpipe import Context, Options, Output, Packet, RunError, Stage, StreamInfo
from ferpipe_sinks._audio import Sound
from ferpipe_sinks._encoder import CONTAINERS, Film, lookahead
from ferpipe_sinks._letterbox import even_size, fitted

__all__ = ["VideoOptions", "VideoSink"]

_UNFIT = (ArgumentError, InvalidDataError, PermissionError)
"""What FFmpeg says of packets that a container cannot take, as opposed to a disk."""


class VideoOptions(Options):
    """Where the video goes, and how it is encoded."""

    path: str = Field(min_length=1, description="The file to write: .mp4, .m4v, .mov or .mkv.")
    codec: Literal["libx264", "libx265"] = Field("libx264", description="The codec: H.264 or HEVC.")
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"] = Field(
        "veryfast",
        description="The preset of the encoder: a faster one costs less time and makes larger files.",
    )
    crf: int = Field(
        23,
        ge=0,
        le=51,
        description="Quality: 18 is almost indistinguishable from the source, 28 makes small files.",
    )
    threads: int = Field(
        0, ge=0, le=64, description="Number of threads of the encoder; 0 chooses it by the number of cores."
    )
    audio: bool = Field(True, description="Copy the audio of the source file.")

    @field_validator("path")
    @classmethod
    def _has_a_container(cls, path: str) -> str:
        if Path(path).suffix.lower() not in CONTAINERS:
            raise ValueError(f"'{path}' does not end in one of {', '.join(CONTAINERS)}: rename it")
        return path


class VideoSink(Stage[VideoOptions]):
    """Writes the pictures, annotated where an overlay ran, as an H.264 video.

    Every frame keeps its time, to the microsecond (to the millisecond in .mkv); a part of a file begins
    at time 0.  The sound of that part is copied as it is; sound that the container cannot hold is left
    out and counted as `sound_lost`.  While the run lasts the video stands in `<path>.part`, which
    plays up to the last second whenever the run is killed.  The first frame decides the size.
    Raises RunError where the disk does not take it.
    """

    Options = VideoOptions
    needs = frozenset({"frame"})
    _output: Output | None = None
    _film: Film | None = None
    _sound: Sound | None = None
    _failed = False
    _origin = _last = _step = 0
    _size = (0, 0)

    def open(self, context: Context) -> None:
        """Settle the name of the file; it is written from the first frame on."""
        super().open(context)
        self._output = context.create(self.options.path)
        self._target = self._output.target

    def process(self, packet: Packet) -> Packet:
        """Encode one picture, and copy the sound up to it."""
        self._guard(lambda: self._add(packet))
        return packet

    def flush(self) -> Iterable[Packet]:
        """Copy the rest of the sound where the source was seen to its end."""
        sound = self._sound
        if sound is not None:
            self._guard(lambda: self._copy(sound.rest(self._last, self._step)))
        return ()

    def close(self) -> None:
        """Finish the file and give it its name."""
        film, self._film = self._film, None
        sound, self._sound = self._sound, None
        try:
            if film is not None:
                self._finish(film)
        finally:
            if sound is not None:
                sound.close()
            if self._output is not None:
                self._output.close()

    def _add(self, packet: Packet) -> None:
        self._writing.check()
        film = self._film or self._begin(packet)
        time = packet.time - self._origin
        if self._sound is not None:
            self._copy(self._sound.until(packet.time))
        self._step = packet.time - self._last
        self._last = packet.time
        film.add(fitted(packet.picture, self._size), time)

    def _begin(self, packet: Packet) -> Film:
        options = self.options
        self._size = even_size(packet.picture)
        stream = self.context.streams.get(packet.frame.source)
        self._origin = stream.start if stream is not None else 0
        self._last = packet.time
        form = CONTAINERS[self._target.suffix.lower()]
        self._film = Film(
            self._writing.file,
            form,
            self._size,
            options.codec,
            ahead=lookahead(None if stream is None else stream.rate),
            preset=options.preset,
            crf=options.crf,
            threads=options.threads,
        )
        if options.audio and stream is not None and stream.path is not None:
            self._sound = self._find_sound(self._film, stream.path, stream)
        self._film.begin()
        return self._film

    def _find_sound(self, film: Film, path: str, stream: StreamInfo) -> Sound | None:
        try:
            sound = Sound(path, film.container, stream.start, stream.end)
        except (FFmpegError, OSError) as error:
            self._miss(error.strerror or str(error))
            return None
        if sound.lost:
            self._miss(f"{self._target.suffix} cannot hold it without conversion", sound.lost)
        return sound

    def _copy(self, packets: Iterable[Coded[Any]]) -> None:
        """Copy sound; what the container refuses costs the rest of the sound and not the run."""
        if self._film is None or self._sound is None:
            return
        try:
            for coded in packets:
                self._film.container.mux_one(coded)
        except _UNFIT as error:
            self._sound.close()
            self._sound = None
            self._miss(error.strerror or str(error))

    def _miss(self, why: str, streams: int = 1) -> None:
        self.context.count("sound_lost", streams)
        self.context.log.warning("the audio was not copied to '%s': %s", self._target, why)

    def _finish(self, film: Film) -> None:
        if self._failed:
            _let_go(film)
            return
        try:
            self._guard(film.finish)
        except RunError:
            _let_go(film)
            raise
        self._guard(film.close)
        self.context.wrote(self._writing.commit())

    @property
    def _writing(self) -> Output:
        assert self._output is not None  # noqa: S101 -- `open` made it
        return self._output

    def _guard(self, work: Callable[[], object]) -> None:
        """Do `work`; what the encoder and the disk say becomes one line."""
        if self._failed:
            raise RunError(f"the video '{self._target}' could not be written")
        try:
            work()
        except (FFmpegError, OSError) as error:
            self._failed = True
            raise self._writing.failure(error, "the video") from error


def _let_go(film: Film) -> None:
    """Close what cannot be finished; why has been told already."""
    with contextlib.suppress(FFmpegError, OSError):
        film.close()
