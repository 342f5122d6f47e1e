"""Faces over time: one `Trajectory` a person, and how new faces find theirs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ferpipe import Box, Face, Frame, freeze
from ferpipe.packet import MICROSECONDS
from ferpipe_faces.appearance import Looks, likeness, looks
from ferpipe_faces.assignment import assign
from ferpipe_faces.detections import overlaps
from ferpipe_faces.kalman import Motion

__all__ = ["Trajectory", "box_overlaps", "match", "still_there"]

_SIZE_RATIO = 2.0
"""Most that the height of a face may differ from what was expected."""

_NEAR, _FAR = 0.6, 2.5
"""How far from its expected place, in face heights, a face may lie when it was just seen, and at all."""

_STRANGER = 0.2
"""Least correlation of looks for a face that lies off its expected place."""

_PLACE_SPREAD = 0.15
"""Least standard deviation, in face heights, that a place is judged by: detectors jump."""

_MOTION, _OVERLAP, _LOOKS = 0.25, 1.0, 4.0
"""Weights of the three cues; looks decide where places do not."""

_SAME_PLACE, _SAME_LOOKS = 0.3, 0.8
"""Overlap and correlation of looks from which somebody is still there: 0.8 lies between what a person has
from one frame to the next and what two people at one place have before and after a cut."""

_MEMORY = 1.0
"""Seconds over which looks are averaged."""


class Trajectory:
    """One person's face over time.

    first, last: microseconds of the first and the last look that found it.
    missed_since: microseconds of the first look that missed it, None while it is found.
    vouched, turned: whether it passed for a face, and whether it is turned by more than 90 degrees.
    reviewed, refusals, upright: when it was last looked at a second time, how often it did not pass, and
    how often in a row it was found to be upright.
    """

    def __init__(self, face: Face, time: int, appearance: Looks) -> None:
        self.id: int | None = None
        self.face = face
        self.first = self.last = self._now = time
        self.missed_since: int | None = None
        self.vouched = self.turned = False
        self.reviewed: int | None = None
        self.refusals = self.upright = 0
        self.motion = Motion(face.box)
        self._looks = appearance

    def advance(self, time: int) -> None:
        """Move on to `time`."""
        self.motion.advance((time - self._now) / MICROSECONDS, seen=self.missed_since is None)
        self._now = time

    def found(self, face: Face, time: int, appearance: Looks | None) -> None:
        """It is `face` now; `appearance` is None where somebody else is in the way."""
        self.motion.correct(face.box)
        if appearance is not None:
            share = 1 - math.exp(-(time - self.last) / MICROSECONDS / _MEMORY)
            self._looks = self._looks + np.float32(share) * (appearance - self._looks)
        self.face, self.last, self.missed_since = face, time, None

    def looks_like(self, appearance: Looks) -> float:
        """The correlation with how it looked, -1 to 1."""
        return likeness(self._looks, appearance)

    def missed(self, time: int) -> None:
        """A look at `time` did not find it."""
        if self.missed_since is None:
            self.missed_since = time

    def expected(self) -> Face:
        """The face where it should be by now, its landmarks moved along, as not detected.

        What was found out of its picture then says nothing of now.
        """
        box, old = self.motion.box, self.face.box
        landmarks = self.face.landmarks
        if landmarks is not None:
            scale = np.array([box.w / old.w, box.h / old.h], np.float32)
            origin = np.array([old.x, old.y], np.float32)
            moved = (landmarks - origin) * scale + np.array([box.x, box.y], np.float32)
            landmarks = freeze(np.asarray(moved, np.float32))
        return self.face.replace(box=box, landmarks=landmarks, detected=False, data={}, measures={})

    def cost(self, face: Face, appearance: Looks, overlap: float) -> float:
        """How little `face` fits, `inf` where it cannot be this person."""
        box, new = self.motion.box, face.box
        if not 1 / _SIZE_RATIO < new.h / box.h < _SIZE_RATIO:
            return math.inf
        unit = (box.h + new.h) / 2
        away = math.hypot(new.x + new.w / 2 - box.x - box.w / 2, new.y + new.h / 2 - box.y - box.h / 2) / unit
        like = likeness(self._looks, appearance)
        spread = self.motion.spread
        if away > min(_NEAR + 3 * spread, _FAR) or (away > _NEAR and like < _STRANGER):
            return math.inf
        surprise = (away / math.hypot(spread, _PLACE_SPREAD)) ** 2 / 2
        return _MOTION * surprise + _OVERLAP * (1 - overlap) + _LOOKS * (1 - like)


def match(
    known: Sequence[Trajectory], faces: Sequence[Face], frame: Frame
) -> tuple[list[tuple[int, int]], list[Looks | None], list[Looks]]:
    """Pairs (trajectory, face) for one look, from where the trajectories should be by now.

    Also the looks of each face to remember (None where another face is in the way), and all looks.
    """
    seen = [looks(frame, face.box) for face in faces]
    overlap = box_overlaps([one.motion.box for one in known], [face.box for face in faces])
    cost = np.array(
        [
            [one.cost(face, seen[j], float(overlap[i, j])) for j, face in enumerate(faces)]
            for i, one in enumerate(known)
        ]
    ).reshape(len(known), len(faces))
    pairs = assign(cost)
    crowded = (overlap > 0.05).sum(axis=0) > 1
    crowded |= (box_overlaps([face.box for face in faces], [face.box for face in faces]) > 0.05).sum(
        axis=0
    ) > 1
    memorable = [None if crowded[j] else one for j, one in enumerate(seen)]
    return pairs, memorable, seen


def still_there(known: Sequence[Trajectory], faces: Sequence[Face], frame: Frame) -> bool:
    """Whether at least half of those that were there are at their places and look as they did."""
    present = [one for one in known if one.missed_since is None]
    if not present or not faces:
        return False
    overlap = box_overlaps([one.motion.box for one in present], [face.box for face in faces])
    same = 0
    for one, row in zip(present, overlap, strict=True):
        j = int(row.argmax())
        same += bool(row[j] > _SAME_PLACE) and one.looks_like(looks(frame, faces[j].box)) > _SAME_LOOKS
    return 2 * same >= len(present)


def box_overlaps(a: Sequence[Box], b: Sequence[Box]) -> npt.NDArray[np.float32]:
    """(N, M) intersection over union of boxes."""
    return overlaps(_corners(a), _corners(b))


def _corners(boxes: Sequence[Box]) -> npt.NDArray[np.float32]:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    array[:, 2:] += array[:, :2]
    return array
