"""Which of a container's video tracks is read."""

from __future__ import annotations

from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from ferpipe import UsageError

__all__ = ["choose_video", "described", "moving", "tagged_seconds"]

NO_VIDEO = Disposition.attached_pic
"""Covers of songs and the like."""

TINY = 0.02
"""A track that lasts less than this part of the longest one is a thumbnail."""


def moving(container: InputContainer) -> list[VideoStream]:
    """The video tracks, without covers; their numbers are what the option `track` counts."""
    return [stream for stream in container.streams.video if not stream.disposition & NO_VIDEO]


def choose_video(container: InputContainer, name: str, track: int | None = None) -> VideoStream:
    """The video track number `track`; if omitted, the default one, and the longest of several.

    A thumbnail, of one frame or next to no length, comes last, whatever its container calls it.
    Raises UsageError, which says what `name` holds, where there is none that can be decoded.
    """
    streams = moving(container)
    if track is not None and track >= len(streams) > 0:
        raise UsageError(f"{name}: there is no video track {track}; it holds {described(streams)}")
    wanted = streams if track is None else streams[track : track + 1]
    usable = [stream for stream in wanted if stream.codec_context is not None]
    if usable:
        longest = max(map(_seconds, usable))
        return max(usable, key=lambda stream: _rank(stream, usable, longest))
    if wanted:
        raise UsageError(f"{name}: there is no decoder here for its video; convert it to H.264 first")
    held = ", ".join(
        f"{stream.type} ({_codec(stream)})" for stream in container.streams if stream.type != "video"
    )
    raise UsageError(
        f"{name}: it has no video stream, it holds {held or 'nothing'}; give a file with pictures"
    )


def described(streams: list[VideoStream]) -> str:
    """The tracks in words, with their numbers."""
    return ", ".join(
        f"track {number} ({_codec(stream)}, {stream.width}x{stream.height})"
        if stream.codec_context is not None
        else f"track {number} ({_codec(stream)})"
        for number, stream in enumerate(streams)
    )


def _rank(stream: VideoStream, others: list[VideoStream], longest: float) -> tuple[bool, bool, float, int]:
    length = _seconds(stream)
    one_frame = stream.frames == 1 and any(other.frames != 1 for other in others)
    is_still = one_frame or bool(stream.disposition & Disposition.still_image) or 0 < length < TINY * longest
    return not is_still, bool(stream.disposition & Disposition.default), length, -stream.index


def _seconds(stream: VideoStream) -> float:
    """How long it lasts, as the container says; 0 where it does not."""
    tagged = tagged_seconds(stream)  # before the duration, which FFmpeg may take from the whole file
    if tagged is None and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return tagged or 0.0


def tagged_seconds(stream: VideoStream) -> float | None:
    """Matroska's tag DURATION (h:mm:ss.fraction), the end of a track on the clock of its file."""
    parts = stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, seconds = map(float, parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _codec(stream: Stream) -> str:
    return stream.codec_context.name if stream.codec_context is not None else "unknown codec"
