"""What flows through a pipeline: packets, each one moment of one source.

Everything here is frozen and every image is read-only, so that a tee costs nothing and no
stage can change what another one sees.  A stage makes a new packet with `Packet.replace`.
Time is an integer of microseconds of stream time, taken from the container or the camera.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ferpipe.chip import Chip, ChipFormat
from ferpipe.emotion import Emotion

__all__ = [
    "MICROSECONDS",
    "Box",
    "Chip",
    "ChipFormat",
    "Emotion",
    "Face",
    "Frame",
    "Image",
    "Mark",
    "Packet",
    "StreamInfo",
    "freeze",
    "is_of_faces",
]

Image = npt.NDArray[np.uint8]
"""A picture: (H, W, 3) BGR, or (H, W) grey where that is said."""

MICROSECONDS = 1_000_000
"""Ticks of stream time a second."""

_FIELDS = frozenset({"tracks", "emotions", "smoothed"})
"""Kinds that live in the fields of `Face`: `tracks` fills `Face.track`, `emotions` fills `Face.emotion`,
`smoothed` fills `Emotion.raw`."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def _nothing() -> Mapping[str, Any]:
    return _NOTHING


def is_of_faces(kind: str) -> bool:
    """Whether `kind` hangs on each face and goes where the face goes, rather than with the packet.

    `tracks`, `emotions` and `smoothed` do, and whatever begins with `face.`: the kind `face.mesh` is
    `face.data["mesh"]`.
    """
    return kind in _FIELDS or kind.startswith("face.")


