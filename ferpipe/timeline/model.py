"""The shapes of a timeline, as JSON has them.  Times and durations are seconds, to the microsecond."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from ferpipe.packet import MICROSECONDS

__all__ = [
    "FORMAT",
    "FaceRecord",
    "FrameRecord",
    "Header",
    "MeasureRecord",
    "Segment",
    "SourceRecord",
    "Spread",
    "Summary",
    "Track",
    "microseconds",
    "seconds",
]

FORMAT = "ferpipe.timeline/2"
"""The format that is written; `load` reads older ones too."""


class _Source(TypedDict):
    name: str
    size: int | None
    duration: float | None
    frames: int | None
    width: int | None
    height: int | None


class SourceRecord(_Source, total=False):
    """What the timeline is of; `size` in bytes, None if the source does not report it.

    `created` (ISO 8601, UTC) and `timecode` are there only where the container has them.
    """

    created: str
    timecode: str


class MeasureRecord(TypedDict):
    """A measure as `ferpipe.Measure` declares it; `of` is `face` or `frame`."""

    name: str
    unit: str
    low: float | None
    high: float | None
    about: str
    of: str


class Spread(TypedDict):
    """How a measure was distributed, weighted by how long frames last; `sd` is that of the whole."""

    mean: float
    sd: float
    min: float
    max: float


class _Header(TypedDict):
    format: str
    source: SourceRecord
    model: Any
    classes: list[str]
    measures: list[MeasureRecord]


class Header(_Header, total=False):
    """The first line of a `.jsonl`, and the head of a `.json`.

    `notes`, what stages noted about the run, is there only where one has.
    """

    notes: dict[str, Any]


class _Face(TypedDict):
    track: int | None
    box: list[float]
    score: float | None
    label: str | None
    probabilities: dict[str, float] | None
    raw: dict[str, float] | None


class FaceRecord(_Face, total=False):
    """One face in one frame; `box` is [x, y, w, h] in pixels.

    `unsure` is there, and True, only where the classifier or the smoother cannot tell the label, which is
    then None.  `raw` holds the probabilities before smoothing.  `detected` is there, and False, only where a
    tracker carried the box over a frame without detection.  `measures` holds what is known.
    """

    unsure: bool
    detected: bool
    measures: dict[str, float]


class _Frame(TypedDict):
    index: int
    time: float
    faces: list[FaceRecord]


class FrameRecord(_Frame, total=False):
    """One frame; `discontinuity` is there, and True, only where the stream was interrupted or cut.

    `picture`, the name of the file, is there only where each frame is a file of its own; `measures`
    only where one of the frame itself is known.
    """

    discontinuity: bool
    picture: str
    measures: dict[str, float]


class _Segment(TypedDict):
    start: float
    end: float
    label: str | None
    mean_probability: float | None


class Segment(_Segment, total=False):
    """A stretch of time in which one track had one label (None: no label).

    `unsure` is there, and True, only where the label was unsure.
    """

    unsure: bool


class _Track(TypedDict):
    id: int
    first: float
    last: float
    frames: int
    seconds: dict[str, float]
    dominant: str | None
    segments: list[Segment]


class Track(_Track, total=False):
    """One person over time.

    first, last: times of the first and the last frame the track was seen in.
    frames: in how many it was seen.  seconds: time a label.  dominant: the label of most time.
    unsure: time in which the label was unsure, where there was any.
    measures: how those of its faces were distributed, where any is known.
    """

    unsure: float
    measures: dict[str, Spread]


class _Summary(TypedDict):
    frames: int
    frames_without_faces: int
    faces: int
    tracks: int
    duration: float
    seconds: dict[str, float]
    share: dict[str, float]
    dominant: str | None


class Summary(_Summary, total=False):
    """The whole timeline in a few numbers.

    faces: faces in all frames together.  duration: from the first frame to the end of the last.
    seconds: time a label over all faces; share: the same as fractions of their sum.
    unsure: time in which labels were unsure, over all faces, where there was any.
    measures: how those of all faces, and those of the frames, were distributed, where any is known.
    """

    unsure: float
    measures: dict[str, Spread]


def seconds(time: int) -> float:
    """Seconds of a time in microseconds: the float nearest to it."""
    return time / MICROSECONDS


def microseconds(time: float) -> int:
    """The microseconds that `seconds` made `time` of; exact up to 2^53 microseconds."""
    return round(time * MICROSECONDS)
