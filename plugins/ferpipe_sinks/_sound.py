"""The sound of the source's file, copied packet by packet into the annotated video."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet as Coded

from ferpipe.packet import MICROSECONDS

__all__ = ["Sound", "sound_of"]


class Sound:
    """The audio packets of a file, in order, for one output.

    origin: stream time, in microseconds, at which the output begins.
    """

    def __init__(self, source: InputContainer, out: OutputContainer, origin: int) -> None:
        self._source = source
        self._streams = {
            stream.index: out.add_stream_from_template(stream) for stream in _copyable(source, out)
        }
        self._origin = origin
        self._zero = source.start_time or 0
        # The encoder's run-in lies before time 0; Matroska cannot say so and would shift the pictures.
        keeps_run_in = not origin and out.format.name != "matroska"
        self._earliest = -MICROSECONDS if keeps_run_in else origin
        self._packets = self._timed()
        self._held: tuple[int, Coded[Any]] | None = None

    def until(self, time: int | None) -> Iterator[Coded[Any]]:
        """The packets up to stream time `time` in microseconds; all that are left where None."""
        while (next_one := self._held or next(self._packets, None)) is not None:
            self._held = next_one
            if time is not None and next_one[0] > time:
                return
            self._held = None
            yield next_one[1]

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def _timed(self) -> Iterator[tuple[int, Coded[Any]]]:
        wanted = [self._source.streams[index] for index in self._streams]
        if self._origin:
            self._source.seek(self._zero + self._origin)
        # A damaged file plays as far as it can be read.
        with contextlib.suppress(FFmpegError):
            for packet in self._source.demux(wanted):
                if packet.dts is None or packet.pts is None:
                    continue
                tick = packet.time_base
                time = round(packet.pts * tick * MICROSECONDS) - self._zero
                if time < self._earliest:
                    continue
                shift = round((self._zero + self._origin) / (tick * MICROSECONDS))
                packet.pts -= shift
                packet.dts -= shift
                packet.stream = self._streams[packet.stream.index]
                yield time, packet


def sound_of(path: str | None, out: OutputContainer, origin: int) -> Sound | None:
    """The sound of the file at `path`; None where it has none that `out` can hold as it is."""
    if path is None:
        return None
    try:
        source = av.open(path)
    except (FFmpegError, OSError):
        return None
    if not _copyable(source, out):
        source.close()
        return None
    return Sound(source, out, origin)


def _copyable(source: InputContainer, out: OutputContainer) -> list[AudioStream]:
    return [stream for stream in source.streams.audio if stream.codec_context.name in out.supported_codecs]
