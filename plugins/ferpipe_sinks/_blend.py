"""Small pictures with transparency, made once and pasted into many frames."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from ferpipe.packet import Image
from ferpipe_sinks._palette import Colour

cv2.setNumThreads(1)

__all__ = ["Alpha", "Layer", "Sprite", "paste", "rounded", "text_mask"]

Alpha = npt.NDArray[np.float32]
"""(H, W), 0 is clear and 1 is opaque."""

_FONT = cv2.FONT_HERSHEY_DUPLEX

_FINER = 4
"""Text is drawn so many times larger and then reduced: the strokes get their exact weight."""


class Sprite(NamedTuple):
    """colour: (H, W, 3) uint8 BGR, already multiplied by its opacity.

    rest: (H, W, 3) uint8, the part of 255 that is let through of the picture below.
    """

    colour: Image
    rest: Image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.colour.shape[1], self.colour.shape[0]


class Layer:
    """A canvas with transparency on which a sprite is put together."""

    def __init__(self, width: int, height: int) -> None:
        self._colour = np.zeros((height, width, 3), np.float32)
        self._alpha = np.zeros((height, width, 1), np.float32)

    def put(self, mask: Alpha, colour: Colour, x: int = 0, y: int = 0, *, opacity: float = 1.0) -> None:
        """Lay `colour` over what is there, where `mask` says."""
        height, width = self._alpha.shape[:2]
        mask = mask[: max(0, height - y), : max(0, width - x)]
        part = np.s_[y : y + mask.shape[0], x : x + mask.shape[1]]
        cover = (mask * opacity)[..., None]
        self._colour[part] = self._colour[part] * (1 - cover) + np.array(colour, np.float32) * cover
        self._alpha[part] = self._alpha[part] * (1 - cover) + cover

    def sprite(self) -> Sprite:
        """What was put together, ready for pasting."""
        rest = np.repeat((1 - self._alpha) * 255, 3, axis=2)
        return Sprite(np.rint(self._colour).astype(np.uint8), np.rint(rest).astype(np.uint8))


def paste(picture: Image, sprite: Sprite, x: int, y: int) -> None:
    """Lay `sprite` over `picture`, in place, its top left corner at (x, y); what is outside is cut."""
    height, width = picture.shape[:2]
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(sprite.size[0], width - x), min(sprite.size[1], height - y)
    if right <= left or bottom <= top:
        return
    below = picture[y + top : y + bottom, x + left : x + right]
    part = np.s_[top:bottom, left:right]
    cv2.multiply(below, sprite.rest[part], dst=below, scale=1 / 255)
    cv2.add(below, sprite.colour[part], dst=below)


@lru_cache(maxsize=2048)
def text_mask(text: str, cap: int, weight: float = 0.14) -> Alpha:
    """`text` in capitals of `cap` pixels; `weight` is the width of a stroke in cap heights.

    The mask has room of half a cap height above and below for ascenders and descenders.
    """
    scale = cv2.getFontScaleFromHeight(_FONT, cap * _FINER)
    stroke = max(1, round(cap * _FINER * weight))
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, stroke)
    columns = -(-(width + 2 * stroke) // _FINER)
    canvas = np.zeros((2 * cap * _FINER, columns * _FINER), np.uint8)
    baseline = cap * _FINER * 3 // 2
    cv2.putText(canvas, text, (stroke, baseline), _FONT, scale, (255,), stroke, cv2.LINE_AA)
    small = cv2.resize(canvas, (columns, 2 * cap), interpolation=cv2.INTER_AREA)
    return cast("Alpha", small.astype(np.float32) / 255)


def rounded(width: int, height: int, radius: int) -> Alpha:
    """A filled rectangle with round corners."""
    big = np.zeros((height * _FINER, width * _FINER), np.uint8)
    r = min(radius, width // 2, height // 2) * _FINER
    right, bottom = big.shape[1] - 1, big.shape[0] - 1
    cv2.rectangle(big, (r, 0), (right - r, bottom), (255,), -1)
    cv2.rectangle(big, (0, r), (right, bottom - r), (255,), -1)
    for centre in ((r, r), (right - r, r), (r, bottom - r), (right - r, bottom - r)):
        cv2.circle(big, centre, r, (255,), -1)
    small = cv2.resize(big, (width, height), interpolation=cv2.INTER_AREA)
    return cast("Alpha", small.astype(np.float32) / 255)
