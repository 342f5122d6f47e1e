"""The follower: a network that looks for one face where it should be."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from ferpipe import Box, Frame
from ferpipe_faces.blaze_network import VARIANTS
from ferpipe_faces.detections import Floats, overlaps
from ferpipe_faces.second_look import open_variant

__all__ = ["Follower", "Seen"]

_NETWORK = dataclasses.replace(VARIANTS["short"], side=96)
"""BlazeFace's short-range network is fully convolutional: a face that fills its picture needs fewer pixels
than the 128 it was made for, and costs in proportion."""

_SIDES = 1.6
"""Side of the square that the network sees, in sides of the box."""

_LEAST = 0.4
"""Score from which it is a face."""

_SAME = 0.3
"""Overlap from which proposals belong to the best one."""

_ASIDE, _SCALED = 0.2, 1.3
"""How far from the middle, in sides of the box, and how much larger or smaller than expected a face may be
before a second look, with the face in the middle, replaces the first."""


class Seen(NamedTuple):
    """score: 0 to 1.  corners: (4,) left, top, right, bottom, and points: (6, 2), in pixels of the frame."""

    score: float
    corners: Floats
    points: Floats


class Follower:
    """Looks for a face close to where it is expected, and says no where there is none."""

    def __init__(self, threads: int = 1) -> None:
        self._network = open_variant(_NETWORK, threads)

    def __call__(self, frame: Frame, box: Box) -> Seen | None:
        """The face at about `box`, in pixels of the frame; None where there is none."""
        seen = self._look(frame, box)
        if seen is None:
            return None
        left, top, right, bottom = (float(value) for value in seen.corners)
        unit = max(box.w, box.h)
        aside = max(abs(left + right - 2 * box.x - box.w), abs(top + bottom - 2 * box.y - box.h)) / 2
        scaled = max(right - left, bottom - top) / unit
        if aside <= _ASIDE * unit and 1 / _SCALED < scaled < _SCALED:
            return seen
        return self._look(frame, Box(left, top, right - left, bottom - top))

    def _look(self, frame: Frame, box: Box) -> Seen | None:
        height, width, _ = frame.shape
        half = max(box.w, box.h, 4.0) * _SIDES / 2
        x, y = box.x + box.w / 2, box.y + box.h / 2
        # Even, as colour has half the pixels in the planes of a decoder.
        left, top = max(round((x - half) / 2) * 2, 0), max(round((y - half) / 2) * 2, 0)
        right, bottom = min(round((x + half) / 2) * 2, width), min(round((y + half) / 2) * 2, height)
        if right - left < 2 or bottom - top < 2:
            return None
        found = self._network(frame, _LEAST, (left, top, right - left, bottom - top))
        if not len(found):
            return None
        best = int(found.scores.argmax())
        share = np.where(overlaps(found.boxes[best : best + 1], found.boxes)[0] > _SAME, found.scores, 0)
        share /= share.sum()
        corners = share @ found.boxes + np.array([left, top, left, top], np.float32)
        points = np.tensordot(share, found.landmarks, 1) + np.array([left, top], np.float32)
        if not (np.isfinite(corners).all() and np.isfinite(points).all()):
            return None
        if not (0 <= corners[0] + corners[2] < 2 * width and 0 <= corners[1] + corners[3] < 2 * height):
            return None
        return Seen(float(found.scores[best]), corners, points)
