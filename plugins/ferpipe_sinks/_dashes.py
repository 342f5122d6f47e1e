"""The dashed box of a face whose label is unsure."""

from __future__ import annotations

import cv2

from ferpipe.packet import Image
from ferpipe_sinks._labels import Sizes
from ferpipe_sinks._layout import Area
from ferpipe_sinks._palette import DARK, WHITE

__all__ = ["draw_dashed"]


def draw_dashed(picture: Image, area: Area, sizes: Sizes) -> None:
    """A dashed white rectangle on a dark one, which shows on anything without a colour of a label."""
    before, after = sizes.line // 2, (sizes.line - 1) // 2
    left, top, right, bottom = area.x, area.y, area.right - 1, area.bottom - 1
    for grown, colour in ((1, DARK), (0, WHITE)):
        b, a = before + grown, after + grown
        for y in (top, bottom):
            for start, end in _dashes(left, right, sizes):
                cv2.rectangle(picture, (start - grown, y - b), (end + grown, y + a), colour, -1)
        for x in (left, right):
            for start, end in _dashes(top, bottom, sizes):
                cv2.rectangle(picture, (x - b, start - grown), (x + a, end + grown), colour, -1)


def _dashes(start: int, end: int, sizes: Sizes) -> list[tuple[int, int]]:
    """An odd number of equal parts, dashes and gaps in turn, so that both ends have a dash."""
    parts = max(1, round((end - start) / (2 * sizes.gap))) // 2 * 2 + 1
    edges = [start + round((end - start) * i / parts) for i in range(parts + 1)]
    return list(zip(edges[::2], edges[1::2], strict=True))
