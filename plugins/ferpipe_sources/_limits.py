"""A bound on what FFmpeg may take in one piece, whatever a server or a damaged file says."""

from __future__ import annotations

import contextlib
import ctypes

import av

__all__ = ["LARGEST"]

LARGEST = 1 << 28
"""Bytes of one allocation: more than a picture of 8K has, less than FFmpeg's own bound of 2 GiB.

An RTSP answer is read as a whole, at the length that its head claims."""

with contextlib.suppress(AttributeError, OSError):  # found through the module that is linked to it
    ctypes.CDLL(av.frame.__file__).av_max_alloc(ctypes.c_size_t(LARGEST))
