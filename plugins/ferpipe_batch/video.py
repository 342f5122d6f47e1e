"""One input of a batch, and the identity by which it is recognised."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Identity", "Video"]

Identity = dict[str, int | str]
"""What says that an input is unchanged: `size` and `mtime_ns`, `sha256`, or the `etag` of a server."""


@dataclass(frozen=True, slots=True)
class Video:
    """One input.

    source: the absolute path, or an address.
    key: its name below the root of the batch, with `/`; unique in the batch.
    stem: the name of its outputs below the output folder, without their endings.
    size: bytes, None where it is not known without asking.  mtime_ns: of a file, when it was changed.
    etag: what a store gives each version of a file.
    """

    source: str
    key: str
    stem: str
    size: int | None = None
    mtime_ns: int | None = None
    etag: str | None = None

    @property
    def is_remote(self) -> bool:
        """Whether it has to be copied before it can be read."""
        return "://" in self.source
