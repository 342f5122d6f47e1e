"""Pictures as a stream: a still, a folder, a glob, or a list of them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Literal

from pydantic import Field

from ferpipe import Context, Frame, Options, Packet, Source, StreamInfo, UsageError
from ferpipe.packet import MICROSECONDS
from ferpipe_sources._stills import MissingReaderError, Shown, may_be_several, pictures_in, read_image

__all__ = ["ImagesOptions", "ImagesSource", "natural", "read_image"]

SUFFIXES = (
    *(".avif", ".bmp", ".dib", ".exr", ".gif", ".hdr", ".heic", ".heif", ".hif", ".jp2", ".jpe", ".jpeg"),
    *(".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)

NAMED = 3
"""Number of skipped files that one line names."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class ImagesOptions(Options):
    """Which pictures, and how far apart they stand in time."""

    path: str | list[str] = Field(
        min_length=1, description="An image, a folder, a glob such as 'faces/**/*.jpg', or a list of them."
    )
    interval: float = Field(
        1.0, ge=1e-6, description="Seconds from one image to the next, since images carry no time."
    )
    unreadable: Literal["skip", "fail"] = Field(
        "skip", description="What happens with a damaged image: skip and count it, or end the run."
    )


class ImagesSource(Source[ImagesOptions]):
    """Gives pictures in natural order (`2.png` before `10.png`), one every `interval` seconds.

    Any size, depth and number of channels becomes (H, W, 3) uint8 BGR, upright by its EXIF tag.
    An animation (GIF, WebP, PNG, AVIF) gives all its frames, each as long as the file says, and a TIFF
    all its pages.  HEIC needs the extra `heic`.  A picture keeps its time if another one is skipped.
    Counts `unreadable`.  Files of a folder that are no pictures are named in the log.
    Each frame bears the picture's name, with its folders below the one that all have in common.
    Raises UsageError in `open` where there is nothing to read, and at the end where nothing could be read.
    """

    Options = ImagesOptions

    def open(self, context: Context) -> None:
        """List the pictures."""
        super().open(context)
        named = [self.options.path] if isinstance(self.options.path, str) else self.options.path
        self._paths = [path for name in named for path in listed(name, context)]
        folders = {path.parent for path in self._paths}
        several = str(folders.pop()) if len(folders) == 1 else f"{len(named)} paths"
        shown = named[0] if len(named) == 1 else several
        single = self._paths[0] if len(self._paths) == 1 else None
        self._names = distinct(self._paths)
        self._only: Iterator[Shown] | None = None
        first = None
        if single is not None:
            pictures = pictures_in(single)
            first = next(pictures, None)
            if first is None:
                raise UsageError(unreadable(single))
            self._only = chain([first], pictures)
        counted = not any(map(may_be_several, self._paths))
        self.stream = StreamInfo(
            name=Path(shown).name or shown,
            uri=shown,
            width=None if first is None else first[0].shape[1],
            height=None if first is None else first[0].shape[0],
            duration=len(self._paths) * self._interval if counted else None,
            frames=len(self._paths) if counted else None,
            rate=1 / self.options.interval,
            size=sum(path.stat().st_size for path in self._paths),
            path=str(single) if single else None,
        )

    def frames(self) -> Iterator[Packet]:
        """One packet a picture, several for an animation."""
        index = time = 0
        for path, name in zip(self._paths, self._names, strict=True):
            begin = index
            for image, length in self._pictures(path):
                if self.context.stop.is_set():
                    return
                yield Packet(Frame(image, time, index, self.context.name, picture=name))
                index += 1
                time += self._interval if length is None else length
            if index == begin:
                time += self._interval
        if not index and not self.context.stop.is_set():
            raise UsageError(f"not one of the {len(self._paths)} pictures of {self.stream.uri} can be read")

    def close(self) -> None:
        """Let go of the pictures."""
        self._only = None

    @property
    def _interval(self) -> int:
        return max(1, round(self.options.interval * MICROSECONDS))

    def _pictures(self, path: Path) -> Iterator[Shown]:
        if self._only is not None:
            yield from self._only
            return
        why, empty = unreadable(path), True
        try:
            for shown in pictures_in(path):
                empty = False
                yield shown
        except MissingReaderError as error:
            why = str(error)
        if empty:
            self._leave_out(why)

    def _leave_out(self, why: str) -> None:
        if self.options.unreadable == "fail":
            raise UsageError(why)
        self.context.count("unreadable")
        self.context.log.warning("%s; it is skipped", why)


def unreadable(path: Path) -> str:
    """The message about a broken picture."""
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
        files = [p for p in path.iterdir() if p.is_file() and not p.name.startswith(".")]
        found = [p for p in files if p.suffix.lower() in SUFFIXES]
        others = sorted((p for p in files if p not in set(found)), key=natural)
        missing = f"{path} holds no pictures"
        missing += f", but {some(others)}" if others else ""
        missing += f"; give a glob such as '{path}/**/*.jpg' for pictures further down"
        missing += f", or read videos with 'ferpipe timeline {path}'" if others else ""
        if found and others:
            context.log.warning("%s: skipped, since they are not pictures: %s", path, some(others))
    elif path.exists():
        if not path.is_file():
            raise UsageError(f"{path} is a pipe or device, not a picture; give a file")
        found, missing = [path], ""
    elif glob.has_magic(name):
        found = [Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file()]  # noqa: PTH207 -- absolute patterns too
        missing = f"nothing matches {path}; check the pattern (it is relative to {Path.cwd()})"
    else:
        raise UsageError(f"{path} is not there; check the path (it is relative to {Path.cwd()})")
    if not found:
        raise UsageError(missing)
    for picture in found:
        refuse_closed(picture)
        context.input(picture)  # so that no output replaces it
    return sorted(found, key=natural)


def some(paths: list[Path]) -> str:
    """The first names of `paths`, and how many more there are."""
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(path.name for path in paths[:NAMED]) + more


def distinct(paths: list[Path]) -> list[str]:
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
