"""The recordings on the disk: a folder each."""

from __future__ import annotations

import logging
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from typing import Any

from ferpipe_web.errors import Refusal
from ferpipe_web.ids import is_id
from ferpipe_web.manifests import is_plain, not_stored, read_manifest, write_manifest

__all__ = ["Recordings"]

_LOG = logging.getLogger("ferpipe.serve")
FILES = ("video.mp4", "timeline.json")
_SPARE = 256 * 1024**2
"""Bytes that a disk must have free for a recording to begin."""
_MANIFEST = "recording.json"
_STATES = ("recording", "done", "failed")


class Recordings:
    """Begins, ends and lists recordings below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._current: dict[str, Any] | None = None
        self._since = 0.0

    def begin(self) -> Path:
        """A folder for a new recording, which is the current one now.  Raises Refusal."""
        try:
            return self._begin()
        except OSError as error:
            self.abandon()
            raise not_stored(error) from None

    def _begin(self) -> Path:
        self._root.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._root).free < _SPARE:
            raise Refusal(507, "the disk of the server is full")
        now = datetime.now(timezone.utc)
        name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        folder = self._root / name
        folder.mkdir(parents=True)
        self._current = {"id": name, "state": "recording", "started": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
        self._current.update(seconds=0.0, error=None)
        self._since = monotonic()
        self._write(self._current)
        return folder

    def abandon(self) -> None:
        """The recording could not begin."""
        current, self._current = self._current, None
        if current is not None:
            shutil.rmtree(self._root / current["id"], ignore_errors=True)

    def current(self) -> dict[str, Any] | None:
        """The recording under way."""
        if self._current is None:
            return None
        return {**self._current, "seconds": round(monotonic() - self._since, 1), "files": []}

    def progress(self, frames: int | None) -> None:
        """The run has recorded so many frames; None where it records nothing."""
        if self._current is not None and frames is not None:
            self._current["frames"] = frames

    def end(self, error: str | None) -> None:
        """The current recording has ended; does nothing a second time."""
        current, self._current = self._current, None
        if current is None:
            return
        current["seconds"] = round(monotonic() - self._since, 1)
        if error is None and not self._is_complete(current):
            error = (
                "nothing was recorded" if not current.get("frames") else "it could not be finished in time"
            )
        current.update(state="done" if error is None else "failed", error=error)
        self._finish(current)

    def listed(self) -> list[dict[str, Any]]:
        """All of them, the newest first."""
        current = self.current()
        known = [self._shown(each) for each in self._read_all() if not current or each["id"] != current["id"]]
        return [*([current] if current else []), *sorted(known, key=lambda each: each["id"], reverse=True)]

    def get(self, name: str) -> dict[str, Any]:
        """One of them.  Raises Refusal where there is none."""
        found = next((each for each in self.listed() if each["id"] == name), None)
        if found is None:
            raise Refusal(404, "there is no such recording: see /api/recordings")
        return found

    def file(self, name: str, file: str) -> Path:
        """The path of a finished file.  Raises Refusal."""
        path = self._root / name / file
        if not is_id(name) or file not in FILES or not is_plain(path):
            raise Refusal(404, "there is no such file: see /api/recordings")
        return path

    def remove(self, name: str) -> None:
        """Delete a recording.  Raises Refusal where there is none, or it is under way."""
        if self.get(name)["state"] == "recording":
            raise Refusal(409, "the recording is under way: stop it first")
        shutil.rmtree(self._root / name, ignore_errors=True)

    def recover(self) -> None:
        """Mark what the server left unfinished when it was killed; parts that can be played are kept."""
        for each in list(self._read_all()):
            if each["state"] != "recording":
                continue
            complete = self._is_complete(each)  # the run finishes it by itself when its server is gone
            error = "the server ended during the recording; what is there can be played"
            each.update(state="done" if complete else "failed", error=None if complete else error)
            self._finish(each)

    def _finish(self, manifest: dict[str, Any]) -> None:
        try:
            self._keep_parts(manifest)
            self._write(manifest)
        except OSError as error:  # what the files hold can be played all the same
            _LOG.error("the state of a recording could not be stored: %s", error.strerror)

    def _is_complete(self, manifest: dict[str, Any]) -> bool:
        return all((self._root / manifest["id"] / name).is_file() for name in FILES)

    def _keep_parts(self, manifest: dict[str, Any]) -> None:
        """Give the parts of files that were not finished their names: they can be played and read."""
        for name in FILES:
            path = self._root / manifest["id"] / name
            part = path.with_name(f"{name}.part")
            if part.is_file() and not path.exists():
                part.rename(path)

    def _read_all(self) -> Iterator[dict[str, Any]]:
        for path in self._root.glob(f"*/{_MANIFEST}"):
            found = read_manifest(path)
            if found is not None and found.get("state") in _STATES:
                yield found

    def _shown(self, each: dict[str, Any]) -> dict[str, Any]:
        folder = self._root / each["id"]
        files = [
            {
                "name": name,
                "url": f"/api/recordings/{each['id']}/{name}",
                "size": (folder / name).stat().st_size,
            }
            for name in FILES
            if is_plain(folder / name)
        ]
        return {**each, "files": files}

    def _write(self, manifest: dict[str, Any]) -> None:
        write_manifest(self._root / manifest["id"] / _MANIFEST, manifest)
