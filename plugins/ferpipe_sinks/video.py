"""The annotated video as a file: H.264, at the times of the source, with its audio."""

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

from ferpipe import Context, Options, Output, Packet, RunError, Stage, StreamInfo, UsageError
from ferpipe_sinks._audio import Audio
from ferpipe_sinks._encoder import CONTAINERS, Encoder, lookahead
from ferpipe_sinks._hardware import HARDWARE, usable
from ferpipe_sinks._letterbox import even_size, fitted

__all__ = ["VideoOptions", "VideoSink"]

_UNFIT = (ArgumentError, InvalidDataError, PermissionError)
"""Errors of FFmpeg for packets that a container cannot hold, as opposed to disk errors."""


class VideoOptions(Options):
    """Destination and encoding of the video."""

    path: str = Field(min_length=1, description="The file to write: .mp4, .m4v, .mov or .mkv.")
    codec: Literal[
        "libx264", "libx265", "auto", "h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_vaapi"
    ] = Field(
        "libx264",
        description=(
            "The encoder: libx264 (H.264), libx265 (HEVC), or an H.264 encoder in hardware. auto uses the "
            "first one in hardware that works on this machine, else libx264; 'ferpipe doctor' lists them."
        ),
    )
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"] | None = Field(
        None,
        description=(
            "The preset of the encoder: a faster one costs less time and makes larger files. Default: "
            "superfast for libx264, veryfast for libx265. Encoders in hardware have none."
        ),
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
    at time 0.  The audio of that part is copied unchanged; audio that the container cannot hold is
    omitted and counted as `sound_lost`.  During the run the video is in `<path>.part`, which is
    playable up to the last second if the run is killed.  The first frame determines the size.
    Raises RunError if the video cannot be written.
    """

    Options = VideoOptions
    needs = frozenset({"frame"})
    _output: Output | None = None
    _encoder: Encoder | None = None
    _audio: Audio | None = None
    _failed = False
    _origin = _last = _step = 0
    _size = (0, 0)

    def open(self, context: Context) -> None:
        """Reserve the output; writing starts with the first frame."""
        super().open(context)
        self._output = context.create(self.options.path)
        self._target = self._output.target

    def process(self, packet: Packet) -> Packet:
        """Encode one picture, and copy the audio up to it."""
        self._guard(lambda: self._add(packet))
        return packet

    def flush(self) -> Iterable[Packet]:
        """Copy the rest of the audio if the source was read to its end."""
        audio = self._audio
        if audio is not None:
            self._guard(lambda: self._copy(audio.rest(self._last, self._step)))
        return ()

    def close(self) -> None:
        """Finalise and rename the file."""
        encoder, self._encoder = self._encoder, None
        audio, self._audio = self._audio, None
        try:
            if encoder is not None:
                self._finish(encoder)
        finally:
            if audio is not None:
                audio.close()
            if self._output is not None:
                self._output.close()

    def _add(self, packet: Packet) -> None:
        self._writing.check()
        encoder = self._encoder or self._begin(packet)
        time = packet.time - self._origin
        if self._audio is not None:
            self._copy(self._audio.until(packet.time))
        self._step = packet.time - self._last
        self._last = packet.time
        encoder.add(fitted(packet.picture, self._size), time)

    def _begin(self, packet: Packet) -> Encoder:
        options = self.options
        self._size = even_size(packet.picture)
        stream = self.context.streams.get(packet.frame.source)
        self._origin = stream.start if stream is not None else 0
        self._last = packet.time
        form = CONTAINERS[self._target.suffix.lower()]
        codec = self._codec()
        self._encoder = Encoder(
            self._writing.file,
            form,
            self._size,
            codec,
            ahead=lookahead(None if stream is None else stream.rate),
            preset=options.preset or ("veryfast" if codec == "libx265" else "superfast"),
            crf=options.crf,
            threads=options.threads,
        )
        if options.audio and stream is not None and stream.path is not None:
            self._audio = self._find_audio(self._encoder, stream.path, stream)
        self._encoder.begin()
        return self._encoder

    def _codec(self) -> str:
        wanted = self.options.codec
        if wanted != "auto":
            if wanted in HARDWARE and not usable(wanted, self._size):
                raise UsageError(
                    f"the encoder {wanted} does not work on this machine for a video of "
                    f"{self._size[0]}x{self._size[1]}: use codec: auto, or leave codec out"
                )
            return wanted
        found = next((name for name in HARDWARE if usable(name, self._size)), None)
        if found is None:
            self.context.log.info("no encoder in hardware works on this machine: libx264 encodes the video")
        return found or "libx264"

    def _find_audio(self, encoder: Encoder, path: str, stream: StreamInfo) -> Audio | None:
        try:
            audio = Audio(path, encoder.container, stream.start, stream.end)
        except (FFmpegError, OSError) as error:
            self._miss(error.strerror or str(error))
            return None
        if audio.lost:
            self._miss(f"{self._target.suffix} cannot hold it without conversion", audio.lost)
        return audio

    def _copy(self, packets: Iterable[Coded[Any]]) -> None:
        """Copy audio; if the container refuses a packet, the rest of the audio is omitted."""
        if self._encoder is None or self._audio is None:
            return
        try:
            for coded in packets:
                self._encoder.container.mux_one(coded)
        except _UNFIT as error:
            self._audio.close()
            self._audio = None
            self._miss(error.strerror or str(error))

    def _miss(self, why: str, streams: int = 1) -> None:
        self.context.count("sound_lost", streams)
        self.context.log.warning("the audio was not copied to '%s': %s", self._target, why)

    def _finish(self, encoder: Encoder) -> None:
        if self._failed:
            _discard(encoder)
            return
        try:
            self._guard(encoder.finish)
        except RunError:
            _discard(encoder)
            raise
        self._guard(encoder.close)
        self.context.wrote(self._writing.commit())

    @property
    def _writing(self) -> Output:
        assert self._output is not None  # noqa: S101 -- `open` made it
        return self._output

    def _guard(self, work: Callable[[], object]) -> None:
        """Do `work`; errors of the encoder and the disk become one line."""
        if self._failed:
            raise RunError(f"the video '{self._target}' could not be written")
        try:
            work()
        except (FFmpegError, OSError) as error:
            self._failed = True
            raise self._writing.failure(error, "the video") from error


def _discard(encoder: Encoder) -> None:
    """Close an encoder that cannot be finished; the error has already been reported."""
    with contextlib.suppress(FFmpegError, OSError):
        encoder.close()
