"""A second look at what a detector found, which says whether it is a face and which way up."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ferpipe import Box, UsageError
from ferpipe.packet import Image
from ferpipe.resources import shipped
from ferpipe_faces.blaze_network import VARIANTS, BlazeNetwork, Variant
from ferpipe_faces.detections import overlaps

__all__ = ["SecondLook", "Verdict", "open_network", "open_variant"]

_NEAR, _FAR = ("short", 2.0), ("full", 2.5)
"""The networks, and the side of the square that each is shown, in heights of the face."""

_LEAST = 0.05
_THERE = 0.45
"""Score and overlap from which what a network finds counts as the face in question."""

_NEAR_SAYS, _FAR_SAYS = 0.7, 0.4
"""Scores from which a network says that it is a face: one of them is enough, for a turned one both must."""

_DRAWN, _DRAWN_SAY = 0.45, 1.1
"""Part of a picture that is of its two commonest greys from which it looks like letters or a drawing (faces
of FER2013: 0.36 in the median, 0.53 for one in twenty; text: 0.85), and the sum of scores that makes it a
face all the same."""

_PLAIN = 1.4
"""Sum of the two scores that faces turned by more than 90 degrees do not have."""
_TURNED = 0.1
"""How much better the two like a face upside down, together, where it is turned by more than 90 degrees."""


class Verdict(NamedTuple):
    """face: whether it is one.  turned: whether it is turned by more than 90 degrees in the picture."""

    face: bool
    turned: bool


class SecondLook:
    """Looks closer with two networks that were trained apart from the one that found the face.

    BlazeFace's short-range and full-range networks see a square around the face, alone and large.  On text,
    hair and patterns that another network takes for a face they do not agree.  A face that they
    like better upside down is turned by more than 90 degrees.
    """

    def __init__(self, threads: int = 1) -> None:
        self._near = open_network(_NEAR[0], threads)
        self._far = open_network(_FAR[0], threads)

    def __call__(self, image: Image, box: Box) -> Verdict:
        """What the networks say of the face in `box`, in pixels of the (H, W, 3) BGR image."""
        near, far = self._scores(image, box, turned=False)
        if near + far < _PLAIN:
            near_turned, far_turned = self._scores(image, box, turned=True)
            sure = near_turned >= _NEAR_SAYS and far_turned >= _FAR_SAYS
            if sure and near_turned + far_turned > near + far + _TURNED:
                return Verdict(face=True, turned=True)
        face = near >= _NEAR_SAYS or far >= _FAR_SAYS
        if face and near + far < _DRAWN_SAY:
            face = _two_tones(image, box) < _DRAWN
        return Verdict(face=face, turned=False)

    def _scores(self, image: Image, box: Box, *, turned: bool) -> tuple[float, float]:
        return (
            _score(self._near, image, box, _NEAR[1], turned=turned),
            _score(self._far, image, box, _FAR[1], turned=turned),
        )


def open_network(name: str, threads: int) -> BlazeNetwork:
    """A BlazeFace network that ships with ferpipe.  Raises UsageError where its file is missing."""
    return open_variant(VARIANTS[name], threads)


def open_variant(variant: Variant, threads: int) -> BlazeNetwork:
    """Likewise, for a variant that may be of another side than the file's."""
    file = shipped("models") / "blazeface" / variant.file
    if not file.is_file():
        raise UsageError(f"the weights {file} are missing: reinstall ferpipe")
    return BlazeNetwork(variant, file, threads)


def _score(network: BlazeNetwork, image: Image, box: Box, heights: float, *, turned: bool) -> float:
    """The best score at the place of the face, 0 where there is none."""
    part, share = _square(image, box, heights)
    if turned:
        part = np.ascontiguousarray(part[::-1, ::-1])
    found = network(part, _LEAST)
    if not len(found):
        return 0.0
    side = part.shape[0]
    low, high = side * (1 - share) / 2, side * (1 + share) / 2
    there = overlaps(np.array([[low, low, high, high]], np.float32), found.boxes)[0] > _THERE
    return float(found.scores[there].max(initial=0.0))


def _two_tones(image: Image, box: Box) -> float:
    """The part of the box that is of the two commonest greys, each 3 of 32 steps of its own range wide."""
    left, top = max(int(box.x), 0), max(int(box.y), 0)
    part = image[top : max(int(box.y + box.h), top), left : max(int(box.x + box.w), left)]
    if not part.size:
        return 0.0
    grey = part.mean(axis=2)
    low, high = np.percentile(grey, [2, 98])
    counts = np.histogram(np.clip(grey, low, high), 32, (low, max(high, low + 1)))[0]
    wide = np.convolve(counts, [1, 1, 1], "same")
    best = int(wide.argmax())
    rest = np.where(np.abs(np.arange(32) - best) <= 1, 0, counts)
    return float((wide[best] + np.convolve(rest, [1, 1, 1], "same").max()) / grey.size)


def _square(image: Image, box: Box, heights: float) -> tuple[Image, float]:
    """A square of the image around the box, black beyond the image, and the box's share of its side."""
    length = max(box.w, box.h, 4.0)
    side = round(length * heights)
    left, top = round(box.x + box.w / 2 - side / 2), round(box.y + box.h / 2 - side / 2)
    height, width = image.shape[:2]
    inside = image[
        min(max(top, 0), height) : min(max(top + side, 0), height),
        min(max(left, 0), width) : min(max(left + side, 0), width),
    ]
    above, before = max(-top, 0), max(-left, 0)
    below, behind = side - above - inside.shape[0], side - before - inside.shape[1]
    if not inside.size:
        return np.zeros((side, side, 3), np.uint8), length / side
    if above or before or below or behind:
        inside = cv2.copyMakeBorder(inside, above, below, before, behind, cv2.BORDER_CONSTANT)  # type: ignore[assignment]
    return inside, length / side