def freeze(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Make `image` read-only, in place, and return it."""
    image.flags.writeable = False
    return image


class Box(NamedTuple):
    """An axis-aligned rectangle in pixels of the frame: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a source knows about its stream before the first frame.

    `uri` has its credentials removed.  `duration` is in microseconds.  `frames` and `rate`
    (frames a second) are what the container claims: for show, never for arithmetic on time.
    `path` is the local file, where there is one (the video sink copies its sound from it).
    `start` and `end` are the part of it that was asked for, in microseconds of stream time; an
    `end` of None is that of the stream.  `created` is when stream time 0 was by the container's
    clock, in microseconds since 1970 (UTC), and `timecode` that of the first frame (SMPTE 12M).
    """

    name: str
    uri: str
    live: bool = False
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    frames: int | None = None
    rate: float | None = None
    size: int | None = None
    path: str | None = None
    start: int = 0
    end: int | None = None
    created: int | None = None
    timecode: str | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if isinstance(value := getattr(self, name), np.integer):  # as for a frame's time
                object.__setattr__(self, name, int(value))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    image: (H, W, 3) uint8, BGR, read-only.
    time: microseconds of stream time, strictly increasing within a source.
    index: number of the frame in its source, from 0, as the source delivers them.
    source: name of the source stage.
    discontinuity: the stream was interrupted or cut just before this frame; trackers and
        smoothers start afresh.
    captured: `time.monotonic()` when a live frame arrived, else None.
    picture: name of the file, where each frame is a file of its own, else None.
    """

    image: Image
    time: int
    index: int
    source: str
    discontinuity: bool = False
    captured: float | None = None
    picture: str | None = None

    def __post_init__(self) -> None:
        if self.image.flags.writeable:
            freeze(self.image)
        if isinstance(self.time, np.integer):  # JSON takes Python's own numbers only
            object.__setattr__(self, "time", int(self.time))

    @property
    def seconds(self) -> float:
        """Stream time in seconds."""
        return self.time / MICROSECONDS


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one frame.

    box: in pixels of the frame; may reach beyond its edges.
    score: the detector's confidence, 0 to 1.
    landmarks: (N, 2) float32, x and y in pixels, or None.  The first two are always the
        centres of the eyes, the one on the left of the picture first; where a detector
        gives more, the nose tip and the mouth follow (see `landmark_names`).
    landmark_names: N names out of left_eye, right_eye, nose, mouth, mouth_left,
        mouth_right, left_ear, right_ear; left and right as seen in the picture.
    track: identity over time, from 1, or None before a tracker.
    emotion: None before a classifier, or if it has no result.
    detected: False where a tracker carried the face over a frame without detection.
    data: arrays and objects that stages found out about this face, by kind; `data["chip"]` is the
        kind `face.chip` of a contract.  Arrays are made read-only.
    measures: named numbers about this face, each as its stage declared it; what is not known is absent.
    """

    box: Box
    score: float
    landmarks: npt.NDArray[np.float32] | None = None
    landmark_names: tuple[str, ...] = ()
    track: int | None = None
    emotion: Emotion | None = None
    detected: bool = True
    data: Mapping[str, Any] = field(default_factory=_nothing)
    measures: Mapping[str, float] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        if type(self.box) is not Box:
            object.__setattr__(self, "box", Box(*self.box))
        if type(self.data) is not MappingProxyType:
            object.__setattr__(self, "data", _frozen(self.data))
        if type(self.measures) is not MappingProxyType:
            object.__setattr__(self, "measures", _numbers(self.measures))

    def replace(self, **changes: Any) -> Face:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def with_data(self, **kinds: Any) -> Face:
        """A copy on which `kinds` hang too; the rest is shared, arrays are made read-only."""
        return dataclasses.replace(self, data={**self.data, **kinds})

    def with_measures(self, values: Mapping[str, float]) -> Face:
        """A copy with `values` added to its measures or changed."""
        return dataclasses.replace(self, measures={**self.measures, **values})


@dataclass(frozen=True, slots=True)
class Mark:
    """Something in a picture that is no face: a box in pixels of the frame, and a text beside it."""

    box: Box
    text: str = ""

    def __post_init__(self) -> None:
        if type(self.box) is not Box:
            object.__setattr__(self, "box", Box(*self.box))


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """One moment of one source: a frame, and what the stages have found out about it.

    data: a value by kind.  Kinds of the first-party stages: `faces` (tuple of `Face`), `marks` (tuple
        of `Mark`), `canvas` ((H, W, 3) uint8 BGR: the annotated picture).  A plugin adds its own.
    measures: named numbers about the frame, each as its stage declared it.
    """

    frame: Frame
    data: Mapping[str, Any] = field(default_factory=_nothing)
    measures: Mapping[str, float] = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        if type(self.measures) is not MappingProxyType:
            object.__setattr__(self, "measures", _numbers(self.measures))

    @property
    def time(self) -> int:
        """Microseconds of stream time."""
        return self.frame.time

    @property
    def faces(self) -> tuple[Face, ...]:
        """The faces found, empty where no stage has looked."""
        faces: tuple[Face, ...] = self.data.get("faces", ())
        return faces

    @property
    def picture(self) -> Image:
        """The annotated picture where there is one, else the frame's image."""
        picture: Image = self.data.get("canvas", self.frame.image)
        return picture

    def replace(self, **kinds: Any) -> Packet:
        """A packet of the same frame in which `kinds` are added or changed; the rest is shared.

        A list is made a tuple, an array is made read-only.
        """
        return Packet(self.frame, _frozen({**self.data, **kinds}), self.measures)

    def with_measures(self, values: Mapping[str, float]) -> Packet:
        """The same with `values` added to the measures of the frame, or changed."""
        return Packet(self.frame, self.data, {**self.measures, **values})


def _frozen(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read-only copy of `values`: lists made tuples, arrays made read-only."""
    frozen = dict(values)
    for kind, value in frozen.items():
        if isinstance(value, list):
            frozen[kind] = tuple(value)
        elif isinstance(value, np.ndarray) and value.flags.writeable:
            freeze(value)
    return MappingProxyType(frozen)


def _numbers(values: Mapping[str, Any]) -> Mapping[str, float]:
    """A read-only copy in Python's own floats."""
    return MappingProxyType({str(name): float(value) for name, value in values.items()})
