"""Decoded frames made upright BGR images."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter

from ferpipe.packet import Image

__all__ = ["Converter", "orientation", "upright"]

cv2.setNumThreads(1)

HD_HEIGHT = 720
UNSPECIFIED = 2
"""AVCOL_SPC_UNSPECIFIED of ISO/IEC 23091-2."""

Orientation = tuple[bool, bool, bool]
"""Whether rows and columns change places, then whether left-right and top-bottom are mirrored."""


def orientation(frame: VideoFrame) -> Orientation:
    """How to turn `frame` upright, from the display matrix of its container (ISO/IEC 14496-12).

    Angles between the right ones are rounded to the nearest.
    """
    # `frame.side_data` would keep a container that refers back to the frame: a cycle, and the picture
    # with it, that lives until the garbage collector comes round (seen: 300 MB of 720p).
    data: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # its stub lacks __init__
    if data is None:
        return False, False, False
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].tolist()
    if abs(a) < abs(b):
        return True, c < 0, b < 0
    return False, a < 0, d < 0


def upright(image: Image, turn: Orientation) -> Image:
    """`image` turned; the image itself where it stands upright already."""
    transposed, mirrored, flipped = turn
    if transposed:
        image = np.asarray(cv2.transpose(image), np.uint8)
    if mirrored or flipped:
        axis = -1 if mirrored and flipped else 1 if mirrored else 0
        image = np.asarray(cv2.flip(image, axis), np.uint8)
    return image


class Converter:
    """Turns decoded frames into (H, W, 3) uint8 BGR, upright, at most `max_width` wide.

    The matrix and range that the stream names are used; where it names none, BT.709 from 720
    lines on and BT.601 below, as players do.  Alpha is left out, pixels are taken as square.
    """

    def __init__(self, max_width: int | None = None) -> None:
        self._max_width = max_width
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> Image:
        """The image of `frame`."""
        turn = orientation(frame)
        width, height = self._size(frame, transposed=turn[0])
        guess = self._guessed_matrix(frame)
        converted = self._reformatter.reformat(
            frame, width, height, "bgr24", src_colorspace=guess, dst_colorspace=guess, threads=1
        )
        return np.ascontiguousarray(upright(converted.to_ndarray().view(np.uint8), turn))

    def _size(self, frame: VideoFrame, *, transposed: bool) -> tuple[int, int]:
        shown = frame.height if transposed else frame.width
        if self._max_width is None or shown <= self._max_width:
            return frame.width, frame.height
        scale = self._max_width / shown
        return max(1, round(frame.width * scale)), max(1, round(frame.height * scale))

    @staticmethod
    def _guessed_matrix(frame: VideoFrame) -> int | None:
        unnamed = frame.colorspace == UNSPECIFIED and not frame.format.is_rgb
        return int(Colorspace.ITU709) if unnamed and frame.height >= HD_HEIGHT else None
