"""Jobs on the disk: a folder with a manifest each, so that they outlive the server."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ferpipe_web.ids import is_id
from ferpipe_web.manifests import delete, is_plain, read_manifest, write_manifest

__all__ = ["FILES", "Job", "Store", "now"]

Job = dict[str, Any]
"""A manifest: what clients see of a job, and `upload`, `kind`, `video` and `tries`, which they do not."""
FILES = ("report.html", "timeline.json", "video.mp4")
_MANIFEST = "job.json"
_TEXT, _SOME_TEXT, _NUMBER = (str,), (str, type(None)), (int, float, type(None))
_FIELDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "name", "pipeline", "state", "created", "upload", "kind"), _TEXT),
    **dict.fromkeys(("step", "started", "finished", "error"), _SOME_TEXT),
    "progress": _NUMBER,
    "size": (int,),
    "tries": (int,),
    "video": (bool,),
}
_STATES = frozenset({"queued", "running", "done", "failed", "cancelled"})
_UPLOAD = re.compile(r"upload\.[a-z0-9]{1,8}")
_INNER = frozenset({"upload", "kind", "video", "tries", "summary"})


class Store:
    """The jobs below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, name: str) -> Path:
        """The folder of a job; it need not be there."""
        if not is_id(name):
            raise ValueError(name)
        return self._root / name

    def begin(self) -> tuple[str, Path]:
        """The name and the new folder of an upload, which is a job once it has a manifest."""
        name = f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}-{secrets.token_hex(8)}"
        folder = self.folder(name)
        folder.mkdir(parents=True)
        return name, folder

    def write(self, job: Job) -> None:
        """Store a manifest; a kill leaves the old or the new one.  Raises OSError."""
        write_manifest(self.folder(job["id"]) / _MANIFEST, job)

    def remove(self, name: str) -> None:
        """Delete a job with its files."""
        delete(self.folder(name))

    def tidy(self, job: Job) -> None:
        """Delete what a finished job does not need: the upload, and parts of outputs."""
        self._keep(job, (*FILES, _MANIFEST))

    def empty(self, job: Job) -> None:
        """Delete all files of a job but its manifest."""
        self._keep(job, (_MANIFEST,))

    def _keep(self, job: Job, names: tuple[str, ...]) -> None:
        folder = self.folder(job["id"])
        for path in list(folder.iterdir()) if folder.is_dir() else ():
            if path.name not in names:
                delete(path)

    def load(self) -> list[Job]:
        """The jobs, oldest first; folders of uploads that were cut off, or are damaged, are deleted."""
        jobs = []
        for folder in self._folders():
            job = read_manifest(folder / _MANIFEST)
            if job is not None and _is_whole(job):
                jobs.append(job)
            else:
                delete(folder)
        return jobs

    def shown(self, job: Job) -> dict[str, Any]:
        """A job as clients see it."""
        told = {key: value for key, value in job.items() if key not in _INNER}
        told["result"] = self._result(job) if job["state"] == "done" else None
        return told

    def _result(self, job: Job) -> dict[str, Any]:
        folder, base = self.folder(job["id"]), f"/api/jobs/{job['id']}"
        files = [
            {"name": name, "url": f"{base}/{name}", "size": (folder / name).stat().st_size}
            for name in FILES
            if is_plain(folder / name)
        ]
        return {"report": f"{base}/report.html", "files": files, "summary": job.get("summary", {})}

    def _folders(self) -> Iterator[Path]:
        if self._root.is_dir():
            yield from sorted(path for path in self._root.iterdir() if path.is_dir() and is_id(path.name))


def _is_whole(job: Job) -> bool:
    """Whether a manifest says all that the server relies on."""
    return (
        all(name in job and isinstance(job[name], kinds) for name, kinds in _FIELDS.items())
        and job["state"] in _STATES
        and _UPLOAD.fullmatch(job["upload"]) is not None
        and isinstance(job.get("summary", {}), dict)
    )


def now() -> str:
    """The time as ISO 8601, in UTC."""
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
