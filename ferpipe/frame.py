"""One picture of a source, and what a source knows of its stream."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from ferpipe.arrays import freeze, read_only
from ferpipe.planes import Planes, pooled

__all__ = ["MICROSECONDS", "Box", "Frame", "Image", "StreamInfo"]

Image = npt.NDArray[np.uint8]
"""A picture: (H, W, 3) BGR, or (H, W) grey where that is said."""

MICROSECONDS = 1_000_000
"""Ticks of stream time a second."""

_GREY = np.array([0.114, 0.587, 0.299], np.float32)
"""What blue, green and red add to the brightness (ITU-R BT.601)."""

_POOL = 3
"""Pixels a side that stand for a cell of a mosaic."""


class Box(NamedTuple):
    """An axis-aligned rectangle in pixels of the frame: left, top, width, height."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a source knows about its stream before the first frame.

    `uri` has its credentials removed.  `duration` is in microseconds.  `frames` and `rate`
    (frames a second) are what the container claims: for show, never for arithmetic on time.
    `path` is the local file, where there is one (the video sink copies its sound from it).
    `start` and `end` are the requested part of it, in microseconds of stream time; an
    `end` of None is that of the stream.  `created` is when stream time 0 was by the container's
    clock, in microseconds since 1970 (UTC), and `timecode` that of the first frame (SMPTE 12M).
    """

    name: str
    uri: str
    live: bool = False
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    frames: int | None = None
    rate: float | None = None
    size: int | None = None
    path: str | None = None
    start: int = 0
    end: int | None = None
    created: int | None = None
    timecode: str | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if isinstance(value := getattr(self, name), np.integer):  # as for a frame's time
                object.__setattr__(self, name, int(value))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    image: (H, W, 3) uint8, BGR; a read-only view of what was given, which nobody may change later.  Where
        the source provides planes, the image is made of them once, when it is first used; `shape`, `grey` and
        `mosaic` do without it, and cost less.
    time: microseconds of stream time, strictly increasing within a source.
    index: number of the frame in its source, from 0, as the source delivers them.
    source: name of the source stage.
    discontinuity: the stream was interrupted or cut just before this frame; trackers and
        smoothers start afresh.
    captured: `time.monotonic()` when a live frame arrived, else None.
    picture: name of the file, where each frame is a file of its own, else None.
    planes: the picture as the decoder returned it, None if the source provides an image.
    """

    image: Image = field(repr=False)
    time: int
    index: int
    source: str
    discontinuity: bool = False
    captured: float | None = None
    picture: str | None = None
    planes: Planes | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.image, Planes):
            object.__setattr__(self, "planes", self.image)
            object.__delattr__(self, "image")
        elif self.image.flags.writeable:
            object.__setattr__(self, "image", read_only(self.image))
        if isinstance(self.time, np.integer):  # JSON takes Python's own numbers only
            object.__setattr__(self, "time", int(self.time))

    if not TYPE_CHECKING:  # it would let any name pass

        def __getattr__(self, name: str) -> Any:
            # Only what has no value yet comes here: every later use of the image costs nothing.
            if name != "image" or self.planes is None:
                raise AttributeError(f"'Frame' object has no attribute {name!r}")
            image = self.planes.image()
            object.__setattr__(self, "image", image)
            return image

    @classmethod
    def of(cls, shown: Image | Planes, /, time: int, index: int, source: str, **more: Any) -> Frame:
        """A frame of an image, or of planes of which the image is made when it is used.

        more: the other fields, by name.
        """
        return cls(cast("Image", shown), time, index, source, **more)

    @property
    def seconds(self) -> float:
        """Stream time in seconds."""
        return self.time / MICROSECONDS

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 3), the shape of `image`."""
        planes = self.planes
        return cast("tuple[int, int, int]", self.image.shape) if planes is None else planes.shape

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the picture takes, at the most."""
        return self.image.nbytes if self.planes is None else self.planes.nbytes

    def grey(self, x: int, y: int, width: int, height: int) -> Image:
        """A part of the picture in grey, (height, width) uint8, read-only.

        x, y: its top left corner.  Raises ValueError where the part is not within the picture.
        """
        rows, columns, _ = self.shape
        if x < 0 or y < 0 or width < 1 or height < 1 or x + width > columns or y + height > rows:
            raise ValueError(f"the part ({x}, {y}, {width}, {height}) is not within {columns}x{rows} pixels")
        if self.planes is not None:
            return self.planes.grey(x, y, width, height)
        part = self.image[y : y + height, x : x + width].astype(np.float32)
        return freeze(np.rint(part @ _GREY).astype(np.uint8))

    def mosaic(self, box: Box, columns: int, rows: int) -> npt.NDArray[np.float32]:
        """The mean colours of a grid of cells that fills `box`: (rows, columns, 3) float32, BGR.

        Nine evenly spaced pixels stand for each cell, so the cost does not depend on the size.  Beyond the
        picture its border is repeated.
        """
        height, width, _ = self.shape
        across = box.x + box.w * (np.arange(columns * _POOL) + 0.5) / (columns * _POOL)
        down = box.y + box.h * (np.arange(rows * _POOL) + 0.5) / (rows * _POOL)
        x, y = np.clip(across, 0, width - 1).astype(np.intp), np.clip(down, 0, height - 1).astype(np.intp)
        planes = self.planes
        return pooled(self.image, y, x) * np.float32(1 / 9) if planes is None else planes.cells(y, x)

    def replace(self, **changes: Any) -> Frame:
        """A copy with some fields changed; unlike `dataclasses.replace`, it does not need the image."""
        if self.planes is None or "image" in changes:
            return dataclasses.replace(self, **changes)
        kept = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)[1:] if each.init}
        return type(self).of(self.planes, **kept | changes)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles have the image: planes refer to memory of the decoder."""
        values = (getattr(self, each.name) for each in dataclasses.fields(self) if each.init)
        return type(self), tuple(values)
