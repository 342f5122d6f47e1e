"""Bring pictures to the one size that a video has."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from ferpipe.packet import Image

cv2.setNumThreads(1)

__all__ = ["even_size", "fitted"]

_SMALLEST = 16
"""H.264 is made of blocks of 16 pixels, and x264 refuses less."""


def even_size(image: Image) -> tuple[int, int]:
    """Width and height of a video of `image`: chroma at half the size asks for even numbers."""
    height, width = image.shape[:2]
    return max(_SMALLEST, width + width % 2), max(_SMALLEST, height + height % 2)


def fitted(image: Image, size: tuple[int, int]) -> Image:
    """`image` as a picture of `size` (width, height).

    Rows and columns that lack are repeated from the last, so that nothing is lost; a picture of another size
    is scaled and gets black bars.
    """
    if even_size(image) != size:
        return _letterboxed(image, size)
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    edge = cv2.copyMakeBorder(image, 0, size[1] - height, 0, size[0] - width, cv2.BORDER_REPLICATE)
    return cast("Image", edge)


def _letterboxed(image: Image, size: tuple[int, int]) -> Image:
    height, width = image.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture[top : top + inner[1], left : left + inner[0]] = cv2.resize(image, inner, interpolation=way)
    return picture
