"""What every source that decodes with PyAV does: read packets, decode them, survive bad ones."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import cast

from av.container import InputContainer
from av.error import FFmpegError
from av.format import ContainerFormat
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ferpipe.packet import MICROSECONDS

__all__ = ["decoded", "lacks_stamps", "microseconds", "owned", "packets", "step_of"]

GIVE_UP_AFTER = 64
"""Read errors in a row, without a packet between, that end a stream."""

DEFAULT_STEP = 40_000
"""Microseconds between frames where nothing at all specifies it; used only in repairs."""


NO_STAMPS = 0x0080
"""AVFMT_NOTIMESTAMPS."""

BARE = frozenset(
    {"av1", "evc", "h261", "h263", "h264", "hevc", "m4v", "mjpeg", "mpjpeg", "mpegvideo", "obu", "vvc"}
)
"""Formats that are coded pictures and nothing else."""


def microseconds(ticks: int | None, base: Fraction | None) -> int | None:
    """`ticks` of `base` seconds in microseconds, rounded to the nearest; None stays None."""
    if ticks is None or not base:
        return None
    scaled = ticks * base.numerator * MICROSECONDS
    return (2 * scaled + base.denominator) // (2 * base.denominator)


def lacks_stamps(form: ContainerFormat) -> bool:
    """Whether FFmpeg makes up the times of a format, at 25 frames a second, since it has none."""
    return bool(form.flags & NO_STAMPS) or any(
        name in BARE or name.endswith("_pipe") for name in form.name.split(",")
    )


def step_of(frame: VideoFrame, stream: VideoStream) -> int:
    """How long `frame` is shown, in microseconds, for repairs: as the container says, else by its rate."""
    length = microseconds(frame.duration or None, stream.time_base)
    if not length and stream.average_rate:
        length = round(MICROSECONDS / stream.average_rate)
    return length or DEFAULT_STEP


def packets(
    container: InputContainer,
    stream: VideoStream,
    survives: Callable[[FFmpegError], bool],
    *,
    own: bool = False,
) -> Iterator[Packet[VideoStream]]:
    """The packets of `stream`; reads on after each error that `survives`, raises the others.

    own: each is a copy (see `owned`), and nothing of the original is left when it is given.
    Ends like the stream does, after `GIVE_UP_AFTER` errors in a row at the latest.
    """

    def reading() -> Iterator[Packet[VideoStream]]:
        # map and not a loop, whose variable would keep the original until the next one has come
        return map(owned, container.demux(stream)) if own else container.demux(stream)

    source = reading()
    failures = 0
    while failures < GIVE_UP_AFTER:
        try:
            packet = next(source, None)
        except IndexError:  # PyAV does not know a stream that begins within the file (SWF, damaged ones)
            source = reading()
            continue
        except FFmpegError as error:
            if not survives(error):
                raise
            failures += 1
            source = reading()
            continue
        if packet is None:
            return
        failures = 0
        if packet.size:
            yield packet


def owned(packet: Packet[VideoStream]) -> Packet[VideoStream]:
    """A copy of `packet` in memory of its own.

    FFmpeg gives the buffers of a V4L2 device as they are, in packets and in the raw frames made of
    them, and takes them away when the device is closed: whoever still has one then crashes.
    """
    if not packet.size:
        return packet
    copy = cast("Packet[VideoStream]", Packet(packet.size))
    copy.update(cast("bytes", packet))  # it takes whatever has a buffer
    copy.stream, copy.time_base = packet.stream, packet.time_base
    copy.pts, copy.dts, copy.duration = packet.pts, packet.dts, packet.duration
    copy.is_keyframe, copy.is_corrupt = packet.is_keyframe, packet.is_corrupt
    return copy


def decoded(
    packets: Iterator[Packet[VideoStream]], stream: VideoStream, broken: Callable[[], object]
) -> Iterator[VideoFrame]:
    """The frames of `packets` in the order they are shown; calls `broken` for each bad packet."""
    context = stream.codec_context
    for packet in packets:
        if packet.is_corrupt:
            broken()
        try:
            frames = context.decode(packet)
        except FFmpegError:
            broken()
            continue
        yield from frames
    with contextlib.suppress(FFmpegError):
        yield from context.decode(None)
