"""The sound of the source's file, copied packet by packet into the annotated video."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet as Coded

from ferpipe.packet import MICROSECONDS

__all__ = ["Audio", "open_source"]

_RUN_UP = 2 * MICROSECONDS
"""How far before the part wanted reading begins: sound may stand far from the pictures of its time."""

Timed = tuple[int, "Coded[Any]"]
"""Stream time in microseconds, and the packet."""


class Audio:
    """The audio packets of a part of a file, in order, for one output.

    start, end: the part, in microseconds of stream time; the output begins at `start`.
    `lost` counts the audio streams that `out` cannot hold as they are.
    Raises av.FFmpegError or OSError where the file cannot be read.
    """

    def __init__(self, path: str, out: OutputContainer, start: int = 0, end: int | None = None) -> None:
        with open_source(path) as source:
            count = len(source.streams.audio)
        fitting = [number for number in range(count) if _fits(path, number, out.format.name)]
        self.lost = count - len(fitting)
        self._source = open_source(path)
        self._start, self._end = start, end
        self._zero = self._source.start_time or 0
        self._lanes = {
            stream.index: _Lane(path, stream, out)
            for stream in (self._source.streams.audio[number] for number in fitting)
        }
        # The encoder's run-in lies before time 0; Matroska cannot say so and would shift the pictures.
        keeps_run_in = not start and out.format.name != "matroska"
        self._earliest = -MICROSECONDS if keeps_run_in else start
        self._packets = self._timed()
        self._held: Timed | None = None

    def until(self, time: int) -> Iterator[Coded[Any]]:
        """The packets up to stream time `time` in microseconds."""
        while (next_one := self._held or next(self._packets, None)) is not None:
            self._held = next_one
            if next_one[0] > time:
                return
            self._held = None
            yield from self._converted(next_one[1])

    def rest(self, last: int, step: int) -> Iterator[Coded[Any]]:
        """What is left when the last picture, at `last`, was followed by no other.

        Where the file goes on with pictures after `last + step` the run was ended early; then so is
        the sound.
        """
        waiting = [self._held] if self._held else []
        self._held = None
        for time, packet in self._packets:
            if packet.stream.type != "video":
                waiting.append((time, packet))
            elif time > last + step:
                waiting = [one for one in waiting if one[0] < last + step]
                break
        for _, packet in waiting:
            yield from self._converted(packet)

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _timed(self) -> Iterator[Timed]:
        wanted = [self._source.streams[index] for index in self._lanes]
        if not wanted:
            return
        if self._start:
            self._source.seek(self._zero + max(0, self._start - _RUN_UP))
        # A damaged file plays as far as it can be read.
        with contextlib.suppress(FFmpegError):
            for packet in self._source.demux([*wanted, *self._source.streams.video]):
                if packet.dts is None or packet.pts is None:
                    continue
                time = round(packet.pts * packet.time_base * MICROSECONDS) - self._zero
                if time >= self._earliest and (self._end is None or time < self._end):
                    yield time, packet

    def _converted(self, packet: Coded[Any]) -> Iterator[Coded[Any]]:
        if packet.stream.type == "video":
            return
        shift = round((self._zero + self._start) / (packet.time_base * MICROSECONDS))
        yield from self._lanes[packet.stream.index].converted(packet, shift)


class _Lane:
    """One audio stream on its way into the output."""

    def __init__(self, path: str, stream: AudioStream, out: OutputContainer) -> None:
        self._out = out.add_stream_from_template(stream)
        self._last: int | None = None
        self._plain: BitStreamFilterContext | None = None
        # AAC in broadcasts says in every packet what MP4 says once, in the head.
        if stream.codec_context.name == "aac" and not stream.codec_context.extradata:
            self._out.codec_context.extradata = _aac_head(path, stream.index)
            self._plain = BitStreamFilterContext("aac_adtstoasc", stream)

    def converted(self, packet: Coded[Any], shift: int) -> Iterator[Coded[Any]]:
        base = packet.time_base
        for one in [packet] if self._plain is None else self._plain.filter(packet):
            if one.dts is None or one.pts is None or (self._last is not None and one.dts <= self._last):
                continue
            self._last = one.dts
            # A container whose head is written cannot take another one (it reports a full disk).
            coded = _bare(one) if one.has_sidedata("new_extradata") else one
            coded.time_base = base
            coded.pts, coded.dts = one.pts - shift, one.dts - shift
            coded.stream = self._out
            yield coded


def _bare(packet: Coded[Any]) -> Coded[Any]:
    """A copy of `packet` without what stands beside its data."""
    copy: Coded[Any] = Coded(bytes(packet))
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.is_keyframe = packet.is_keyframe
    return copy


def open_source(path: str) -> InputContainer:
    """Open the file at `path`, whatever its name looks like, and no other.

    FFmpeg is given an open file: a name can be an address or a pattern to it, and a format may look for
    further files beside it.  Raises OSError, also where it is no longer a regular file.
    """
    if os.name == "nt":
        file = Path(path).open("rb")  # noqa: SIM115 -- the container keeps it
        return av.open(file, "r", container_options={"protocol_whitelist": "none"}, metadata_errors="replace")
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe put there is not waited for
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        settings = {"fd": str(handle), "protocol_whitelist": "fd"}
        return av.open("fd:", "r", container_options=settings, metadata_errors="replace")
    finally:
        os.close(handle)


def _fits(path: str, number: int, form: str) -> bool:
    """Whether a file of the format `form` can hold the audio stream, found by trying."""
    try:
        with open_source(path) as source, av.open(io.BytesIO(), "w", format=form) as trial:
            stream = source.streams.audio[number]
            lane = _Lane(path, stream, trial)
            trial.start_encoding()
            for packet in source.demux(stream):
                if packet.dts is not None and packet.pts is not None:
                    trial.mux(list(lane.converted(packet, packet.dts)))
                    return True
    except (FFmpegError, OSError, ValueError):
        return False
    return False


def _aac_head(path: str, index: int) -> bytes | None:
    """The AudioSpecificConfig (ISO/IEC 14496-3) of ADTS packets; None where they carry none."""
    with open_source(path) as source:
        stream = source.streams[index]
        plain = BitStreamFilterContext("aac_adtstoasc", stream)
        for packet in source.demux(stream):
            for one in plain.filter(packet) if packet.dts is not None else ():
                for extra in one.iter_sidedata():
                    if extra.data_type == "new_extradata":
                        return bytes(extra)
            if packet.dts is not None:
                return None
    return None
