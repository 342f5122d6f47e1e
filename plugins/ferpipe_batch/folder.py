"""The folder of a batch: its manifest, its lock, its root and its plans."""

from __future__ import annotations

import fcntl
import json
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from ferpipe import UsageError
from ferpipe_batch.manifest import FOLDER
from ferpipe_batch.shards import Shard

__all__ = ["Folder"]

PATIENCE = 10.0
"""Seconds to wait for the processes of a batch that was just killed."""


class Folder:
    """The manifest's folder below `out`; shown: what messages call `out`.

    Raises UsageError where it cannot be made.
    """

    def __init__(self, out: Path, *, make: bool = True, shown: str = "") -> None:
        self.out = out
        self.shown = shown or str(out)
        self.path = out / FOLDER
        if make:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(
                    f"{out} cannot be written ({error.strerror}): choose another output folder"
                ) from error
        elif not self.path.is_dir():
            raise UsageError(f"{out} is not the output of 'ferpipe batch': there is no {FOLDER} in it")

    def lock(self, shard: Shard) -> int:
        """The descriptor of a lock that ends with its last holder.

        Raises UsageError where another batch has it, of the same shard and on this machine or a disk
        whose locks work over the network.
        """
        try:
            descriptor = os.open(self.path / f"{shard}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise self._unwritable(error) from error
        until = time.monotonic() + PATIENCE
        while not _locked(descriptor):
            if time.monotonic() > until:
                os.close(descriptor)
                raise UsageError(
                    f"another 'ferpipe batch' is at work in {self.shown}: wait for it, or stop it"
                )
            time.sleep(0.1)
        return descriptor

    def root(self) -> str | None:
        """The folder of inputs whose tree the outputs mirror, None before the first run."""
        try:
            return str(json.loads((self.path / "root.json").read_text(encoding="utf-8"))["root"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep_root(self, root: str) -> None:
        """Remember it."""
        self._write("root.json", json.dumps({"root": root}) + "\n")

    def keep_plan(self, shard: Shard, keys: Iterable[str]) -> None:
        """Remember the names of the videos of a shard, and that the others are of as many shards."""
        for path in self.path.glob("*.plan"):
            if not path.name.endswith(f"-of-{shard.count}.plan"):
                with suppress(OSError):
                    path.unlink()
        self._write(f"{shard}.plan", "".join(f"{json.dumps(key)}\n" for key in keys))

    def planned(self) -> set[str]:
        """The names of all videos, as far as their shards have begun."""
        found: set[str] = set()
        for path in self._plans():
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                with suppress(ValueError):  # of a damaged disk
                    found.update([key] if isinstance(key := json.loads(line), str) else [])
        return found

    def shards(self) -> tuple[int, int]:
        """How many shards have begun, and of how many."""
        names = [path.name.removesuffix(".plan") for path in self._plans()]
        return len(names), max((int(name.rpartition("-")[2]) for name in names), default=0)

    def keep_log(self, key: str, text: str) -> None:
        """Keep what the process of a failed video wrote."""
        name = key.replace("/", "__")[-200:] + ".log"
        with suppress(OSError):
            (self.path / "log").mkdir(exist_ok=True)
            (self.path / "log" / name).write_text(text, encoding="utf-8")

    def _write(self, name: str, text: str) -> None:
        """In one step: others may read meanwhile, and shards may write the same."""
        part = self.path / f"{name}.{uuid4().hex[:8]}.part"
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(self.path / name)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise self._unwritable(error) from error

    def _plans(self) -> list[Path]:
        found = self.path.glob("*.plan")
        return [path for path in found if re.fullmatch(r"\d+-of-\d+\.plan", path.name) and path.is_file()]

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self.shown} cannot be written ({error.strerror}): make room there, or choose another output "
            "folder"
        )

    def is_live(self) -> bool:
        """Whether a batch is at work here, as far as its locks say."""
        for path in self.path.glob("*.lock"):
            try:
                descriptor = os.open(path, os.O_RDWR)
            except OSError:  # of a disk that can only be read, or no file
                continue
            try:
                if not _locked(descriptor):
                    return True
            finally:
                os.close(descriptor)
        return False


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours; a disk without locks gives it to everyone."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
