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
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe.arrays import freeze, read_only
from ferpipe.chip import Chip, ChipFormat
from ferpipe.emotion import Emotion
from ferpipe.frame import MICROSECONDS, Box, Frame, Image, StreamInfo
from ferpipe.planes import Planes

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
    "Planes",
    "StreamInfo",
    "freeze",
    "is_of_faces",
]

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
        kind `face.chip` of a contract.  Arrays are read-only views.
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
        if isinstance(self.landmarks, np.ndarray) and self.landmarks.flags.writeable:
            object.__setattr__(self, "landmarks", read_only(self.landmarks))
        if type(self.data) is not MappingProxyType:
            object.__setattr__(self, "data", _frozen(self.data))
        if type(self.measures) is not MappingProxyType:
            object.__setattr__(self, "measures", _numbers(self.measures))

    def replace(self, **changes: Any) -> Face:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def with_data(self, **kinds: Any) -> Face:
        """A copy on which `kinds` hang too; the rest is shared, of arrays it holds read-only views."""
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
        canvas: Image | None = self.data.get("canvas")
        return self.frame.image if canvas is None else canvas

    def replace(self, **kinds: Any) -> Packet:
        """A packet of the same frame in which `kinds` are added or changed; the rest is shared.

        A list becomes a tuple, an array a read-only view of it.
        """
        return Packet(self.frame, _frozen({**self.data, **kinds}), self.measures)

    def with_measures(self, values: Mapping[str, float]) -> Packet:
        """The same with `values` added to the measures of the frame, or changed."""
        return Packet(self.frame, self.data, {**self.measures, **values})


def _frozen(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """A read-only copy of `values`: lists made tuples, arrays seen through read-only views."""
    frozen = dict(values)
    for kind, value in frozen.items():
        if isinstance(value, list):
            frozen[kind] = tuple(value)
        elif isinstance(value, np.ndarray) and value.flags.writeable:
            frozen[kind] = read_only(value)
    return MappingProxyType(frozen)


def _numbers(values: Mapping[str, Any]) -> Mapping[str, float]:
    """A read-only copy in Python's own floats."""
    return MappingProxyType({str(name): float(value) for name, value in values.items()})
