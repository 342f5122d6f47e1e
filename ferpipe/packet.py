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

__all__ = [
    "FACE_KINDS",
    "MICROSECONDS",
    "Box",
    "Chip",
    "Emotion",
    "Face",
    "Frame",
    "Image",
    "Packet",
    "StreamInfo",
    "freeze",
]

Image = npt.NDArray[np.uint8]

MICROSECONDS = 1_000_000
"""Ticks of stream time a second."""

FACE_KINDS = frozenset({"tracks", "emotions", "smoothed"})
"""Kinds that live in the fields of `Face` rather than under a name of their own:
`tracks` fills `Face.track`, `emotions` fills `Face.emotion`, `smoothed` fills `Emotion.raw`."""


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
    `end` of None is that of the stream.
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


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    image: (H, W, 3) uint8, BGR, read-only.
    time: microseconds of stream time, strictly increasing within a source.
    index: number of the frame in its source, from 0, as the source delivers them.
    source: name of the source stage.
    discontinuity: the stream was interrupted just before this frame; trackers and
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

    @property
    def seconds(self) -> float:
        """Stream time in seconds."""
        return self.time / MICROSECONDS


@dataclass(frozen=True, slots=True)
class Emotion:
    """What a classifier says of one face.

    classes: names, in the order of the network's outputs.
    probabilities: one per class, summing to 1; smoothed where a smoother ran.
    label: the name shown; after a smoother with hysteresis it need not be the arg-max.
    raw: the probabilities before smoothing, None where nothing smoothed them.
    """

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    label: str
    raw: tuple[float, ...] | None = None


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
    emotion: None before a classifier, or where it could not tell.
    detected: False where a tracker carried the face over a frame without detection.
    """

    box: Box
    score: float
    landmarks: npt.NDArray[np.float32] | None = None
    landmark_names: tuple[str, ...] = ()
    track: int | None = None
    emotion: Emotion | None = None
    detected: bool = True

    def replace(self, **changes: Any) -> Face:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, slots=True, eq=False)
class Chip:
    """A face cut out and turned upright for a classifier.

    image: (H, W) uint8 grey or (H, W, 3) uint8 BGR, read-only.
    matrix: (2, 3) float64, maps pixels of the frame to pixels of the chip.
    """

    image: Image
    matrix: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.image.flags.writeable:
            freeze(self.image)


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """One moment of one source: a frame, and what the stages have found out about it.

    `data` maps a kind to its value.  Kinds of the first-party stages:
    `faces` (tuple of `Face`), `chips` (tuple of `Chip`, one a face, same order),
    `canvas` ((H, W, 3) uint8 BGR: the annotated picture).  A plugin adds its own.
    """

    frame: Frame
    data: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

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
    def chips(self) -> tuple[Chip, ...]:
        """The aligned faces, parallel to `faces`, empty where no stage has cut them."""
        chips: tuple[Chip, ...] = self.data.get("chips", ())
        return chips

    @property
    def picture(self) -> Image:
        """The annotated picture where there is one, else the frame's image."""
        picture: Image = self.data.get("canvas", self.frame.image)
        return picture

    def replace(self, **kinds: Any) -> Packet:
        """A packet of the same frame in which `kinds` are added or changed; the rest is shared.

        A sequence of faces or chips is made a tuple, an array is made read-only.
        """
        for kind, value in kinds.items():
            if isinstance(value, list):
                kinds[kind] = tuple(value)
            elif isinstance(value, np.ndarray) and value.flags.writeable:
                freeze(value)
        return Packet(self.frame, MappingProxyType({**self.data, **kinds}))
