"""The plates of the overlay: a name, and the bars of the probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from ferpipe.packet import Emotion, Image
from ferpipe_sinks._blend import Layer, Sprite, paste, rounded, text_mask
from ferpipe_sinks._layout import Area, scale_of
from ferpipe_sinks._palette import DARK, GREY, WHITE, Colour, colour_of, ink_on

__all__ = ["Sizes", "bars", "bars_size", "sizes_for", "stacked_bar", "tag"]

_LONGEST = 12
"""Letters of a class's name that the bars have room for."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in pixels for one size of picture: a line, a capital letter, a gap."""

    line: int
    cap: int
    gap: int

    @property
    def row(self) -> int:
        """The height of a row of the bars."""
        return round(self.cap * 1.75)

    @property
    def bar(self) -> int:
        """The length of a full bar."""
        return self.cap * 7


@lru_cache(maxsize=16)
def sizes_for(width: int, height: int) -> Sizes:
    """The lengths for a picture; letters never get too small to be read."""
    scale = scale_of(width, height)
    return Sizes(max(2, round(2.2 * scale)), max(7, round(10.5 * scale)), max(3, round(7 * scale)))


@lru_cache(maxsize=1024)
def tag(text: str, colour: Colour, cap: int) -> Sprite:
    """A line of text on a plate of its own."""
    mask = text_mask(text, cap, 0.125)
    pad = round(cap * 0.55)
    height = 2 * cap + 2 * (cap // 8)
    layer = Layer(mask.shape[1] + 2 * pad, height)
    layer.put(rounded(mask.shape[1] + 2 * pad, height, round(cap * 0.4)), colour, opacity=0.92)
    layer.put(mask, ink_on(colour), pad, (height - 2 * cap) // 2)
    return layer.sprite()


def bars_size(classes: tuple[str, ...], sizes: Sizes) -> tuple[int, int]:
    """Width and height of the plate of bars."""
    return _background(classes, -1, sizes).size


def bars(picture: Image, emotion: Emotion, area: Area, sizes: Sizes) -> None:
    """Draw a row a class: its name, and a bar as long as it is likely; that of the label stands out."""
    classes = emotion.classes
    shown = classes.index(emotion.label) if emotion.label in classes else -1
    paste(picture, _background(classes, shown, sizes), area.x, area.y)
    left = area.x + _names_width(classes, sizes)
    thick = _thickness(sizes)
    for row, (name, likely) in enumerate(zip(classes, emotion.probabilities, strict=False)):
        length = round(min(1.0, max(0.0, likely)) * sizes.bar)
        top = area.y + sizes.gap + row * sizes.row + (sizes.row - thick) // 2
        if length:
            fill = colour_of(name, classes)
            cv2.rectangle(picture, (left, top), (left + length - 1, top + thick - 1), fill, -1)


def stacked_bar(picture: Image, emotion: Emotion, face: Area, sizes: Sizes) -> None:
    """All probabilities in one bar under the face, for where there is no room for a plate."""
    x, y = face.x, face.bottom + sizes.line + 1
    thick = max(3, sizes.cap // 2)
    cv2.rectangle(picture, (x - 1, y - 1), (face.right, y + thick), DARK, -1)
    ends = np.rint(np.cumsum(np.clip(np.nan_to_num(emotion.probabilities), 0, 1)) * face.w).astype(int)
    start = 0
    for name, end in zip(emotion.classes, ends.tolist(), strict=False):
        if end > start:
            colour = colour_of(name, emotion.classes)
            cv2.rectangle(picture, (x + start, y), (x + min(end, face.w) - 1, y + thick - 1), colour, -1)
        start = end


def _thickness(sizes: Sizes) -> int:
    return max(3, round(sizes.cap * 0.8))


def _names_width(classes: tuple[str, ...], sizes: Sizes) -> int:
    widest: int = max(text_mask(name[:_LONGEST], sizes.cap).shape[1] for name in classes)
    return 2 * sizes.gap + widest


@lru_cache(maxsize=64)
def _background(classes: tuple[str, ...], shown: int, sizes: Sizes) -> Sprite:
    """The plate without its bars, which are all that changes from frame to frame."""
    names = _names_width(classes, sizes)
    width = names + sizes.bar + 2 * sizes.gap
    height = sizes.row * len(classes) + 2 * sizes.gap
    layer = Layer(width, height)
    layer.put(rounded(width, height, sizes.gap), DARK, opacity=0.74)
    thick = _thickness(sizes)
    rail = np.ones((thick, sizes.bar), np.float32)
    for row, name in enumerate(classes):
        top = sizes.gap + row * sizes.row
        mask = text_mask(name[:_LONGEST], sizes.cap, 0.16 if row == shown else 0.12)
        x = names - sizes.gap - mask.shape[1]
        layer.put(mask, WHITE if row == shown else GREY, max(0, x), top + (sizes.row - 2 * sizes.cap) // 2)
        layer.put(rail, WHITE, names, top + (sizes.row - thick) // 2, opacity=0.13)
    return layer.sprite()
