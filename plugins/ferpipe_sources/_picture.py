"""Decoded frames made upright pictures with square pixels, all of one size."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ferpipe.packet import Image, Planes
from ferpipe_sources._planes import Orientation, bgr, planes_of, upright

__all__ = ["Aspect", "Converter", "orientation"]

cv2.setNumThreads(1)

MOST_ASPECT = 4
"""Pixels are never wider or taller than this in use (2.91 for 352x576 in 16:9); what says so is damaged."""

LONGEST = 16_384
"""Pixels across or down: more than any video has, and what encoders take; damage alone claims more."""


def _unknown(cls: type[Any], value: object) -> Any:
    kind = object.__new__(cls)
    kind._name_, kind._value_ = f"UNKNOWN_{value}", value
    return kind


# PyAV raises ValueError for every frame that has a kind of side data which it does not list (EXIF, views of
# spatial video, whatever the next FFmpeg adds), also if only the display matrix is requested.
SideDataType._missing_ = classmethod(_unknown)  # type: ignore[assignment]


def orientation(frame: VideoFrame) -> Orientation:
    """How to turn `frame` upright, from the display matrix of its container (ISO/IEC 14496-12).

    Angles between the right ones are rounded to the nearest.
    """
    # `frame.side_data` would keep a container that refers back to the frame: a cycle, and the picture
    # with it, that lives until the garbage collector comes round (seen: 300 MB of 720p).
    data: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # its stub lacks __init__
    if data is None or len(bytes(data)) < 20:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    if abs(a) < abs(b):
        return True, c < 0, b < 0
    return False, a < 0, d < 0


class Converter:
    """Turns decoded frames into pictures, upright, at most `max_width` wide.

    8-bit 4:2:0 that needs no other size is given on as planes, of which a frame makes its image when it is
    used; everything else as (H, W, 3) uint8 BGR.

    Pixels become square: those of anamorphic video are stretched in the direction that loses nothing.
    The first image decides the size of all: a later one of another size is scaled to fit, with black
    bars where its shape differs, so that a box means the same in every frame.
    Raises FFmpegError or ValueError for a frame that cannot be converted (a damaged one).
    """

    def __init__(self, max_width: int | None = None) -> None:
        self._max_width = max_width
        self._unit: tuple[int, int] | None = None

    def __call__(self, frame: VideoFrame, aspect: Fraction | None = None) -> Image | Planes:
        """The picture of `frame`, whose pixels are `aspect` times as wide as high (None: square)."""
        if max(frame.width, frame.height) > LONGEST:
            raise ValueError(f"{frame.width}x{frame.height} is no picture of a video")
        turn = orientation(frame)
        width, height = self._size(frame, aspect, transposed=turn[0])
        if (width, height) == (frame.width, frame.height):
            shown = (height, width) if turn[0] else (width, height)
            planes = planes_of(frame, turn) if self._unit in {None, shown} else None
            if planes is not None:
                self._unit = shown
                return planes
        image = np.ascontiguousarray(upright(bgr(frame, width, height), turn))
        if self._unit is None:
            self._unit = image.shape[1], image.shape[0]
        return _padded(image, self._unit)

    def _size(self, frame: VideoFrame, aspect: Fraction | None, *, transposed: bool) -> tuple[int, int]:
        """The (width, height) of `frame` before it is turned, with square pixels and in its unit."""
        width, height = squared(frame.width, frame.height, aspect)
        shown = (height, width) if transposed else (width, height)
        if self._unit is not None:
            shown = fitted(shown, self._unit)
        elif self._max_width is not None and shown[0] > self._max_width:
            scale = self._max_width / shown[0]
            shown = self._max_width, max(1, round(shown[1] * scale))
        return (shown[1], shown[0]) if transposed else shown


class Aspect:
    """How many times as wide as high the pixels of a track are, as its frames come.

    What the container says counts before what its pictures say (ISO/IEC 14496-12, pasp); where the two
    agree, or the container is silent, a change within the pictures does, as in broadcasts.
    """

    def __init__(self, stream: VideoStream) -> None:
        self._codec = stream.codec_context
        self._first = stream.sample_aspect_ratio
        self._coded: Fraction | None = None

    def now(self) -> Fraction | None:
        """Of the frame that was decoded last; None where nothing says it."""
        coded = self._codec.sample_aspect_ratio
        if self._coded is None:
            self._coded = coded
        return self._first if not coded or self._first not in {None, self._coded} else coded


def squared(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """The size of a picture when its pixels are made square; unchanged where `aspect` is absurd."""
    if not aspect or not Fraction(1, MOST_ASPECT) <= aspect <= MOST_ASPECT:
        return width, height
    wide, high = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
    return (wide, high) if max(wide, high) <= LONGEST else (width, height)


def fitted(size: tuple[int, int], unit: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the shape of `size` that lies in `unit`; `unit` itself for nearly its shape."""
    scale = min(unit[0] / size[0], unit[1] / size[1])
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    # Sizes are rounded to the blocks of a codec when a stream changes between them (270 lines, 272).
    near = unit[0] - width <= unit[0] / 64 and unit[1] - height <= unit[1] / 64
    return unit if near else (width, height)


def _padded(image: Image, unit: tuple[int, int]) -> Image:
    down, across = unit[1] - image.shape[0], unit[0] - image.shape[1]
    if not down and not across:
        return image
    sides = down // 2, down - down // 2, across // 2, across - across // 2
    return np.asarray(cv2.copyMakeBorder(image, *sides, cv2.BORDER_CONSTANT, value=(0, 0, 0)), np.uint8)
