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

_CELLS = 6
"""So many cells across are left of a face, whatever its size: what is thrown away cannot come back."""

_MARGIN = 0.25
"""A detector's box ends at the chin and the brow; hair and ears tell, too."""


def hide(picture: Image, face: Area, how: Blur) -> None:
    """Reduce an oval around `face` to a few cells, in place; `soft` joins them smoothly."""
    if how == "none":
        return
    grow_x, grow_y = round(face.w * _MARGIN), round(face.h * _MARGIN)
    whole = Area(face.x - grow_x, face.y - grow_y, face.w + 2 * grow_x, face.h + 2 * grow_y)
    left, top = max(0, whole.x), max(0, whole.y)
    region = picture[top : max(0, whole.bottom), left : max(0, whole.right)]
    if not region.size:
        return
    height, width = region.shape[:2]
    # Cells of the size that the whole face has: a part of it must not keep more detail.
    few = _cells(width, whole.w), _cells(height, whole.h)
    cells = cv2.resize(region, few, interpolation=cv2.INTER_AREA)
    way = cv2.INTER_NEAREST if how == "pixels" else cv2.INTER_CUBIC
    mask = _oval(Area(left - whole.x, top - whole.y, width, height), whole.w, whole.h)
    np.copyto(region, cv2.resize(cells, (width, height), interpolation=way), where=mask)


def _cells(part: int, whole: int) -> int:
    return max(1, min(round(_CELLS * part / whole), part // 2))


@lru_cache(maxsize=64)
def _oval(part: Area, width: int, height: int) -> npt.NDArray[np.bool_]:
    """What of the oval that fills (width, height) lies in `part` of it: (part.h, part.w, 1)."""
    y, x = np.ogrid[part.y : part.bottom, part.x : part.right]
    across, down = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
    inside: npt.NDArray[np.bool_] = across**2 + down**2 <= 1
    return inside[..., None]
