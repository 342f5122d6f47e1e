"""Where to look for small faces: overlapping squares of the picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from ferpipe.packet import Image
from ferpipe_faces.detections import Candidates, concatenate, suppress

__all__ = ["OVERLAP", "look_in_tiles", "rows_for", "squares", "tile_side"]

OVERLAP = 0.2
"""Share of a tile that its neighbour sees too; a face up to that size is whole in one of them."""

_COARSEST = 2.0


def rows_for(width: int, height: int, side: int) -> int:
    """The fewest rows of tiles in which a network of `side` pixels sees at least every second pixel
    of the frame; 0 where the whole picture is seen so anyway.
    """
    if max(width, height) <= _COARSEST * side:
        return 0
    short = min(width, height)
    return max(1, math.ceil((short / (_COARSEST * side) - OVERLAP) / (1 - OVERLAP)))


def tile_side(width: int, height: int, rows: int) -> int:
    """Pixels a side of a tile where `rows` of them lie along the shorter side."""
    return math.ceil(min(width, height) / (rows - (rows - 1) * OVERLAP))


def squares(width: int, height: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """(x, y, side) of the squares that cover the picture, `rows` of them along its shorter side."""
    side = tile_side(width, height, rows)
    for y in _starts(height, side):
        for x in _starts(width, side):
            yield x, y, side


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    number = math.ceil((length - side * OVERLAP) / (side * (1 - OVERLAP)) - 1e-9)
    return [round(i * (length - side) / max(number - 1, 1)) for i in range(number)]


def look_in_tiles(image: Image, rows: int, look: Callable[[Image], Candidates], limit: float) -> Candidates:
    """What `look` finds in the whole picture and in each tile, every face once.

    limit: overlap (IoU) above which two boxes are one face.
    """
    height, width = image.shape[:2]
    found = [look(image)]
    for x, y, side in squares(width, height, rows):
        tile = image[y : y + side, x : x + side]
        found.append(_whole(look(tile), x, y, side, (width, height)).moved(x, y))
    # A box inside another is the same face seen at two scales or cut by an edge.
    return suppress(suppress(concatenate(found), limit), 0.6, of_smaller=True)


def _whole(found: Candidates, x: int, y: int, side: int, size: tuple[int, int]) -> Candidates:
    """Those that no inner edge of the tile cuts: its neighbour, or the whole picture, has them whole."""
    margin = 0.01 * side
    left, top, right, bottom = found.boxes.T
    cut = ((left < margin) & (x > 0)) | ((top < margin) & (y > 0))
    cut |= (right > side - margin) & (x + side < size[0])
    cut |= (bottom > side - margin) & (y + side < size[1])
    return found.take(np.asarray(~cut))
