"""Where a batch keeps its manifest and its copies, whether the outputs go to a disk or to an address."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ferpipe import UsageError
from ferpipe_batch.folder import Folder
from ferpipe_batch.mirror import Mirror
from ferpipe_batch.remote import READ_ONLY, is_address
from ferpipe_batch.shards import Shard
from ferpipe_batch.text import is_text

__all__ = ["Place", "place"]


@dataclass(frozen=True, slots=True)
class Place:
    """lock: the descriptor that all processes of the batch hold; out: the address of the outputs, None
    where they go to a disk; scratch: the folder for copies of videos and outputs.
    """

    folder: Folder
    mirror: Mirror | None
    lock: int
    out: str | None
    scratch: Path

    def sizes(self) -> dict[str, int] | None:
        """The sizes of the outputs at the address, None where there is none."""
        return None if self.mirror is None else self.mirror.sizes()


@contextmanager
def place(out: str, shard: Shard, scratch: Path | None) -> Iterator[Place]:
    """The place of a batch, locked.  Raises UsageError where it is another batch's or cannot be used."""
    base = (scratch or Path(tempfile.gettempdir())).absolute()
    mirror = None
    if is_address(out):
        if out.partition("://")[0] in READ_ONLY:
            raise UsageError(f"{out}: outputs cannot be put there: give a folder or a bucket")
        mirror = Mirror(out, base / f"ferpipe-batch-{os.getuid()}")
    elif not is_text(out):
        raise UsageError(f"{out}: the name of the output folder is not UTF-8: choose another")
    folder = Folder(Path(out) if mirror is None else mirror.out, shown=out)
    lock = folder.lock(shard)
    name = hashlib.sha256(str(folder.out.absolute()).encode()).hexdigest()[:16]
    copies = base / f"ferpipe-batch-{os.getuid()}" / f"{name}-{shard}"
    shutil.rmtree(copies, ignore_errors=True)  # of a batch that was killed
    try:
        if mirror is not None:
            mirror.pull()
        yield Place(folder, mirror, lock, None if mirror is None else out, copies)
        if mirror is not None:
            shutil.rmtree(mirror.out, ignore_errors=True)
    finally:
        os.close(lock)
        shutil.rmtree(copies, ignore_errors=True)
