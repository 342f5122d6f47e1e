"""Jobs on the disk: a folder with a manifest each, so that they outlive the server."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ferpipe_web.ids import is_id

__all__ = ["FILES", "Job", "Store", "now"]

Job = dict[str, Any]
"""A manifest: what clients see of a job, and `upload`, `kind`, `video` and `tries`, which they do not."""
FILES = ("report.html", "timeline.json", "video.mp4")
_MANIFEST = "job.json"
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
        """Store a manifest; a kill leaves the old or the new one."""
        path = self.folder(job["id"]) / _MANIFEST
        changed = path.with_suffix(".tmp")
        changed.write_text(json.dumps(job), encoding="utf-8")
        changed.replace(path)

    def remove(self, name: str) -> None:
        """Delete a job with its files."""
        shutil.rmtree(self.folder(name), ignore_errors=True)

    def tidy(self, job: Job) -> None:
        """Delete what a finished job does not need: the upload, and parts of outputs."""
        for path in self.folder(job["id"]).iterdir():
            if path.name not in (*FILES, _MANIFEST):
                path.unlink(missing_ok=True)

    def empty(self, job: Job) -> None:
        """Delete all files of a job but its manifest."""
        for path in self.folder(job["id"]).iterdir():
            if path.name != _MANIFEST:
                path.unlink(missing_ok=True)

    def load(self) -> list[Job]:
        """The jobs, oldest first; folders of uploads that were cut off are deleted."""
        jobs = []
        for folder in self._folders():
            try:
                job = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            except (OSError, ValueError):
                job = None
            if isinstance(job, dict) and job.get("id") == folder.name:
                jobs.append(job)
            else:
                shutil.rmtree(folder, ignore_errors=True)
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
            if (folder / name).is_file()
        ]
        return {"report": f"{base}/report.html", "files": files, "summary": job.get("summary", {})}

    def _folders(self) -> Iterator[Path]:
        if self._root.is_dir():
            yield from sorted(path for path in self._root.iterdir() if path.is_dir() and is_id(path.name))


def now() -> str:
    """The time as ISO 8601, in UTC."""
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
