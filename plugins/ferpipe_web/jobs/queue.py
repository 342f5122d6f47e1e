"""Does the jobs, one after the other, each in a process that may fail alone."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from ferpipe_web.errors import Refusal
from ferpipe_web.jobs.store import Job, Store, now
from ferpipe_web.process import Worker
from ferpipe_web.settings import Settings
from ferpipe_web.worker.channel import Message

__all__ = ["Jobs"]

_LOG = logging.getLogger("ferpipe.serve")
_TRIES = 2
"""Times that a job is begun; one during which the server died twice may be the reason."""
_OPEN = ("queued", "running")


class Jobs:
    """The jobs of a server.

    changed: called with an event, as JSON, for each change of a job.
    """

    def __init__(self, settings: Settings, changed: Callable[[str], None]) -> None:
        self._settings = settings
        self._changed = changed
        self.store = Store(settings.data / "jobs")
        self._jobs: dict[str, Job] = {}
        self._workers: dict[str, Worker] = {}
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self.finished: dict[str, int] = {"done": 0, "failed": 0, "cancelled": 0}
        self.uploads = 0

    def open(self) -> None:
        """Take up the jobs that an earlier server left."""
        for job in self.store.load():
            self._jobs[job["id"]] = job
            if job["state"] in _OPEN:
                self._take_up(job)
        self._tasks = [asyncio.create_task(self._work()) for _ in range(self._settings.parallel_jobs)]

    async def close(self) -> None:
        """End; a job under way is taken up by the next server."""
        for task in self._tasks:
            task.cancel()
        for worker in self._workers.values():
            worker.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def open_jobs(self) -> int:
        """Jobs that wait or run."""
        return sum(job["state"] in _OPEN for job in self._jobs.values())

    def admit(self) -> None:
        """Raise Refusal where no further upload is taken now."""
        limits = self._settings.limits
        if self.open_jobs + self.uploads >= limits.jobs:
            raise Refusal(429, f"{limits.jobs} jobs wait already; try again later", retry=60)
        if self.uploads >= limits.uploads:
            raise Refusal(429, f"{limits.uploads} uploads are under way; try again later", retry=20)

    def add(self, job: Job) -> dict[str, Any]:
        """Queue a job whose file is there.  Raises OSError where its manifest cannot be stored."""
        self.store.write(job)
        self._jobs[job["id"]] = job
        self._tell(job)
        self._waiting.put_nowait(job["id"])
        self._forget_oldest()
        return self.store.shown(job)

    def listed(self) -> list[dict[str, Any]]:
        """All jobs, the newest first."""
        return [self.store.shown(self._jobs[name]) for name in sorted(self._jobs, reverse=True)]

    def get(self, name: str) -> dict[str, Any]:
        """One job.  Raises Refusal where there is none."""
        return self.store.shown(self._known(name))

    def delete(self, name: str) -> dict[str, Any] | None:
        """Cancel a job that waits or runs, and give it; remove one that has ended.  Raises Refusal."""
        job = self._known(name)
        if job["state"] not in _OPEN:
            del self._jobs[name]
            self.store.remove(name)
            return None
        self._end(job, "cancelled", None)
        if (worker := self._workers.get(name)) is not None:
            worker.kill()
        self.store.empty(job)
        return self.store.shown(job)

    def _take_up(self, job: Job) -> None:
        upload = self.store.folder(job["id"]) / job["upload"]
        if not upload.is_file():
            self._end(job, "failed", "the server ended, and the file is gone: upload it again")
        elif job["tries"] >= _TRIES:
            self._end(job, "failed", "the server ended twice during this job")
            self.store.tidy(job)
        else:
            job.update(state="queued", step=None, progress=None, started=None)
            self._tell(job)
            self._waiting.put_nowait(job["id"])

    async def _work(self) -> None:
        while True:
            job = self._jobs.get(await self._waiting.get())
            if job is not None and job["state"] == "queued":
                await self._do(job)

    async def _do(self, job: Job) -> None:
        job.update(state="running", step="analysing", progress=0.0, started=now(), tries=job["tries"] + 1)
        self._tell(job)
        limits = self._settings.limits
        choice = self._settings.pipelines.get(job["pipeline"], self._settings.served)
        result: dict[str, Any] = {}
        worker = self._workers[job["id"]] = Worker(
            self._settings.scratch, lambda message: self._take(job, message, result)
        )
        config = {
            **choice.config,
            "role": "job",
            "folder": str(self.store.folder(job["id"])),
            "name": job["name"],
            "upload": job["upload"],
            "still": job["kind"] == "still",
            "video": job["video"],
            "limits": {"memory": limits.job_memory, "file": 4 * limits.upload},
        }
        try:
            await worker.start(config, pixels=limits.pixels)
            await asyncio.wait_for(worker.ended.wait(), limits.job_seconds)
        except asyncio.TimeoutError:
            result.setdefault("error", f"it took more than {limits.job_seconds / 3600:g} h")
        except OSError as error:
            result.setdefault("error", "its process could not be started: the server's log says why")
            _LOG.error("the process of a job could not be started: %s", error.strerror)
        finally:
            worker.kill()
            del self._workers[job["id"]]
        if job["state"] != "running":  # it was cancelled meanwhile
            self.store.empty(job)
            return
        if "summary" in result:
            job["summary"] = result["summary"]
            self.store.tidy(job)
            self._end(job, "done", None)
        else:
            self.store.empty(job)
            self._end(job, "failed", result.get("error", "its process ended: the file may need more memory"))

    def _take(self, job: Job, message: Message, result: dict[str, Any]) -> None:
        header = message.header
        if header["type"] == "progress" and job["state"] == "running":
            job.update(step=header["step"], progress=header["progress"])
            self._changed(json.dumps({"type": "job", "job": self.store.shown(job)}))
        elif header["type"] == "done":
            result["summary"] = header["summary"]
        elif header["type"] == "failed":
            result["error"] = header["error"]

    def _end(self, job: Job, state: str, error: str | None) -> None:
        progress = 1.0 if state == "done" else job["progress"]
        job.update(state=state, error=error, step=None, progress=progress, finished=now())
        self.finished[state] += 1
        self._tell(job)

    def _tell(self, job: Job) -> None:
        try:
            self.store.write(job)
        except OSError as error:  # the job goes on, and so do those behind it
            _LOG.error("the state of the job %s could not be stored: %s", job["id"], error.strerror)
        self._changed(json.dumps({"type": "job", "job": self.store.shown(job)}))

    def _known(self, name: str) -> Job:
        job = self._jobs.get(name)
        if job is None:
            raise Refusal(404, "there is no such job: see /api/jobs")
        return job

    def _forget_oldest(self) -> None:
        ended = sorted(name for name, job in self._jobs.items() if job["state"] not in _OPEN)
        for name in ended[: max(0, len(ended) - self._settings.limits.keep)]:
            del self._jobs[name]
            self.store.remove(name)
