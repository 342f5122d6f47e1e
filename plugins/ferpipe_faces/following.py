"""Known faces from frame to frame: where each is looked for, and when the whole picture must be searched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferpipe import Box, Face, Frame, freeze
from ferpipe.packet import MICROSECONDS
from ferpipe_faces.blaze_network import LANDMARKS
from ferpipe_faces.detections import Floats, overlaps
from ferpipe_faces.follower import Follower, Seen
from ferpipe_faces.kalman import Motion

__all__ = ["Following"]

_SAME = 0.3
"""Overlap from which a face that was found is one that was known."""

_AGREES = 0.5
"""Overlap from which the follower sees the face that the detector found."""

_DOUBLE = 0.5
"""Overlap from which two known faces have become one."""

_MISSED = MICROSECONDS // 2
"""Microseconds for which a lost face is looked for at its place, to search when it comes back."""

_SURE = 0.6
"""Score from which a lost face is worth a search."""

_UNSEEN = MICROSECONDS // 4
"""Microseconds after which a face that the detector finds and the follower does not see is searched for
seldom: one that the picture cuts off, or what a tracker takes for no face.  Before, each frame counts, so
that it is shown."""

_SELDOM = MICROSECONDS // 8
"""Microseconds between searches for the sake of such a face."""

_TILTED = 1.73
"""Tangent of 60 degrees, from which a face is on its side: the follower, which knows upright faces,
places the eyes of tilted ones well up to 65 degrees, and up to 0.44 of the face away from 70 on."""

_REMEMBERED = 4
"""Searches over which what a detector says of a face is averaged."""


class _Known:
    """One face: as it was last given, its motion, and since when it is missed."""

    def __init__(self, face: Face, time: int) -> None:
        self.face = face
        self.motion = Motion(face.box)
        self.time = self.last_seen = time
        self.missed: int | None = None
        self.seen: Seen | None = None
        self.carried: _Carried | None = None

    def expected(self, time: int) -> Box:
        self.motion.advance((time - self.time) / MICROSECONDS, seen=self.missed is None)
        self.time = time
        return self.motion.box

    def update(self, face: Face) -> Face:
        self.motion.correct(face.box)
        self.missed = None
        self.face = face
        return face


class Following:
    """Looks for each known face where it must be; the searches in between are the detector's.

    The detector is the judge: a face that a search does not find is not followed on.  Where the follower
    says no, it is searched for at once, in the same frame.  Boxes and landmarks come from the follower in
    searched frames too, so that they do not jump between two networks.

    names: the landmarks of the detector.  search: microseconds from one search to the next.
    """

    def __init__(self, names: tuple[str, ...], search: int) -> None:
        self._look = Follower()
        self._own_points = names == LANDMARKS
        self._search = search
        self.forget()

    def forget(self) -> None:
        """Begin anew, with a search."""
        self._known: list[_Known] = []
        self._searched: int | None = None
        self._time = -1

    def follow(self, frame: Frame) -> tuple[Face, ...] | None:
        """The known faces in the frame; None where the whole picture must be searched."""
        time = frame.time
        backwards, self._time = time <= self._time, time
        due = self._searched is None or backwards or time - self._searched >= self._search
        due = due or any(_on_its_side(one.face) for one in self._known)
        present = [one for one in self._known if one.missed is None]
        for one in self._known:
            box = one.expected(time)
            one.seen = self._look(frame, box)
            if one.missed is not None and not _is_back(one.seen, present):
                one.seen = self._look(frame, one.face.box)
                one.seen = one.seen if _is_back(one.seen, present) else None
            if one.seen is not None:
                one.last_seen = time
        seen = [one.seen for one in present if one.seen is not None]
        returned = any(one.seen for one in self._known if one.missed is not None)
        recent = self._searched is not None and time - self._searched < _SELDOM
        lost = any(one.seen is None and not (recent and time - one.last_seen >= _UNSEEN) for one in present)
        if due or returned or lost or _doubled(seen):
            return None
        return tuple(one.update(self._face(one, one.seen)) for one in present if one.seen is not None)

    def found(self, faces: Sequence[Face], frame: Frame) -> tuple[Face, ...]:
        """What a search of the frame found, as it is to be given: steady where the follower sees it too."""
        self._searched = time = frame.time
        old, self._known = self._known, []
        taken: set[int] = set()
        corners = _corners([face.box for face in faces])
        shared = overlaps(_corners([one.motion.box for one in old]), corners)
        given = []
        for j, face in enumerate(faces):
            i = max((i for i in range(len(old)) if i not in taken), key=lambda i: shared[i, j], default=-1)
            if i >= 0 and shared[i, j] > _SAME:
                taken.add(i)
                one = old[i]
            else:
                one = _Known(face, time)
            given.append(self._judged(one, j, face, corners, frame))
            self._known.append(one)
        self._known += [one for i, one in enumerate(old) if i not in taken and self._may_return(one, time)]
        return tuple(given)

    def _judged(self, one: _Known, j: int, face: Face, corners: Floats, frame: Frame) -> Face:
        """The face as the follower sees it, where that is the one found; else as it was found."""
        if _on_its_side(face):
            return one.update(face)
        for again in (False, True):
            seen = self._look(frame, face.box) if again or one.seen is None else one.seen
            one.seen = None
            if seen is None:
                continue
            shared = overlaps(seen.corners[None], corners)[0]
            if shared[j] > _AGREES and shared.argmax() == j:
                if not self._own_points:
                    one.carried = _Carried.learnt(one.carried, face, seen)
                one.face, one.last_seen = face, frame.time
                return one.update(self._face(one, seen))
        return one.update(face)

    def _may_return(self, one: _Known, time: int) -> bool:
        """Whether to look on for a face that this search did not find.

        One that made the search necessary because it seemed to be back is given up.
        """
        if one.missed is None:
            one.missed = time
            return True
        return one.seen is None and time - one.missed < _MISSED

    def _face(self, one: _Known, seen: Seen) -> Face:
        if one.carried is not None:
            return one.carried.face(one.face, seen)
        left, top, right, bottom = (float(value) for value in seen.corners)
        if self._own_points:
            points = freeze(np.asarray(seen.points, np.float32))
            return one.face.replace(box=Box(left, top, right - left, bottom - top), landmarks=points)
        return one.face.replace(box=Box(left, top, right - left, bottom - top))


class _Carried:
    """How a detector's box and landmarks lie about the points that the follower sees.

    Other detectors frame faces otherwise and have other points: they are moved along with the six points of
    the follower, by the similarity transform between them.

    shape: (2 + K, 2): two corners of the box and the K landmarks, in the follower's frame of the face.
    """

    def __init__(self, shape: Floats, looks: int) -> None:
        self.shape, self.looks = shape, looks

    @classmethod
    def learnt(cls, before: _Carried | None, face: Face, seen: Seen) -> _Carried:
        matrix, origin = _frame(seen)
        box = face.box
        points = np.array([[box.x, box.y], [box.x + box.w, box.y + box.h]], np.float32)
        if face.landmarks is not None:
            points = np.concatenate([points, face.landmarks])
        shape = (points - origin) @ np.linalg.inv(matrix).T
        # The corners of an upright box stay upright.
        shape[:2] = (points[:2] - origin) / np.hypot(matrix[0, 0], matrix[1, 0])
        if before is None or before.shape.shape != shape.shape:
            return cls(shape, 1)
        looks = min(before.looks + 1, _REMEMBERED)
        return cls(before.shape + (shape - before.shape) / looks, looks)

    def face(self, face: Face, seen: Seen) -> Face:
        matrix, origin = _frame(seen)
        left, top, right, bottom = (
            float(value) for value in (self.shape[:2] * np.hypot(matrix[0, 0], matrix[1, 0]) + origin).ravel()
        )
        landmarks = face.landmarks
        if landmarks is not None:
            landmarks = freeze(np.asarray(self.shape[2:] @ matrix.T + origin, np.float32))
        return face.replace(box=Box(left, top, right - left, bottom - top), landmarks=landmarks)


def _frame(seen: Seen) -> tuple[Floats, Floats]:
    """(2, 2) and (2,): turn and size of the face by its eyes, and its middle."""
    eyes, mouth = seen.points[:2], seen.points[3]
    x, y = _upright(eyes[1] - eyes[0], mouth - (eyes[0] + eyes[1]) / 2)
    matrix = np.array([[x, -y], [y, x]], np.float32)
    if np.hypot(x, y) < 1:
        matrix = np.eye(2, dtype=np.float32)
    return matrix, np.asarray((eyes[0] + eyes[1] + 2 * mouth) / 4, np.float32)


def _upright(across: Floats, down: Floats) -> Floats:
    """(2,): the direction of the eyes' line, by it and the one to the mouth: either shrinks in a turn."""
    return across + np.array([down[1], -down[0]], np.float32)


