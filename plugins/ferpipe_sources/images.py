"""Pictures as a stream: a still, a folder, a glob, or a list of them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from ferpipe import Context, Frame, Options, Packet, Source, StreamInfo, UsageError
from ferpipe.packet import MICROSECONDS, Image

__all__ = ["ImagesOptions", "ImagesSource", "natural", "read_image"]

cv2.setNumThreads(1)

SUFFIXES = (
    *(".avif", ".bmp", ".dib", ".exr", ".gif", ".hdr", ".jp2", ".jpe", ".jpeg", ".jpg"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class ImagesOptions(Options):
    """Which pictures, and how far apart they stand in time."""

    path: str | list[str] = Field(
        min_length=1, description="a picture, a folder, a glob such as 'faces/**/*.jpg', or a list of them"
    )
    interval: float = Field(
        1.0, ge=1e-6, description="seconds from one picture to the next (pictures carry no time)"
    )
    unreadable: Literal["skip", "fail"] = Field(
        "skip", description="what to do with a broken picture: leave it out and count it, or end the run"
    )


class ImagesSource(Source[ImagesOptions]):
    """Gives pictures in natural order (`2.png` before `10.png`), one every `interval` seconds.

    Any size, depth and number of channels becomes (H, W, 3) uint8 BGR, upright by its EXIF tag.
    A picture keeps its time where another one is left out.  Counts `unreadable`.
    Each frame bears the picture's name, with its folders below the one that all have in common.
    Raises UsageError in `open` where there is nothing to read.
    """

    Options = ImagesOptions

    def open(self, context: Context) -> None:
        """List the pictures."""
        super().open(context)
        named = [self.options.path] if isinstance(self.options.path, str) else self.options.path
        self._paths = [path for name in named for path in listed(name, context)]
        shown = named[0] if len(named) == 1 else f"{len(named)} paths"
        single = self._paths[0] if len(self._paths) == 1 else None
        self._names = told(self._paths)
        self._only = image = None if single is None else self._the_only(single)
        self.stream = StreamInfo(
            name=Path(shown).name or shown,
            uri=shown,
            width=None if image is None else image.shape[1],
            height=None if image is None else image.shape[0],
            duration=len(self._paths) * self._interval,
            frames=len(self._paths),
            rate=1 / self.options.interval,
            size=sum(path.stat().st_size for path in self._paths),
            path=str(single) if single else None,
        )

    def frames(self) -> Iterator[Packet]:
        """One packet a picture."""
        index = 0
        for number, path in enumerate(self._paths):
            if self.context.stop.is_set():
                return
            image = read_image(path) if self._only is None else self._only
            if image is None:
                self._leave_out(path)
                continue
            time = number * self._interval
            yield Packet(Frame(image, time, index, self.context.name, picture=self._names[number]))
            index += 1

    @property
    def _interval(self) -> int:
        return max(1, round(self.options.interval * MICROSECONDS))

    def _the_only(self, path: Path) -> Image:
        image = read_image(path)
        if image is None:
            raise UsageError(unreadable(path))
        return image

    def _leave_out(self, path: Path) -> None:
        if self.options.unreadable == "fail":
            raise UsageError(unreadable(path))
        self.context.count("unreadable")
        self.context.log.warning("%s is not a picture that can be read; it is left out", path)


def unreadable(path: Path) -> str:
    """What to tell the user of a broken picture."""
    return f"{path} is not a picture that can be read; it may be cut short or of another kind"


def natural(path: Path) -> list[tuple[int, str]]:
    """A sort key by which numbers in names count as numbers."""
    parts = re.findall(r"\d+|\D+", str(path).casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def listed(name: str, context: Context) -> list[Path]:
    """The pictures that `name` stands for, in natural order.

    Raises UsageError where there are none, or one may not be read.
    """
    if "://" in name:
        raise UsageError(f"{name} is an address, not a picture; download it first")
    path = context.input(name)
    if path.is_dir():
        found = [p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file()]
        missing = f"{path} holds no pictures; give a glob such as '{path}/**/*.jpg' for those further down"
    elif path.exists():
        if not path.is_file():
            raise UsageError(f"{path} is a pipe or device, not a picture; give a file")
        found, missing = [path], ""
    elif glob.has_magic(name):
        found = [Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file()]  # noqa: PTH207 -- absolute patterns too
        missing = f"nothing fits {path}; check the pattern (it is relative to {Path.cwd()})"
    else:
        raise UsageError(f"{path} is not there; check the path (it is relative to {Path.cwd()})")
    if not found:
        raise UsageError(missing)
    for picture in found:
        refuse_closed(picture)
    return sorted(found, key=natural)


def told(paths: list[Path]) -> list[str]:
    """A name for each of `paths`, with its folders below the one that all have in common.

    Control characters, which break lines and tables, and bytes that are no UTF-8 are written as escapes.
    """
    whole = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 -- without ".."; links stay
    try:
        folder = Path(os.path.commonpath([path.parent for path in whole]))
        names = [path.relative_to(folder).as_posix() for path in whole]
    except ValueError:  # they are on several drives
        names = [path.name for path in paths]
    plain = [_CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), name) for name in names]
    return [name.encode(errors="backslashreplace").decode() for name in plain]


def refuse_closed(path: Path) -> None:
    """Raise UsageError where `path` may not be read."""
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}; check its permissions") from None


def read_image(path: Path) -> Image | None:
    """The picture in `path` as (H, W, 3) uint8 BGR, upright; None where it cannot be read.

    Alpha is left out, 16 bits and floats are scaled to 8.
    """
    try:
        data = np.fromfile(path, np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH) if data.size else None
    except (OSError, cv2.error):
        return None
    return None if image is None else to_eight_bits(image)


def to_eight_bits(image: npt.NDArray[Any]) -> Image:
    """`image` with its range brought to 0 to 255; floats are taken as 0 to 1."""
    if image.dtype == np.uint8:
        return image
    scaled = image / 257 if image.dtype == np.uint16 else np.nan_to_num(image) * 255
    eight: Image = np.clip(scaled.round(), 0, 255).astype(np.uint8)
    return eight
