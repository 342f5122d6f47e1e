"""Pictures out of files: stills, the pages of a TIFF, the frames of an animation."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe.packet import Image

__all__ = ["MissingReaderError", "Shown", "may_be_several", "pictures_in", "read_image"]

cv2.setNumThreads(1)
if "OPENCV_LOG_LEVEL" not in os.environ:  # a picture that cannot be read is reported by the source
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

AT_ONCE = 16
"""Frames or pages that are decoded and held at a time."""

SHORTEST, USUAL = 10_000, 100_000
"""Microseconds: an animation's frame that claims no more than the first is shown as long as the second, as
browsers do."""

HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
"""Brands of ISO/IEC 23008-12 that OpenCV does not read; AVIF it does."""

SNIFFED = 1 << 16
"""Bytes by which the kind of a file is known; a PNG may have a colour profile before what says it moves."""

COLOUR = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
IGNORE_TURN = cv2.IMREAD_IGNORE_ORIENTATION

IROT, IMIR = b"\0\0\0\x09irot", b"\0\0\0\x09imir"
"""Boxes of one byte: quarters of a turn anticlockwise; then the axis, 0 to exchange top and bottom."""

Bytes = npt.NDArray[np.uint8]
Shown = tuple[Image, "int | None"]
"""A picture, and how long it is shown in microseconds; None where the file does not say."""


class MissingReaderError(UsageError):
    """A picture of a kind that an extra of ferpipe reads, which is not installed."""


def read_image(path: Path) -> Image | None:
    """The first picture in `path` as (H, W, 3) uint8 BGR, upright; None where it cannot be read."""
    return next((image for image, _ in pictures_in(path)), None)


def pictures_in(path: Path) -> Iterator[Shown]:
    """All pictures in `path`, (H, W, 3) uint8 BGR and upright; none where it cannot be read.

    Alpha is ignored, 16 bits and floats are scaled to 8.
    Raises MissingReaderError for HEIC where pillow-heif is not installed.
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError:
        return
    head = data[:SNIFFED].tobytes()
    if is_heif(head):
        yield from ((image, None) for image in _heif(path, data))
    elif is_avif(head):
        pictures = _animation(data) if _is_animated(head) else _still(data, IGNORE_TURN)
        yield from ((turned(image, head), length) for image, length in pictures)
    elif _is_animated(head):
        yield from _animation(data)
    elif _is_tiff(head):
        yield from ((image, None) for image in _pages(data))
    else:
        yield from _still(data)


def may_be_several(path: Path) -> bool:
    """Whether the file may hold more than one picture, by its first bytes."""
    try:
        with path.open("rb") as file:
            head = file.read(SNIFFED)
    except OSError:
        return False
    return _is_animated(head) or _is_tiff(head)


def is_heif(head: bytes) -> bool:
    """Whether a file that begins with `head` is HEIC."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIF and b"avif" not in _brands(head)


def is_avif(head: bytes) -> bool:
    """Whether a file that begins with `head` is AVIF."""
    return head[4:8] == b"ftyp" and not {b"avif", b"avis"}.isdisjoint(_brands(head))


def turned(image: Image, head: bytes) -> Image:
    """`image` upright, as the boxes irot and imir of its file have it (ISO/IEC 23008-12), which OpenCV skips.

    A file has them before its pictures, once for all.  What EXIF says does not count there.
    """
    boxes = head.partition(b"mdat")[0]
    quarters, mirror = (boxes.partition(name)[2][:1] for name in (IROT, IMIR))
    if quarters:
        image = np.rot90(image, quarters[0] & 3)
    if mirror:
        image = np.flip(image, mirror[0] & 1)
    return np.ascontiguousarray(image)


def _is_animated(head: bytes) -> bool:
    webp = head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20:21] and head[20] & 2)
    png = head.startswith(b"\x89PNG\r\n\x1a\n") and b"acTL" in head
    avif = head[4:8] == b"ftyp" and b"avis" in _brands(head)
    return webp or png or avif or head[:4] == b"GIF8"


def _brands(head: bytes) -> list[bytes]:
    """The major and compatible brands of an ISO base media file (ISO/IEC 14496-12)."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]


def _is_tiff(head: bytes) -> bool:
    return head[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}


def _still(data: Bytes, flags: int = 0) -> Iterator[Shown]:
    image = _single(data, flags)
    if image is not None:
        yield image, None


def _single(data: Bytes, flags: int = 0) -> Image | None:
    try:
        image = cv2.imdecode(data, COLOUR | flags) if data.size else None
    except cv2.error:
        return None
    return None if image is None else to_eight_bits(image)


def _animation(data: Bytes) -> Iterator[Shown]:
    start = 0
    while True:
        try:
            good, animation = cv2.imdecodeanimation(data.reshape(1, -1), start, AT_ONCE)
            frames, durations = (animation.frames, animation.durations) if good else ((), ())
        except cv2.error:
            frames, durations = (), ()
        if not frames and not start:  # a still that only looks like an animation
            yield from _still(data)
            return
        lengths = np.ravel(durations).tolist()
        for number, frame in enumerate(frames):
            length = int(lengths[number]) * 1000 if number < len(lengths) else 0
            yield _colours(frame), length if length > SHORTEST else USUAL
        if len(frames) < AT_ONCE:
            return
        start += AT_ONCE


def _pages(data: Bytes) -> Iterator[Image]:
    start = 0
    while True:
        try:
            good, pages = cv2.imdecodemulti(data, COLOUR, None, (start, start + AT_ONCE))
        except cv2.error:
            good, pages = False, ()
        found = pages if good else ()
        if not found and not start:
            image = _single(data)
            if image is not None:
                yield image
            return
        yield from map(to_eight_bits, found)
        if len(found) < AT_ONCE:
            return
        start += AT_ONCE


def _heif(path: Path, data: Bytes) -> Iterator[Image]:
    try:
        import pillow_heif
    except ImportError:
        raise MissingReaderError(
            f"{path} is a HEIC picture, which pillow-heif reads: pip install 'ferpipe[heic]', or convert it"
        ) from None
    try:
        picture = pillow_heif.open_heif(io.BytesIO(data.tobytes()), convert_hdr_to_8bit=True, bgr_mode=True)
        image = np.asarray(picture)
    except (OSError, ValueError, EOFError, RuntimeError, SyntaxError):
        return
    yield _colours(np.ascontiguousarray(image))


def _colours(image: npt.NDArray[Any]) -> Image:
    """`image`, grey, BGR or BGRA of any depth, as (H, W, 3) uint8."""
    eight = to_eight_bits(image)
    if eight.ndim == 2 or eight.shape[2] == 1:
        return np.asarray(cv2.cvtColor(eight, cv2.COLOR_GRAY2BGR), np.uint8)
    return np.ascontiguousarray(eight[..., :3])


def to_eight_bits(image: npt.NDArray[Any]) -> Image:
    """`image` with its range brought to 0 to 255; floats are taken as 0 to 1."""
    if image.dtype == np.uint8:
        return image
    scaled = image / 257 if image.dtype == np.uint16 else np.nan_to_num(image) * 255
    eight: Image = np.clip(scaled.round(), 0, 255).astype(np.uint8)
    return eight
