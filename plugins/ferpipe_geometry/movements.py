"""The `movements` stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from ferpipe import Context, Face, Measure, Options, Packet, Stage
from ferpipe_geometry.fit import HEIGHT, fit
from ferpipe_geometry.people import People
from ferpipe_geometry.region import Doubles
from ferpipe_geometry.rest import Rest

__all__ = ["Movements", "MovementsOptions"]

_TURNED = 35.0
"""Degrees from the camera's axis beyond which a part of the face is guessed rather than seen."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A distance between the mean places of two groups of points; `sign` says which way it grows.

    up: only the height of the first above the second counts, else the whole distance.
    """

    name: str
    about: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    sign: int = 1
    up: bool = False


def _both(
    name: str,
    about: str,
    left: tuple[tuple[int, ...], tuple[int, ...]],
    right: tuple[tuple[int, ...], tuple[int, ...]],
    *,
    sign: int = 1,
    up: bool = False,
) -> tuple[_Unit, _Unit]:
    return (
        _Unit(f"{name}_left", f"{about}, on the left of the picture", *left, sign, up),
        _Unit(f"{name}_right", f"{about}, on the right of the picture", *right, sign, up),
    )


_LEFT_EYE, _RIGHT_EYE = (33, 133), (263, 362)
UNITS = (
    _Unit("lips_part", "AU 25, lips part: gap of the lips", (13,), (14,)),
    _Unit("jaw_drop", "AU 26, jaw drop: chin from the base of the nose", (2,), (152,)),
    _Unit("lip_pucker", "AU 18, lip pucker: the mouth narrower", (61,), (291,), -1),
    *_both("lip_corner_puller", "AU 12, lip corner puller (smile): corner of the mouth nearer to the eye",
           ((61,), (33,)), ((291,), (263,)), sign=-1),
    *_both("inner_brow_raiser", "AU 1, inner brow raiser: inner brow above the eye",
           ((55, 107), _LEFT_EYE), ((285, 336), _RIGHT_EYE), up=True),
    *_both("outer_brow_raiser", "AU 2, outer brow raiser: outer brow above the eye",
           ((70, 63), _LEFT_EYE), ((300, 293), _RIGHT_EYE), up=True),
    *_both("brow_lowerer", "AU 4, brow lowerer: brow nearer to the inner corner of the eye",
           ((55, 65, 52), (133,)), ((285, 295, 282), (362,)), sign=-1),
    *_both("upper_lid_raiser", "AU 5, upper lid raiser (wide eyes): gap of the lids",
           ((158, 159, 160), (144, 145, 153)), ((385, 386, 387), (373, 374, 380))),
)  # fmt: skip
"""What is measured; the numbers are points of the mesh."""


class MovementsOptions(Options):
    """The options of `movements`."""

    rest: float = Field(
        60.0,
        ge=5,
        le=3600,
        description="Seconds over which the running median reaches that stands for the face at rest.",
    )


class Movements(Stage[MovementsOptions]):
    """Measures movements of the face against the person's own rest, each named like a unit of FACS.

    Each is a distance on the mesh, turned to the front, in heights of the face, less the running median
    of the same track; 0 is rest, and 0.01 a hundredth of the face's height.  They are geometric proxies
    of the action units that they are named after (P. Ekman and W. V. Friesen 1978, Facial Action Coding
    System), not codes of a trained coder.  None is given without a track, until a face has been seen for
    a second, and where it is turned by more than 35 degrees.
    """

    Options = MovementsOptions
    needs = frozenset({"faces", "face.mesh", "head.turned"})
    measures = tuple(
        Measure(
            f"move.{unit.name}", "", -1, 1, f"{unit.about}; in face heights from rest, a geometric proxy."
        )
        for unit in UNITS
    )

    def open(self, context: Context) -> None:
        """Begin with nobody known."""
        super().open(context)
        self._rests = People(lambda: Rest(self.options.rest))

    def process(self, packet: Packet) -> Packet:
        """Give each tracked face with a mesh its movements."""
        frame = packet.frame
        known = self._rests.at(frame)
        return packet.replace(faces=tuple(self._moved(face, frame.time, known) for face in packet.faces))

    def _moved(self, face: Face, time: int, known: Callable[[int], Rest]) -> Face:
        mesh = face.data.get("mesh")
        if mesh is None or face.track is None or face.measures.get("head.turned", 180.0) > _TURNED:
            return face
        lies = fit(mesh)
        if lies is None:
            return face
        now = distances(lies.back(mesh) / HEIGHT)
        rest = known(face.track).update(time, now)
        if rest is None:
            return face
        moved = zip(self.measures, (now - rest).tolist(), strict=True)
        return face.with_measures({measure.name: value for measure, value in moved if abs(value) <= 1})


def distances(points: Doubles) -> Doubles:
    """(K,) the distances of `UNITS` on a face of (N, 3) points that faces the camera."""
    found = []
    for unit in UNITS:
        away = points[list(unit.first)].mean(axis=0) - points[list(unit.second)].mean(axis=0)
        found.append(unit.sign * (away[1] if unit.up else float(np.linalg.norm(away))))
    return np.array(found)
