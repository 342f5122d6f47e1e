"""The shapes of a timeline, as JSON has them.  Times and durations are seconds, to the microsecond."""

from __future__ import annotations

from typing import Any, TypedDict

from ferpipe.packet import MICROSECONDS

__all__ = [
    "FORMAT",
    "FaceRecord",
    "FrameRecord",
    "Header",
    "Segment",
    "SourceRecord",
    "Summary",
    "Track",
    "microseconds",
    "seconds",
]

FORMAT = "ferpipe.timeline/1"


class SourceRecord(TypedDict):
    """What the timeline is of; `size` in bytes, None where the source does not tell."""

    name: str
    size: int | None
    duration: float | None
    frames: int | None
    width: int | None
    height: int | None


class Header(TypedDict):
    """The first line of a `.jsonl`, and the head of a `.json`."""

    format: str
    source: SourceRecord
    model: Any
    classes: list[str]


class _Face(TypedDict):
    track: int | None
    box: list[float]
    score: float | None
    label: str | None
    probabilities: dict[str, float] | None
    raw: dict[str, float] | None


class FaceRecord(_Face, total=False):
    """One face in one frame; `box` is [x, y, w, h] in pixels.

    `raw` holds the probabilities before smoothing.  `detected` is there, and False, only where a
    tracker carried the box over a frame without detection.
    """

    detected: bool


class _Frame(TypedDict):
    index: int
    time: float
    faces: list[FaceRecord]


class FrameRecord(_Frame, total=False):
    """One frame; `discontinuity` is there, and True, only where the stream was interrupted.

    `picture`, the name of the file, is there only where each frame is a file of its own.
    """

    discontinuity: bool
    picture: str


class Segment(TypedDict):
    """A stretch of time in which one track had one label (None: nothing could be told)."""

    start: float
    end: float
    label: str | None
    mean_probability: float | None


class Track(TypedDict):
    """One person over time.

    first, last: times of the first and the last frame the track was seen in.
    frames: in how many it was seen.  seconds: time a label.  dominant: the label of most time.
    """

    id: int
    first: float
    last: float
    frames: int
    seconds: dict[str, float]
    dominant: str | None
    segments: list[Segment]


class Summary(TypedDict):
    """The whole timeline in a few numbers.

    faces: faces in all frames together.  duration: from the first frame to the end of the last.
    seconds: time a label over all faces; share: the same as fractions of their sum.
    """

    frames: int
    frames_without_faces: int
    faces: int
    tracks: int
    duration: float
    seconds: dict[str, float]
    share: dict[str, float]
    dominant: str | None


def seconds(time: int) -> float:
    """Seconds of a time in microseconds: the float nearest to it."""
    return time / MICROSECONDS


def microseconds(time: float) -> int:
    """The microseconds that `seconds` made `time` of; exact up to 2^53 microseconds."""
    return round(time * MICROSECONDS)
