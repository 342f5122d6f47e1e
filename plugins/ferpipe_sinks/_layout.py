"""Where the plates go: beside their face, inside the picture, and not over another face."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from ferpipe import Box

__all__ = ["Area", "Side", "area_of", "place", "scale_of"]

Side = Literal["right", "left", "below", "above", "inside"]

_SIDES: tuple[Side, ...] = ("right", "left", "below", "above", "inside")

_FAR = 100_000
"""Boxes are cut here, before they leave the range of numbers that can be drawn."""


class Area(NamedTuple):
    """A rectangle in whole pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """The first column beyond it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """The first row beyond it."""
        return self.y + self.h

    def meets(self, other: Area) -> bool:
        """Whether they share a pixel."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )

    def is_within(self, width: int, height: int) -> bool:
        """Whether all of it is in a picture of that size."""
        return self.x >= 0 and self.y >= 0 and self.right <= width and self.bottom <= height


def scale_of(width: int, height: int) -> float:
    """How large things are drawn: 1 for 720p, 3 for 4K, by the side that has less room."""
    return min(height / 720, width / 960)


def area_of(box: Box) -> Area | None:
    """`box` in whole pixels; None where it is not finite or has no area."""
    if not all(map(math.isfinite, box)) or box.w <= 0 or box.h <= 0:
        return None
    left, top = (max(-_FAR, min(_FAR, round(value))) for value in (box.x, box.y))
    right, bottom = (max(-_FAR, min(_FAR, round(value))) for value in (box.x + box.w, box.y + box.h))
    return Area(left, top, max(1, right - left), max(1, bottom - top))


def place(
    face: Area,
    size: tuple[int, int],
    picture: tuple[int, int],
    taken: Sequence[Area],
    *,
    gap: int,
    before: Side | None = None,
) -> tuple[Side, Area] | None:
    """The side and the area for a plate of `size` (width, height) of `face`; None where no side is free.

    taken: what must not be covered: the other faces and the plates that lie already.
    before: the side of the last frame, which is kept while it is free, so that nothing flickers.
    """
    for side in _ordered(before):
        area = _beside(face, size, picture, side, gap)
        if area.is_within(*picture) and not any(area.meets(other) for other in taken):
            return side, area
    return None


def _ordered(before: Side | None) -> Iterable[Side]:
    return _SIDES if before is None else (before, *(side for side in _SIDES if side != before))


def _beside(face: Area, size: tuple[int, int], picture: tuple[int, int], side: Side, gap: int) -> Area:
    width, height = size
    if side == "inside":
        return _inside(face, size, picture, gap)
    if side in {"right", "left"}:
        x = face.right + gap if side == "right" else face.x - gap - width
        return Area(x, _slid(face.y, height, picture[1]), width, height)
    y = face.bottom + gap if side == "below" else face.y - gap - height
    return Area(_slid(face.x, width, picture[0]), y, width, height)


def _slid(start: int, length: int, limit: int) -> int:
    """`start`, moved as little as needed for `length` to end before `limit`."""
    return max(0, min(start, limit - length))


def _inside(face: Area, size: tuple[int, int], picture: tuple[int, int], gap: int) -> Area:
    """The lower right corner of a face that is large enough to keep its eyes free."""
    width, height = size
    if face.w < 1.6 * width or face.h < 1.9 * height:
        return Area(-1, -1, width, height)
    right, bottom = min(face.right, picture[0]), min(face.bottom, picture[1])
    return Area(right - gap - width, bottom - gap - height, width, height)
