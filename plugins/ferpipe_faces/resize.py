"""Parts of pictures, and pictures made smaller, without aliasing and without cost."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ferpipe import Frame
from ferpipe.packet import Image

__all__ = ["Region", "at_most", "halve_towards", "region_of", "shrink", "shrunk_rgb"]

Region = tuple[int, int, int, int]
"""x, y, width and height of a part of a picture."""


def region_of(picture: Image | Frame, region: Region, *, grey: bool) -> Image:
    """A part of a picture, in grey on demand; that of a frame is taken from its planes where it has any."""
    x, y, width, height = region
    if isinstance(picture, Frame):
        if grey and picture.planes is not None:
            return picture.grey(*region)
        picture = picture.image
    part: Image = picture[y : y + height, x : x + width]
    if grey and part.ndim == 3:
        part = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)  # type: ignore[assignment]
    return part


def halve_towards(image: Image, factor: float) -> tuple[Image, int]:
    """Halve `image` while it stays at least `factor` times smaller than requested.

    Gives the picture and the number of pixels of `image` that one of its pixels covers a side, a
    power of two.  OpenCV averages 2x2 blocks about ten times faster than any other area, and a
    bilinear resize of less than a factor of two afterwards does not alias.
    An odd last row or column is ignored.
    """
    step = 1
    while factor >= 2 and min(image.shape[:2]) >= 4:
        height, width = image.shape[0] // 2, image.shape[1] // 2
        even: Image = image[: 2 * height, : 2 * width]
        image = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        step *= 2
        factor /= 2
    return image, step


def shrink(image: Image, size: Sequence[int]) -> tuple[Image, tuple[float, float]]:
    """`image` at `size` (width, height), and the exact factors (x, y) back to its own pixels."""
    small, step = halve_towards(image, min(image.shape[1] / size[0], image.shape[0] / size[1]))
    height, width = small.shape[:2]
    resized = cv2.resize(small, (size[0], size[1]), interpolation=cv2.INTER_LINEAR)
    return resized, (width * step / size[0], height * step / size[1])  # type: ignore[return-value]


def at_most(image: Image, longest: int) -> tuple[Image, tuple[float, float]]:
    """`image` with no side above `longest` pixels (0 is no limit), and the factors (x, y) back."""
    height, width = image.shape[:2]
    if not 0 < longest < max(height, width):
        return image, (1.0, 1.0)
    ratio = longest / max(height, width)
    return shrink(image, (max(1, round(width * ratio)), max(1, round(height * ratio))))


def shrunk_rgb(
    picture: Image | Frame, region: Region | None, size: tuple[int, int]
) -> tuple[Image, tuple[float, float]]:
    """A part of a BGR picture, or all of it, as RGB at `size` (width, height), and the factors (x, y) back.

    Of a frame with planes only the part is looked at, and only the small one is made RGB; x, y, width and
    height of the part are then to be even.
    """
    planes = picture.planes if isinstance(picture, Frame) else None
    if planes is None or region is None:
        image = picture.image if isinstance(picture, Frame) else picture
        part = image if region is None else region_of(image, region, grey=False)
        small, factors = shrink(part, size)
        return cv2.cvtColor(small, cv2.COLOR_BGR2RGB), factors  # type: ignore[return-value]
    x, y, width, height = region
    small, factors = shrink(planes.y[y : y + height, x : x + width], size)
    rows, columns = slice(y // 2, (y + height) // 2), slice(x // 2, (x + width) // 2)
    blue, red = (shrink(plane[rows, columns], size)[0] for plane in (planes.u, planes.v))
    matrix, offset = planes.to_bgr
    to_rgb = np.column_stack([matrix.T, offset])[::-1]
    return cv2.transform(cv2.merge([small, blue, red]), to_rgb), factors  # type: ignore[return-value]
