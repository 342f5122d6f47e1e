"""Decoded frames given on as the planes that they are, where these are plain ones."""

from __future__ import annotations

import threading
from functools import partial
from typing import cast

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Colorspace, VideoReformatter

from ferpipe.packet import Image, Planes

__all__ = ["Orientation", "bgr", "planes_of", "upright"]

cv2.setNumThreads(1)

Orientation = tuple[bool, bool, bool]
"""Whether rows and columns change places, then whether left-right and top-bottom are mirrored."""

_HD_HEIGHT = 720

_UNSPECIFIED, _FULL_RANGE = 2, 2
"""AVCOL_SPC_UNSPECIFIED and AVCOL_RANGE_JPEG (the former of ISO/IEC 23091-2)."""

_BT709, _BT601 = frozenset({1}), frozenset({5, 6})
"""Code points of ISO/IEC 23091-2 for the matrix."""


class _Own(threading.local):
    """A scaler for each thread, which it must not share."""

    def __init__(self) -> None:
        self.reformatter = VideoReformatter()


_own = _Own()


def planes_of(frame: VideoFrame, turn: Orientation) -> Planes | None:
    """The planes of `frame` turned upright, without a copy where they are so already.

    None for what is not 8 bits in 4:2:0 of even size in the colours of BT.601 or BT.709: those frames
    are given as images.
    """
    matrix = _matrix(frame)
    full = frame.format.name == "yuvj420p"
    plain = full or frame.format.name == "yuv420p"
    if not plain or matrix is None or frame.width % 2 or frame.height % 2:
        return None
    parts = [_array(plane) for plane in frame.planes]
    if len(parts) != 3 or any(part is None for part in parts):
        return None
    y, u, v = (upright(part, turn) for part in parts if part is not None)
    return Planes(
        y,
        u,
        v,
        matrix="bt709" if matrix in _BT709 else "bt601",
        full_range=full or frame.color_range == _FULL_RANGE,
        convert=partial(_turned, frame, turn),
    )


def bgr(frame: VideoFrame, width: int | None = None, height: int | None = None) -> Image:
    """`frame` as (H, W, 3) uint8 BGR of the size that is given, in the matrix and range that it names.

    Where it names none, BT.709 from 720 lines on and BT.601 below, as players do.  Alpha is left out.
    Raises FFmpegError or ValueError for a frame that cannot be converted.
    """
    guess = int(Colorspace.ITU709) if _is_guessed_hd(frame) else None
    converted = _own.reformatter.reformat(
        frame, width, height, "bgr24", src_colorspace=guess, dst_colorspace=guess, threads=1
    )
    return converted.to_ndarray().view(np.uint8)


def upright(image: Image, turn: Orientation) -> Image:
    """`image`, or a plane, turned; the array itself where it stands upright already."""
    transposed, mirrored, flipped = turn
    if transposed:
        image = np.asarray(cv2.transpose(image), np.uint8)
    if mirrored or flipped:
        axis = -1 if mirrored and flipped else 1 if mirrored else 0
        image = np.asarray(cv2.flip(image, axis), np.uint8)
    return image


def _turned(frame: VideoFrame, turn: Orientation) -> Image:
    return np.ascontiguousarray(upright(bgr(frame), turn))


def _is_guessed_hd(frame: VideoFrame) -> bool:
    unnamed = frame.colorspace == _UNSPECIFIED and not frame.format.is_rgb
    return unnamed and frame.height >= _HD_HEIGHT


def _matrix(frame: VideoFrame) -> int | None:
    """The code point of the matrix; None for one that is neither BT.601's nor BT.709's."""
    named = int(frame.colorspace)
    if named == _UNSPECIFIED:
        return min(_BT709 if _is_guessed_hd(frame) else _BT601)
    return named if named in _BT709 | _BT601 else None


def _array(plane: VideoPlane) -> Image | None:
    """(H, W) view of the memory of a plane, which keeps its frame; None where its rows run upwards."""
    stride = plane.line_size
    if stride < plane.width:
        return None
    memory = np.frombuffer(cast("memoryview[int]", plane), np.uint8)  # it takes whatever has a buffer
    rows: Image = memory[: stride * plane.height].reshape(plane.height, stride)
    return rows[:, : plane.width]
