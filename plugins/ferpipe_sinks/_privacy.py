"""Make faces unrecognisable in a picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, cast

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
    grow_x, grow_y = round(face.w * _MARGIN), round(face.h * _MARGIN)
    left, top = max(0, face.x - grow_x), max(0, face.y - grow_y)
    region = picture[top : max(0, face.bottom + grow_y), left : max(0, face.right + grow_x)]
    if how == "none" or not region.size:
        return
    height, width = region.shape[:2]
    cells = cv2.resize(region, (min(_CELLS, width), min(_CELLS, height)), interpolation=cv2.INTER_AREA)
    way = cv2.INTER_NEAREST if how == "pixels" else cv2.INTER_CUBIC
    np.copyto(region, cv2.resize(cells, (width, height), interpolation=way), where=_oval(width, height))


@lru_cache(maxsize=64)
def _oval(width: int, height: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, (1,), -1)
    return cast("npt.NDArray[np.bool_]", mask.astype(bool)[..., None])
