"""How long a file is, and whether all of it is there."""

from __future__ import annotations

import contextlib
from itertools import islice
from pathlib import Path

from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from ferpipe.packet import MICROSECONDS
from ferpipe_sources._decode import microseconds
from ferpipe_sources._local import open_file
from ferpipe_sources._tracks import tagged_seconds

__all__ = ["SLACK", "ends_early", "is_cut", "length_of", "video_end"]

SLACK = MICROSECONDS
"""How far a stream may differ from the length its container claims."""

LAST = 64
"""Entries of an index, from its end, among which is the one that lies last in the file."""


def length_of(container: InputContainer, path: Path) -> int | None:
    """Microseconds from the container's start to its end, as it claims; None where it does not.

    A Matroska file that was cut out of a recording begins late and names its end, where others that
    begin late name their length: packets that lie beyond it decide.
    """
    claimed, start = container.duration, container.start_time or 0
    if not claimed or start <= SLACK:
        return claimed or None
    with contextlib.suppress(FFmpegError), open_file(path) as again:
        again.seek(claimed)
        for packet in again.demux():
            stamp = microseconds(packet.pts, packet.time_base)
            if stamp is not None and stamp > claimed + start // 2:
                return claimed
    return max(claimed - start, 0) or None


def video_end(container: InputContainer, stream: VideoStream) -> int | None:
    """Where the track itself ends, in microseconds of stream time; None where nothing says it."""
    origin = container.start_time or 0
    tagged = tagged_seconds(stream)
    if tagged is not None:
        return round(tagged * MICROSECONDS) - origin
    if container.format.name == "avi" and stream.average_rate:  # FFmpeg shortens the length of a cut one
        return round(stream.frames / stream.average_rate * MICROSECONDS) or None
    length = microseconds(stream.duration, stream.time_base)
    if not length or length == container.duration:  # FFmpeg may have taken it from the whole file
        return None
    return length + (microseconds(stream.start_time, stream.time_base) or 0) - origin


def is_cut(stream: VideoStream, size: int) -> bool:
    """Whether the track's index names places beyond the `size` bytes that the file has."""
    entries = stream.index_entries
    count = len(entries)
    tail = islice(entries, max(0, count - LAST), count)
    return any(entry.pos + entry.size > size for entry in tail)


def ends_early(path: Path, time: int, claimed: int) -> bool:
    """Whether nothing of any kind, sound included, lies near `claimed` in a file whose pictures end at
    `time`; both in microseconds of stream time.
    """
    with contextlib.suppress(FFmpegError), open_file(path) as container:
        origin = container.start_time or 0
        with contextlib.suppress(FFmpegError):
            container.seek(origin + time)
        for packet in container.demux():
            stamp = microseconds(packet.pts, packet.time_base)
            if stamp is not None and stamp - origin >= claimed - SLACK:
                return False
    return True
