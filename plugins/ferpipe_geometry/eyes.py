"""The `eyes` stage."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from ferpipe import Context, Face, Measure, Options, Packet, Stage
from ferpipe.packet import MICROSECONDS
from ferpipe_geometry.lids import CLOSED, LONGEST, OPEN, SHORTEST, Lids
from ferpipe_geometry.people import People
from ferpipe_geometry.region import Floats

__all__ = ["Eyes", "EyesOptions"]

_HIDDEN = 45.0
"""Degrees of yaw from which the nose hides the farther eye."""

_HALF_WIDTH, _RADIUS = 1.5, 1.2
"""Half the width of an eye and the radius of the eyeball in centimetres, of a usual adult."""


@dataclass(frozen=True, slots=True)
class _Eye:
    """Points of the mesh: corners from the left of the picture to the right, lids, and the iris."""

    side: str
    corners: tuple[int, int]
    upper: tuple[int, ...]
    lower: tuple[int, ...]
    iris: int


_EYES = (
    _Eye("left", (33, 133), (160, 159, 158), (144, 145, 153), 468),
    _Eye("right", (362, 263), (385, 386, 387), (380, 374, 373), 473),
)


class EyesOptions(Options):
    """The options of `eyes`."""

    within: float = Field(
        20.0,
        gt=0,
        le=90,
        description="Degrees from the camera's axis within which a head faces it and eyes look at it.",
    )


class Eyes(Stage[EyesOptions]):
    """Measures how far the eyes are open, finds blinks, and whether the person faces the camera.

    The opening is the gap between the lids over the width of the eye, in three dimensions (after T.
    Soukupova and J. Cech 2016); an eye behind the nose has none.  Eyes are closed below 0.6 of the
    person's usual opening, the median of the last ten seconds, until they are open by 0.75 again; that
    is a blink where it took 0.03 to 0.5 s, and the frame in which the eyes are open again says when it
    began and how long it was.  It needs a track.  `facing` is 1 where the head points to the camera
    within the option `within`.  `looking` is 1 where the eyes are not closed and the head's
    pitch, and its yaw with the turn of the eyes in it, lie within it; it needs the irises, which the
    landmarker finds.  Neither says where on a screen somebody looks.
    """

    Options = EyesOptions
    needs = frozenset({"faces", "face.mesh", "head.yaw", "head.pitch", "head.turned"})
    measures = (
        Measure(
            "eye.left", "", 0, None, "Gap of the lids over the width of the eye on the left of the picture."
        ),
        Measure(
            "eye.right", "", 0, None, "Gap of the lids over the width of the eye on the right of the picture."
        ),
        Measure("eye.closed", "", 0, 1, "1 while the eyes are closed, against the person's usual opening."),
        Measure(
            "blink.start", "s", 0, None, "Stream time at which the blink began that has ended in this frame."
        ),
        Measure("blink.length", "s", 0, LONGEST, "Length of the blink that has ended in this frame."),
        Measure(
            "gaze.x",
            "",
            -1,
            1,
            "Iris in the eye, from corner to corner; positive to the right of the picture.",
        ),
        Measure("gaze.y", "", -1, 1, "Iris above the line between the corners, in half widths of the eye."),
        Measure("facing", "", 0, 1, "1 where the head points to the camera, else 0."),
        Measure("looking", "", 0, 1, "1 where head and eyes point to the camera, else 0."),
    )

    def open(self, context: Context) -> None:
        """Begin with nobody known."""
        super().open(context)
        self._lids = People(Lids)
        context.note(
            "eyes",
            {
                "within": self.options.within,
                "blink": {"closed": CLOSED, "open": OPEN, "shortest": SHORTEST, "longest": LONGEST},
            },
        )

    def process(self, packet: Packet) -> Packet:
        """Give each face with a mesh what its eyes do."""
        frame = packet.frame
        known = self._lids.at(frame)
        return packet.replace(faces=tuple(self._seen(face, frame.time, known) for face in packet.faces))

    def _seen(self, face: Face, time: int, known: Callable[[int], Lids]) -> Face:
        mesh = face.data.get("mesh")
        if mesh is None or "head.yaw" not in face.measures:
            return face
        yaw = face.measures["head.yaw"]
        seen = [eye for eye in _EYES if not _is_hidden(eye.side, yaw)]
        openings = {eye.side: opening for eye in seen if (opening := _opening(mesh, eye)) is not None}
        found = {f"eye.{side}": opening for side, opening in openings.items()}
        closed = None
        if face.track is not None and openings:
            lids = known(face.track)
            blink = lids.update(time, sum(openings.values()) / len(openings))
            closed = lids.closed
            if closed is not None:
                found["eye.closed"] = float(closed)
            if blink is not None:
                self.context.count("blinks")
                found |= {"blink.start": blink.start / MICROSECONDS, "blink.length": blink.length}
        gaze = None if closed else _gaze(mesh, seen)
        if gaze is not None:
            found |= {"gaze.x": gaze[0], "gaze.y": gaze[1]}
        return face.with_measures(found | self._directed(face, gaze, closed=bool(closed)))

    def _directed(self, face: Face, gaze: tuple[float, float] | None, *, closed: bool) -> dict[str, float]:
        within = self.options.within
        facing = {"facing": float(face.measures["head.turned"] <= within)}
        if closed:
            return facing | {"looking": 0.0}
        if gaze is None:
            return facing
        across = face.measures["head.yaw"] + math.degrees(
            math.asin(_limited(gaze[0] * _HALF_WIDTH / _RADIUS))
        )
        looks = abs(across) <= within and abs(face.measures["head.pitch"]) <= within
        return facing | {"looking": float(looks)}


def _is_hidden(side: str, yaw: float) -> bool:
    return yaw > _HIDDEN if side == "right" else yaw < -_HIDDEN


def _opening(mesh: Floats, eye: _Eye) -> float | None:
    width = float(np.linalg.norm(mesh[eye.corners[1]] - mesh[eye.corners[0]]))
    gaps = np.linalg.norm(mesh[list(eye.upper)] - mesh[list(eye.lower)], axis=1)
    return float(gaps.mean()) / width if width > 0 else None


def _gaze(mesh: Floats, seen: list[_Eye]) -> tuple[float, float] | None:
    """Where the irises lie in their eyes, in half widths; None where they are not known."""
    places = []
    for eye in seen:
        if len(mesh) <= eye.iris:
            return None
        left, right = mesh[list(eye.corners), :2].astype(np.float64)
        half = (right - left) / 2
        size = float(half @ half)
        if size == 0:
            continue
        away = mesh[eye.iris, :2] - (left + right) / 2
        places.append((float(away @ half) / size, float(away @ [half[1], -half[0]]) / size))
    if not places:
        return None
    x, y = (sum(each) / len(places) for each in zip(*places, strict=True))
    return (x, y) if max(abs(x), abs(y)) <= 1 else None


def _limited(value: float) -> float:
    return max(-1.0, min(1.0, value))
