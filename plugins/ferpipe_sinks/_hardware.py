"""H.264 encoders of graphics cards and processors: which of them work, and how they are set."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import cast

import cv2  # noqa: F401 -- before PyAV, whose copy of libxcb would make OpenCV's windows hang

# isort: split
import av
import numpy as np
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

__all__ = ["HARDWARE", "form_of", "settings", "usable"]

HARDWARE = ("h264_nvenc", "h264_videotoolbox", "h264_qsv", "h264_vaapi")
"""Encoders of NVIDIA, Apple and Intel, and of Linux's VA-API, in the order in which they are tried."""

_SIZE = 320, 240
"""Large enough for every encoder: NVIDIA's refuses less than 145 by 49 pixels."""

_QP2LAMBDA = 118
"""FF_QP2LAMBDA of FFmpeg, by which a quality is multiplied."""


def form_of(codec: str) -> str:
    """The format of the pictures that the encoder takes."""
    return "nv12" if codec in {"h264_qsv", "h264_vaapi"} else "yuv420p"


def settings(codec: str, crf: int) -> dict[str, str]:
    """The options of an encoder for about the quality that `crf` means to x264, without delay."""
    if codec == "h264_nvenc":
        return {"rc": "vbr", "cq": str(crf), "b": "0", "preset": "p4", "delay": "0"}
    if codec == "h264_videotoolbox":
        quality = max(1, 100 - 3 * crf // 2)
        return {"flags": "+qscale", "global_quality": str(_QP2LAMBDA * quality)}
    if codec == "h264_qsv":
        return {"global_quality": str(max(1, crf)), "preset": "veryfast", "async_depth": "1"}
    return {"rc_mode": "CQP", "qp": str(crf)}


@lru_cache
def usable(codec: str, size: tuple[int, int] = _SIZE) -> bool:
    """Whether the encoder works on this machine: it is opened, and encodes a picture.

    FFmpeg may list an encoder whose driver or device is missing, or whose device is busy or refuses the size.
    """
    try:
        context = cast("VideoCodecContext", VideoCodecContext.create(codec, "w"))
        context.width, context.height = size
        context.pix_fmt, context.time_base = form_of(codec), Fraction(1, 25)
        context.max_b_frames = 0
        context.options = settings(codec, 23)
        frame = av.VideoFrame.from_ndarray(np.zeros((size[1] * 3 // 2, size[0]), np.uint8), "yuv420p")
        frame.pts, frame.time_base = 0, context.time_base
        return bool([*context.encode(frame), *context.encode(None)])
    except (FFmpegError, ValueError):
        return False
