"""Make faces unrecognisable in a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from ferpipe.packet import Image
from ferpipe_sinks._layout import Area

cv2.setNumThreads(1)

__all__ = ["Blur", "hide"]

Blur = Literal["none", "soft", "pixels"]

_CELLS = 4
"""So many cells across are left of a box, whatever its size: what is thrown away cannot come back."""

_ASIDE, _ABOVE, _BELOW = 0.4, 0.6, 0.35
"""How far beyond its box a face is hidden, in widths and heights of the box: it ends at the brow, the chin
and the cheeks, and is off by a tenth; a tilted head reaches farther, and hair and ears identify, too."""


def hide(picture: Image, face: Area, how: Blur) -> None:
    """Reduce the whole head around `face` to a few cells, in place; `soft` joins them smoothly."""
    if how == "none":
        return
    aside, above, below = round(face.w * _ASIDE), round(face.h * _ABOVE), round(face.h * _BELOW)
    whole = Area(face.x - aside, face.y - above, face.w + 2 * aside, face.h + above + below)
    left, top = max(0, whole.x), max(0, whole.y)
    region = picture[top : max(0, whole.bottom), left : max(0, whole.right)]
    if not region.size:
        return
    height, width = region.shape[:2]
    # Cells of the size that the whole face has: a part of it must not keep more detail.
    few = _cells(width, face.w), _cells(height, face.h)
    cells = cv2.resize(region, few, interpolation=cv2.INTER_AREA)
    way = cv2.INTER_NEAREST if how == "pixels" else cv2.INTER_CUBIC
    mask = _rounded(Area(left - whole.x, top - whole.y, width, height), whole.w, whole.h)
    np.copyto(region, cv2.resize(cells, (width, height), interpolation=way), where=mask)


def _cells(part: int, box: int) -> int:
    return max(1, min(round(_CELLS * part / box), part // 2))


@lru_cache(maxsize=64)
def _rounded(part: Area, width: int, height: int) -> npt.NDArray[np.bool_]:
    """What of the rounded rectangle that fills (width, height) lies in `part` of it: (part.h, part.w, 1).

    P. Hein's superellipse, of the fourth degree: an oval's corners would leave a tilted head's.
    """
    y, x = np.ogrid[part.y : part.bottom, part.x : part.right]
    across, down = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
    inside: npt.NDArray[np.bool_] = across**4 + down**4 <= 1
    return inside[..., None]