def _on_its_side(face: Face) -> bool:
    """Whether the face is so tilted in the picture that the detector must be asked in every frame.

    Both the line of the eyes and the one from them to the mouth count: the eyes of a profile are so close
    together that their line alone says nothing.
    """
    points = dict(zip(face.landmark_names, () if face.landmarks is None else face.landmarks, strict=False))
    eyes = [points[name] for name in ("left_eye", "right_eye") if name in points]
    mouth = [point for name, point in points.items() if name.startswith("mouth")]
    if len(eyes) < 2 or not mouth:
        return False
    x, y = _upright(eyes[1] - eyes[0], np.mean(mouth, axis=0) - (eyes[0] + eyes[1]) / 2)
    return bool(_TILTED * x < abs(y))


def _corners(boxes: Sequence[Box]) -> Floats:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    array[:, 2:] += array[:, :2]
    return array


def _is_back(seen: Seen | None, present: Sequence[_Known]) -> bool:
    """Whether a lost face seems to be back, rather than another one at its place."""
    if seen is None or seen.score < _SURE:
        return False
    others = [one.seen.corners for one in present if one.seen is not None]
    return not others or float(overlaps(seen.corners[None], np.stack(others)).max()) < _SAME


def _doubled(seen: Sequence[Seen]) -> bool:
    """Whether two known faces are seen at one place."""
    if len(seen) < 2:
        return False
    corners = np.stack([each.corners for each in seen])
    shared = overlaps(corners, corners)
    np.fill_diagonal(shared, 0)
    return bool(shared.max() > _DOUBLE)
