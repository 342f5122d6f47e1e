"""Formats, sizes and frame rates of a camera on Linux, read from its driver for `ferpipe doctor`.

Structures and requests as in the kernel's `linux/videodev2.h` (Video for Linux API, version 2).
FFmpeg's own listing cannot replace them: `list_formats` prints formats and sizes to the log, but never
asks the driver for frame rates, and PyAV's `enumerate_input_devices` lists devices only.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

__all__ = ["Mode", "capabilities", "describe", "modes"]

QUERY = 0x80685600
FORMATS = 0xC0405602
SIZES = 0xC02C564A
INTERVALS = 0xC034564B

CAPTURE = 1
"""V4L2_BUF_TYPE_VIDEO_CAPTURE, and the bit V4L2_CAP_VIDEO_CAPTURE."""
DISCRETE = 1
"""Of V4L2_FRMSIZE_TYPE_*: one size or interval; else a range, least and most first."""

NAMES = {
    "GREY": "gray",
    "MJPG": "mjpeg",
    "RGB3": "rgb24",
    "UYVY": "uyvy422",
    "YU12": "yuv420p",
    "YUYV": "yuyv422",
}
"""FFmpeg's names of pixel formats, as the option `pixel_format` takes them."""

SHOWN = 4
"""Sizes that are listed for a format."""

MOST = 256
"""Limit for a driver whose list never ends; no real driver lists more."""

Ask = Callable[[int, bytearray], object]
"""An ioctl that fills the buffer in place; raises OSError (EINVAL at the end of a list)."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One thing that a camera can send: `fps` is the fastest, None if the driver does not report it."""

    pixels: str
    width: int
    height: int
    fps: float | None


def capabilities(device: str) -> tuple[Mode, ...]:
    """What the camera at `device` can do; nothing where it is no camera.

    Raises OSError where it cannot be opened or asked.
    """
    import fcntl

    handle = os.open(Path(device), os.O_RDWR | os.O_NONBLOCK)
    try:
        return tuple(modes(lambda request, buffer: fcntl.ioctl(handle, request, buffer)))
    finally:
        os.close(handle)


def modes(ask: Ask) -> Iterator[Mode]:
    """The modes that a driver lists."""
    about = bytearray(104)
    ask(QUERY, about)
    _, everything, here = struct.unpack_from("=3I", about, 80)
    if not (here or everything) & CAPTURE:
        return
    for entry in _listed(ask, FORMATS, 64, struct.pack("=II", 0, CAPTURE)):
        (pixels,) = struct.unpack_from("=I", entry, 44)
        for width, height in _sizes(ask, pixels):
            yield Mode(_name(pixels), width, height, _fastest(ask, pixels, width, height))


def _sizes(ask: Ask, pixels: int) -> Iterator[tuple[int, int]]:
    for entry in _listed(ask, SIZES, 44, struct.pack("=II", 0, pixels)):
        kind, a, b, _, c, d, _ = struct.unpack_from("=7I", entry, 8)
        if kind == DISCRETE:
            yield a, b
        else:  # least width, most width, step; the same for the height
            yield from ((a, c), (b, d))
            return


def _fastest(ask: Ask, pixels: int, width: int, height: int) -> float | None:
    rates = []
    for entry in _listed(ask, INTERVALS, 52, struct.pack("=4I", 0, pixels, width, height)):
        _, numerator, denominator = struct.unpack_from("=3I", entry, 16)
        if numerator:  # in a range the shortest interval stands first
            rates.append(denominator / numerator)
    return max(rates, default=None)


def _listed(ask: Ask, request: int, size: int, head: bytes) -> Iterator[bytearray]:
    """The entries of one of the driver's lists; each begins with its index."""
    for index in count():
        entry = bytearray(head.ljust(size, b"\0"))
        struct.pack_into("=I", entry, 0, index)
        try:
            ask(request, entry)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOTTY}:
                return
            raise
        if index == MOST:
            return
        yield entry


def _name(pixels: int) -> str:
    code = pixels.to_bytes(4, "little").decode("ascii", "replace").strip()
    return NAMES.get(code, code.lower())


def describe(device: str) -> str:
    """The modes of a camera as text, or the reason why they are not known."""
    with suppress(ImportError):
        try:
            return in_words(capabilities(device))
        except PermissionError:
            return "may not be opened: add yourself to the group 'video'"
        except OSError as error:
            return f"cannot be asked: {error.strerror}"
    return ""


def in_words(found: tuple[Mode, ...]) -> str:
    """Such as `mjpeg 1920x1080 at 30, 1280x720 at 60; yuyv422 640x480 at 30`, the largest first."""
    formats = dict.fromkeys(mode.pixels for mode in found)
    return "; ".join(f"{name} {_of_format(found, name)}" for name in formats) or "captures nothing"


def _of_format(found: tuple[Mode, ...], name: str) -> str:
    chosen = sorted(
        {mode for mode in found if mode.pixels == name}, key=lambda mode: -mode.width * mode.height
    )
    sizes = [
        f"{mode.width}x{mode.height}" + (f" at {mode.fps:g}" if mode.fps else "") for mode in chosen[:SHOWN]
    ]
    more = len(chosen) - SHOWN
    return ", ".join(sizes) + (f" and {more} more" if more > 0 else "")
