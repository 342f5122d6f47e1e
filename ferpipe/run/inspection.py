"""Validate what a stage returns, so that an error names the stage that caused it.

Only what differs from the packet that the stage received is inspected: a stage that changes nothing
costs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe.measures import Measure
from ferpipe.packet import Chip, Emotion, Face, Frame, Mark, Packet, is_of_faces
from ferpipe.run.error_text import name_of
from ferpipe.text import shown

__all__ = ["Inspection"]

_UINT8 = np.dtype(np.uint8)
_WHOLE = (int, np.integer)
_NUMBER = (float, int, np.floating, np.integer)
_ROUNDING = 1e-6
"""How far rounding may take a score beyond 1."""
_ONE = "one packet or None"
_ITEMS: Mapping[str, type] = {"faces": Face, "marks": Mark}
"""Kinds whose values are tuples of one type."""


class Inspection:
    """Finds what a stage may not return.

    measures: those that may be in its packets, by name.
    gives: the kinds that it promises; those that hang on faces may be known of some faces only.
    """

    def __init__(self, measures: Mapping[str, Measure], gives: Iterable[str] = ()) -> None:
        self._of_faces = _Declared(measures.values(), "face")
        self._of_frames = _Declared(measures.values(), "frame")
        self._promised = tuple(kind for kind in gives if kind != "frame" and not is_of_faces(kind))

    def objection(self, packet: object, before: Packet | None) -> str | None:
        """What is wrong with `packet`, given for `before` (None: by a source); None where nothing is."""
        if packet is before and not self._promised:
            return None
        if not isinstance(packet, Packet):
            return f"returned {name_of(packet)} where {'a packet' if before is None else _ONE} is expected"
        if not isinstance(packet.data, Mapping) or not isinstance(packet.frame, Frame):
            return (
                f"returned a packet of {name_of(packet.frame)} and {name_of(packet.data)}, "
                "where a Frame and a mapping are expected"
            )
        if before is not None and (packet.time != before.time or packet.frame.source != before.frame.source):
            return f"returned a packet with another time ({packet.time} us)"
        for kind in self._promised:
            if kind not in packet.data:
                return f"returned a packet without the '{kind}' that it declares"
        return self._content_objection(packet, before)

    def _content_objection(self, packet: Packet, before: Packet | None) -> str | None:
        old: Mapping[str, Any] = {} if before is None else before.data
        if before is None or packet.frame is not before.frame:
            wrong = _frame_objection(packet.frame)
            if wrong is not None:
                return wrong
        for kind, value in packet.data.items():
            if kind not in old or value is not old[kind]:
                wrong = self._kind_objection(kind, value, old.get(kind))
                if wrong is not None:
                    return wrong
        if packet.measures and (before is None or packet.measures is not before.measures):
            return self._of_frames.objection(packet.measures)
        return None

    def _kind_objection(self, kind: str, value: Any, old: Any) -> str | None:
        if kind == "canvas":
            return _picture_objection("the canvas", value, grey=False)
        if kind not in _ITEMS:
            return None
        if not isinstance(value, tuple):
            return f"'{kind}' is a {type(value).__name__} where a tuple is expected"
        known = {id(item) for item in old} if old else ()
        for item in value:
            if id(item) in known:
                continue
            if not isinstance(item, _ITEMS[kind]):
                return f"'{kind}' holds a {type(item).__name__} where a {_ITEMS[kind].__name__} is expected"
            if isinstance(item, Face):
                wrong = self._face_objection(item)
            else:
                wrong = _mark_objection(item) if isinstance(item, Mark) else None
            if wrong is not None:
                return wrong
        return None

    def _face_objection(self, face: Face) -> str | None:
        wrong = _found_objection(face)
        if wrong is not None:
            return wrong
        emotion = face.emotion
        if emotion is not None:
            if not isinstance(emotion, Emotion):
                return f"the emotion of a face is a {type(emotion).__name__} where an Emotion is expected"
            wrong = emotion.objection()
            if wrong is not None:
                return f"the emotion of a face is wrong: {wrong}"
        if face.measures:
            wrong = self._of_faces.objection(face.measures)
            if wrong is not None:
                return wrong
        for kind, value in face.data.items():
            if isinstance(value, Chip):
                wrong = _picture_objection(f"the '{kind}' of a face", value.image, grey=True)
                if wrong is not None:
                    return wrong
        return None


def _found_objection(face: Face) -> str | None:
    """What is wrong with what a detector or a tracker says of a face."""
    if not _is_box(face.box):
        return f"the box of a face is {_shown_box(face.box)}, where four finite numbers are expected"
    score, track = face.score, face.track
    if not isinstance(score, _NUMBER) or not -_ROUNDING <= score <= 1 + _ROUNDING:
        return f"the score of a face is {shown(score)}, where a number from 0 to 1 is expected"
    if track is not None and (not isinstance(track, _WHOLE) or track < 1 or track is True):
        return f"the track of a face is {shown(track)}, where a whole number from 1 is expected"
    points = face.landmarks
    return None if points is None else _landmarks_objection(points, face.landmark_names)


def _is_box(box: Iterable[Any]) -> bool:
    return all(isinstance(each, _NUMBER) and isfinite(each) for each in box)


def _shown_box(box: Iterable[Any]) -> str:
    """A box in plain numbers, whatever type they have."""
    return f"({', '.join(f'{each:g}' if isinstance(each, _NUMBER) else shown(each) for each in box)})"


def _landmarks_objection(points: npt.NDArray[Any], names: tuple[str, ...]) -> str | None:
    if not isinstance(points, np.ndarray) or points.ndim != 2:
        return "the landmarks of a face are not an (N, 2) array"
    if points.shape[1] != 2 or points.dtype.kind not in "fiu":
        return f"the landmarks of a face are {points.shape} {points.dtype}, where (N, 2) float32 is expected"
    if names and len(names) != len(points):
        return f"a face has {len(points)} landmarks and {len(names)} names of landmarks"
    return None


def _mark_objection(mark: Mark) -> str | None:
    if not _is_box(mark.box):
        return f"the box of a mark is {_shown_box(mark.box)}, where four finite numbers are expected"
    if not isinstance(mark.text, str):
        return f"the text of a mark is {name_of(mark.text)}, where a str is expected"
    return None


def _frame_objection(frame: Frame) -> str | None:
    if type(frame.time) is not int:
        given: object = frame.time
        hint = f"; {given:g} s would be {given * 1e6:.0f}" if isinstance(given, float) else ""
        return f"the time of a frame is {given!r}, where a whole number of microseconds is expected{hint}"
    if frame.time < 0:
        return f"the time of a frame is {frame.time} us; begin with 0"
    if not isinstance(frame.index, _WHOLE) or isinstance(frame.index, bool) or frame.index < 0:
        return f"the index of a frame is {shown(frame.index)}, where a whole number from 0 is expected"
    if not isinstance(frame.picture, str | None):
        return f"the picture of a frame is {name_of(frame.picture)}, where the name of a file is expected"
    if not isinstance(frame.captured, float | int | None):
        return f"'captured' of a frame is {name_of(frame.captured)}, where time.monotonic() is expected"
    if frame.planes is not None:  # they have checked themselves
        return None
    return _picture_objection("the image of a frame", frame.image, grey=False)


def _picture_objection(what: str, image: object, *, grey: bool) -> str | None:
    if isinstance(image, np.ndarray) and image.dtype == _UINT8 and image.size:
        if image.ndim == 3 and image.shape[2] == 3:
            return None
        if grey and image.ndim == 2:
            return None
    wanted = "(H, W) or (H, W, 3) uint8" if grey else "(H, W, 3) uint8, BGR"
    if not isinstance(image, np.ndarray):
        return f"{what} is a {type(image).__name__}, where an array is expected: {wanted}"
    return f"{what} is {image.shape} {image.dtype}, where {wanted} is expected{_advice(image)}"


def _advice(image: np.ndarray[Any, Any]) -> str:
    """What usually went wrong with a picture of that shape and type."""
    if image.ndim == 3 and image.shape[2] == 4:
        return ": leave out the alpha channel, image[..., :3]"
    if image.ndim == 3 and image.shape[0] in (1, 3) and image.shape[2] not in (1, 3):
        return ": put the channels last, image.transpose(1, 2, 0)"
    if image.dtype.kind == "f":
        return ": scale it to 0 to 255 and convert it, image.astype(numpy.uint8)"
    if image.ndim == 2 or image.shape[2:] == (1,):
        return ": repeat the grey channel, numpy.dstack([image] * 3)"
    return ""


class _Declared:
    """The measures of a face, or of a frame, that may be in a packet."""

    def __init__(self, measures: Iterable[Measure], of: str) -> None:
        self._of = of
        self._measures = {measure.name: measure for measure in measures if measure.of == of}
        self._bounds = {name: measure.bounds for name, measure in self._measures.items()}

    def objection(self, values: Mapping[str, float]) -> str | None:
        """What is wrong with `values`; looks at each again only where one is."""
        bounds = self._bounds
        for name, value in values.items():
            ends = bounds.get(name)
            if ends is None or not ends[0] <= value <= ends[1]:  # NaN lies between no numbers
                return self._why(name, value)
        return None

    def _why(self, name: str, value: float) -> str:
        if name in self._measures:
            return f"the measure '{name}' {self._measures[name].objection(value)}"
        known = ", ".join(self._measures) or "none"
        return (
            f"the measure '{name}' of a {self._of} is not declared (declared are: {known}); "
            "add it to the stage's measures"
        )
