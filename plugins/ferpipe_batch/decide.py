"""What has to be done: each video, as it is and as the manifest knows it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferpipe_batch.fingerprint import changes, digest
from ferpipe_batch.manifest import Entry
from ferpipe_batch.video import Identity, Video

__all__ = ["INTERRUPTIONS", "Decision", "Outputs", "Rules", "decide", "identity_of", "is_same"]

INTERRUPTIONS = 20
"""Times that a video may be under way when the whole batch is killed, before that is held against it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """do: whether the video is to be run; anew: whether earlier attempts no longer count.

    why: in a few words, for a line; state: of what is not run, `done` or `quarantined`.
    """

    do: bool
    why: str
    state: str = "waiting"
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the user has chosen.

    fingerprints: those that entries name; now: the present one.
    """

    attempts: int
    now: Mapping[str, Any]
    fingerprints: Mapping[str, Mapping[str, Any]]
    redo: bool = False
    retry: bool = False


def decide(identity: Identity, entry: Entry | None, rules: Rules, outputs: Outputs) -> Decision:
    """Whether a video is to be run, and why.

    outputs: the sizes of the files that there are, by name.
    """
    if entry is None:
        return Decision(do=True, why="new", anew=True)
    if rules.redo:
        return Decision(do=True, why="--redo", anew=True)
    if identity and entry.identity and not is_same(entry.identity, identity):
        return Decision(do=True, why="the input has changed", anew=True)
    before = rules.fingerprints.get(entry.pipeline)
    changed = None if before is None else changes(before, rules.now)
    if changed is not None:
        return Decision(do=True, why=changed, anew=True)
    if entry.state == "done":
        gone = next((name for name, size in entry.outputs.items() if outputs.size(name) != size), None)
        if gone is None:
            return Decision(do=False, why="done", state="done")
        return Decision(do=True, why=f"{gone} is missing or has changed", anew=True)
    if rules.retry:
        return Decision(do=True, why="--retry", anew=True)
    spent = entry.attempts >= rules.attempts or entry.cause == "refused" or entry.lost >= INTERRUPTIONS
    if spent and entry.state != "running":
        return Decision(do=False, why=entry.error or "", state="quarantined")
    if entry.lost + 1 >= INTERRUPTIONS:
        why = f"under way {entry.lost + 1} times when the batch was killed"
        return Decision(do=False, why=why, state="quarantined")
    return Decision(do=True, why="interrupted" if entry.state == "running" else "failed before")


def identity_of(video: Video, *, by_hash: bool) -> Identity:
    """What says that the input is the same; empty where it cannot be read."""
    if video.size is None:
        return {}
    identity: Identity = {"size": video.size}
    if video.mtime_ns is not None:
        identity["mtime_ns"] = video.mtime_ns
    if video.etag is not None:
        identity["etag"] = video.etag
    if by_hash and not video.is_remote:
        try:
            identity["sha256"] = digest(video.source)
        except OSError:
            return {}
    return identity


def is_same(before: Identity, now: Identity) -> bool:
    """Whether two identities are of the same content: by checksum where both have one."""
    for name in ("sha256", "etag"):
        if name in before and name in now:
            return before[name] == now[name]
    return before.get("size") == now.get("size") and before.get("mtime_ns") == now.get("mtime_ns")


class Outputs:
    """The sizes of the files in the output folder, each folder read once.

    known: the sizes by name, where the output folder is an address.
    """

    def __init__(self, out: Path, known: Mapping[str, int] | None = None) -> None:
        self._out, self._known = out, known
        self._folders: dict[str, dict[str, int]] = {}

    def size(self, name: str) -> int | None:
        """Bytes of the file, None where there is none."""
        if self._known is not None:
            return self._known.get(name)
        folder, _, own = name.rpartition("/")
        if folder not in self._folders:
            self._folders[folder] = _sizes(self._out / folder)
        return self._folders[folder].get(own)


def _sizes(folder: Path) -> dict[str, int]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    except OSError:
        return {}
