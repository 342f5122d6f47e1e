"""The manifest: what became of each video, as journals with one writer each.

A journal is a file of JSON lines that one process appends to.  Nothing is ever changed in place and no
two processes write to one file, so that it survives network disks without working locks; a last line
that was cut off by a kill is left out.  See docs/decisions/0027.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from ferpipe import RunError, UsageError
from ferpipe_batch.video import Identity

__all__ = ["FOLDER", "Entry", "Journal", "State", "read", "replay"]

FOLDER = ".ferpipe-batch"
"""The folder of the manifest in the output folder."""

JOURNALS = "journal"
ENDING = ".jsonl"
STATES = frozenset({"done", "failed", "quarantined", "stopped"})

FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "head": {"id": str, "fingerprint": dict},
    "start": {"key": str, "stem": str, "identity": dict, "fingerprint": str, "time": (int, float)},
    "end": {"key": str, "state": str, "time": (int, float)},
}
"""What a record of each event must have."""

OPTIONAL: dict[str, type | tuple[type, ...]] = {
    "outputs": dict,
    "seconds": (int, float),
    "frames": int,
    "cause": (str, type(None)),
    "error": (str, type(None)),
}

SHORT = 200
"""Records after which a journal that is put somewhere whole is followed by a new one."""


@dataclass(slots=True)
class Entry:
    """What is known of one video.

    state: `running` after a start without an end, `done`, `failed`, or `quarantined`.
    attempts: those that ended badly by the video's own fault, since its input or the pipeline changed;
    lost: those of which the end is not known, because the batch was killed meanwhile.
    """

    key: str
    stem: str
    state: str = "running"
    attempts: int = 0
    lost: int = 0
    identity: Identity = field(default_factory=dict)
    pipeline: str = ""
    outputs: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    frames: int = 0
    time: float = 0.0
    cause: str | None = None
    error: str | None = None


class State:
    """The manifest as read: entries by key, and the fingerprints that they name."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.fingerprints: dict[str, dict[str, Any]] = {}

    def apply(self, record: dict[str, Any]) -> None:
        """Take a record; those of one video come in the order of their time."""
        kind = record.get("event")
        if kind == "head":
            self.fingerprints[record["id"]] = record["fingerprint"]
        elif kind == "start":
            self._start(record)
        elif kind == "end":
            self._end(record)

    def _start(self, record: dict[str, Any]) -> None:
        key = record["key"]
        before = self.entries.get(key)
        fresh = Entry(key, record["stem"], identity=record["identity"], pipeline=record["fingerprint"])
        fresh.time = record["time"]
        if before is not None and not record.get("anew"):
            fresh.attempts = before.attempts
            fresh.lost = before.lost + (before.state == "running")
        self.entries[key] = fresh

    def _end(self, record: dict[str, Any]) -> None:
        entry = self.entries.get(record["key"])
        if entry is None:
            return
        entry.state, entry.time = record["state"], record["time"]
        entry.seconds, entry.frames = record.get("seconds", 0.0), record.get("frames", 0)
        entry.outputs = record.get("outputs", {})
        entry.cause, entry.error = record.get("cause"), record.get("error")
        entry.attempts += bool(record.get("counts"))
        if entry.state == "stopped":  # in good order, which is no fault of anything
            entry.state = "failed"


class Journal:
    """The journal that this process writes.

    folder: of the manifest.  shard: what it works on, such as `1-of-4`, part of the name.
    put: called with the file after each record that must not be lost; a new file is then begun now and
    again, so that it stays short.
    Raises UsageError where it cannot be written.
    """

    def __init__(self, folder: Path, shard: str, put: Callable[[Path], None] | None = None) -> None:
        self._home, self._shard, self._put = folder / JOURNALS, shard, put
        self._open()

    def _open(self) -> None:
        host = socket.gethostname()[:40].replace(".", "-")
        name = f"{self._shard}.{time.time_ns():020d}.{host}.{uuid4().hex[:8]}{ENDING}"
        self.path = self._home / name
        self._kept = 0
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        except OSError as error:
            raise UsageError(
                f"{self.path.parent} cannot be written ({error.strerror}): choose another output folder"
            ) from error

    def append(self, record: dict[str, Any], *, sync: bool = False) -> None:
        """Write a record.  sync: also to the disk, and to a server of network disks.

        Raises RunError where the disk is full or gone; what is done and written down stays so.
        """
        try:
            self._append(record, sync=sync)
        except OSError as error:
            raise RunError(
                f"the manifest in {self._home.parent} cannot be written ({error.strerror or error}): "
                "make room, and run the same command to go on"
            ) from error

    def _append(self, record: dict[str, Any], *, sync: bool) -> None:
        data = json.dumps({**record, "time": round(time.time(), 3)}, ensure_ascii=False) + "\n"
        view = memoryview(data.encode("utf-8", "surrogateescape"))
        while view:
            view = view[os.write(self._file, view) :]
        if not sync:
            return
        os.fsync(self._file)
        if self._put is not None:
            self._put(self.path)
            self._kept += 1
            if self._kept >= SHORT:
                os.close(self._file)
                self._open()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read(folder: Path) -> State:
    """The state that all journals in `folder` give together."""
    return replay(_records(folder))


def replay(records: Iterable[dict[str, Any]]) -> State:
    """The state after `records`."""
    state = State()
    for record in records:
        state.apply(record)
    return state


def _records(folder: Path) -> Iterator[dict[str, Any]]:
    home = folder / JOURNALS
    if not home.is_dir():
        return
    # By the time of their start: a video is in one journal after the other, never in two at once.
    for path in sorted(home.glob(f"*{ENDING}"), key=lambda path: path.name.split(".")[1:2]):
        if path.is_dir():
            continue
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"cannot read {path} of the manifest ({error.strerror}): without it, what is done is unknown"
            ) from error
        yield from lines_of(data)


def lines_of(data: bytes) -> Iterator[dict[str, Any]]:
    """The records in a journal; what is no whole record, as after a kill or on a damaged disk, is left out:
    its video is done again.
    """
    for line in data.split(b"\n"):
        try:
            record = json.loads(line.decode("utf-8", "surrogateescape")) if line else None
        except ValueError:
            continue
        if isinstance(record, dict) and _is_whole(record):
            yield record


def _is_whole(record: dict[str, Any]) -> bool:
    event = record.get("event")
    needed = FIELDS.get(event) if isinstance(event, str) else None
    if needed is None or not all(isinstance(record.get(name), kind) for name, kind in needed.items()):
        return False
    if event == "end" and record["state"] not in STATES:
        return False
    return all(isinstance(record[name], kind) for name, kind in OPTIONAL.items() if name in record)
