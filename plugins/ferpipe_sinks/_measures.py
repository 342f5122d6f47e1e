"""The plate of measures: a row a number, its name before it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from ferpipe import Face, Measure
from ferpipe.packet import Image
from ferpipe_sinks._blend import Layer, Sprite, paste, rounded, text_mask
from ferpipe_sinks._labels import Sizes
from ferpipe_sinks._layout import Area, Side, place
from ferpipe_sinks._palette import DARK, GREY, WHITE, Colour

__all__ = ["Plates", "draw_plate", "plate_size", "value_text"]

_LONGEST = 18
"""Letters of a measure's name that the plate has room for."""


class Plates:
    """Puts the plates of `measures` beside their faces, and that of the frame into a corner."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._of_face = tuple(measure for measure in measures if measure.of == "face")
        self._of_frame = tuple(measure for measure in measures if measure.of == "frame")
        self._sides: dict[int | None, Side] = {}

    def draw(
        self,
        picture: Image,
        found: Sequence[tuple[Face, Area]],
        of_frame: Mapping[str, float],
        taken: list[Area],
        sizes: Sizes,
    ) -> None:
        """Draw everything that is known; adds to `taken`, which is not covered, what the plates cover.

        Where a plate has no free place it stands under its face all the same.
        """
        height, width = picture.shape[:2]
        if self._of_frame and of_frame:
            corner = _corner(plate_size(self._of_frame, sizes), (width, height), taken, sizes.gap)
            draw_plate(picture, self._of_frame, of_frame, corner, sizes)
            taken.append(corner)
        sides: dict[int | None, Side] = {}
        for face, area in found if self._of_face else ():
            if not any(measure.name in face.measures for measure in self._of_face):
                continue
            size, before = plate_size(self._of_face, sizes), self._sides.get(face.track)
            others = [other for other in taken if other is not area]
            spot = place(area, size, (width, height), others, gap=sizes.gap, before=before)
            if spot is None:
                at = _under(area, size, (width, height), sizes.gap)
            else:
                sides[face.track], at = spot
            taken.append(at)
            draw_plate(picture, self._of_face, face.measures, at, sizes)
        self._sides = sides


def _corner(size: tuple[int, int], picture: tuple[int, int], taken: Sequence[Area], gap: int) -> Area:
    """The first corner that is free, else the upper left one; the lower left one is for the time."""
    right, bottom = picture[0] - gap - size[0], picture[1] - gap - size[1]
    corners = [Area(x, y, *size) for x, y in ((gap, gap), (right, gap), (right, bottom))]
    return next((c for c in corners if not any(c.meets(other) for other in taken)), corners[0])


def _under(face: Area, size: tuple[int, int], picture: tuple[int, int], gap: int) -> Area:
    x = max(0, min(face.x, picture[0] - size[0]))
    return Area(x, max(0, min(face.bottom + gap, picture[1] - size[1])), *size)


def plate_size(measures: Sequence[Measure], sizes: Sizes) -> tuple[int, int]:
    """Width and height of a plate of these measures: the same for all values, so that nothing jumps."""
    return _background(tuple(measures), sizes).size


def draw_plate(
    picture: Image, measures: Sequence[Measure], values: Mapping[str, float], at: Area, sizes: Sizes
) -> None:
    """Draw a row a measure; one that is not known has a dash."""
    paste(picture, _background(tuple(measures), sizes), at.x, at.y)
    for row, measure in enumerate(measures):
        known = measure.name in values
        text = _text(value_text(measure, values[measure.name]) if known else "-", WHITE, sizes.cap)
        top = at.y + sizes.gap + row * sizes.row + (sizes.row - 2 * sizes.cap) // 2
        paste(picture, text, at.right - sizes.gap - text.size[0], top)


def value_text(measure: Measure, value: float) -> str:
    """A value with its unit, to about a hundredth of the range."""
    if measure.low is None or measure.high is None or measure.low == measure.high:
        number = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    else:
        decimals = max(0, 2 - math.floor(math.log10(measure.high - measure.low)))
        number = f"{value:.{decimals}f}"
    return f"{number} {measure.unit}" if measure.unit.isascii() and measure.unit else number


@lru_cache(maxsize=2048)
def _text(text: str, colour: Colour, cap: int) -> Sprite:
    mask = text_mask(text, cap)
    layer = Layer(mask.shape[1], mask.shape[0])
    layer.put(mask, colour)
    return layer.sprite()


@lru_cache(maxsize=64)
def _background(measures: tuple[Measure, ...], sizes: Sizes) -> Sprite:
    """The plate with the names, which stay the same from frame to frame."""
    names = [text_mask(measure.name[:_LONGEST], sizes.cap, 0.12) for measure in measures]
    values = max(text_mask(text, sizes.cap).shape[1] for measure in measures for text in _widest(measure))
    width = max(name.shape[1] for name in names) + values + 4 * sizes.gap
    height = sizes.row * len(measures) + 2 * sizes.gap
    layer = Layer(width, height)
    layer.put(rounded(width, height, sizes.gap), DARK, opacity=0.74)
    for row, name in enumerate(names):
        top = sizes.gap + row * sizes.row + (sizes.row - 2 * sizes.cap) // 2
        layer.put(name, GREY, sizes.gap, top)
    return layer.sprite()


def _widest(measure: Measure) -> list[str]:
    """What a value may take up: the ends of the range, or a number of usual length."""
    ends = [-888.0 if measure.low is None else measure.low, 8888.0 if measure.high is None else measure.high]
    return [value_text(measure, end) for end in ends]
