"""Run a batch: give out the videos, write down what becomes of each, and try again where that may help."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps
from typing import Any, Protocol

from ferpipe_batch.decide import Decision
from ferpipe_batch.folder import Folder
from ferpipe_batch.job import COUNTED, Job, Outcome
from ferpipe_batch.manifest import Journal, State
from ferpipe_batch.plan import Plan
from ferpipe_batch.video import Identity, Video

__all__ = ["Batch", "Runner", "Task", "id_of"]

LOOK = 0.5
"""Seconds between two updates of the progress."""


class Runner(Protocol):
    """What runs videos: processes of this machine, or a cluster."""

    @property
    def capacity(self) -> int:
        """Videos that it takes at once, now."""

    @property
    def running(self) -> list[Job]:
        """The videos under way."""

    @property
    def frames(self) -> int:
        """Frames of those, as far as is known."""

    def start(self, job: Job) -> None:
        """Begin a video."""

    def wait(self, seconds: float) -> list[Outcome]:
        """What has ended, after `seconds` at the latest."""

    def stop(self) -> None:
        """End what is under way, at once."""


@dataclass(slots=True)
class Task:
    """A video that is to be run.

    attempts: its own failures so far; tries: starts in this run; lost: those that ended from outside.
    """

    video: Video
    identity: Identity
    decision: Decision
    attempts: int = 0
    tries: int = 0
    lost: int = 0


@dataclass(slots=True)
class Counts:
    """What has become of the videos of a run."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    quarantined: int = 0
    frames: int = 0
    busy: float = 0.0
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 all done, 1 some failed, 42 some failed and running again would not change it."""
        return 1 if self.failed else 42 if self.quarantined else 0


class Batch:
    """One run over a plan.

    attempts: failures of its own that a video may have.  scratch: the folder for copies of addresses;
    bound: bytes that they may take together.  out: the output folder, where it is an address.
    """

    def __init__(
        self,
        folder: Folder,
        plan: Plan,
        state: State,
        journal: Journal,
        now: dict[str, Any],
        *,
        attempts: int,
        scratch: str | None = None,
        bound: int | None = None,
        out: str | None = None,
    ) -> None:
        self._folder, self._journal, self._attempts = folder, journal, attempts
        self._out, self._scratch = out or str(folder.out.absolute()), scratch
        self._bound = bound
        self._fingerprint = id_of(now)
        self.plan = plan
        self.counts = Counts()
        self.began = time.monotonic()
        self._tasks: dict[int, Task] = {}
        self._numbers = iter(range(1, 1 << 62))
        # Those that were under way when a batch was killed come last: if one of them is what brings the
        # machine down, all others are done before it does so again.
        self._queue = deque(sorted(self._first(state), key=lambda task: _interruptions(state, task)))
        journal.append(
            {
                "event": "head",
                "id": self._fingerprint,
                "fingerprint": now,
                "host": socket.gethostname(),
                "process": os.getpid(),
            }
        )

    @property
    def protocols(self) -> list[str]:
        """Of the addresses that are read and written."""
        names = [self._out, *(task.video.source for task in self._queue)]
        return sorted({name.partition("://")[0] for name in names if "://" in name})

    @property
    def waiting(self) -> int:
        """Videos that have not been started, or are to be tried again."""
        return len(self._queue)

    def run(self, runner: Runner, stopping: Callable[[], int], look: Callable[[Runner], None]) -> int:
        """Run to the end, or until a signal; the exit code.

        stopping: gives the number of the signal, 0 as long as there is none.
        """
        while (self._queue or runner.running) and not stopping():
            while self._queue and len(runner.running) < runner.capacity and self._fits() and not stopping():
                self._start(self._queue.popleft(), runner)
            for outcome in runner.wait(LOOK):
                self._ended(self._tasks.pop(outcome.id), outcome)
            look(runner)
        if signal := stopping():
            under_way = runner.running
            runner.stop()
            for job in under_way:
                self._journal.append({"event": "end", "key": job.key, "state": "stopped", "cause": "stopped"})
            return 128 + signal
        runner.stop()
        return self.counts.exit_code

    def _fits(self) -> bool:
        """Whether the next video's copy has room beside those under way; alone it always has."""
        copied = [task.video.size or 0 for task in self._tasks.values() if task.video.is_remote]
        coming = self._queue[0].video
        if self._bound is None or not copied or not coming.is_remote:
            return True
        return sum(copied) + (coming.size or 0) <= self._bound

    def _first(self, state: State) -> Iterator[Task]:
        for video, identity, decision in self.plan.rows:
            before = state.entries.get(video.key)
            if decision.do:
                attempts = 0 if decision.anew or before is None else before.attempts
                yield Task(video, identity, decision, attempts)
            elif decision.state == "done":
                self.counts.skipped += 1
            else:
                cause = (before.cause if before else None) or "interrupted"
                attempts = before.attempts if before else 0
                self._quarantine(video, cause, decision.why, attempts)

    def _start(self, task: Task, runner: Runner) -> None:
        number = next(self._numbers)
        task.tries += 1
        self._tasks[number] = task
        video = task.video
        self._journal.append(
            {
                "event": "start",
                "key": video.key,
                "stem": video.stem,
                "source": video.source,
                "identity": task.identity,
                "fingerprint": self._fingerprint,
                "why": task.decision.why,
                **({"anew": True} if task.decision.anew and task.tries == 1 else {}),
            }
        )
        runner.start(Job(number, video.key, video.source, video.stem, self._out, self._scratch))

    def _ended(self, task: Task, outcome: Outcome) -> None:
        video, counts = task.video, self.counts
        own = outcome.cause in COUNTED
        task.attempts += own
        task.lost += not own
        final = outcome.cause == "refused" or task.attempts >= self._attempts
        state = "done" if outcome.state == "done" else "quarantined" if final else "failed"
        record: dict[str, Any] = {"event": "end", "key": video.key, "state": state}
        record |= {"seconds": round(outcome.seconds, 3), "frames": outcome.frames, "peak": outcome.peak}
        if outcome.state == "done":
            self._journal.append({**record, "outputs": outcome.outputs}, sync=True)
            counts.done += 1
            counts.frames += outcome.frames
            counts.busy += outcome.seconds
            return
        more = {"cause": outcome.cause, "error": outcome.error, **({"counts": True} if own else {})}
        self._journal.append({**record, **more}, sync=True)
        self._folder.keep_log(video.key, outcome.log)
        if state == "quarantined":
            self._quarantine(video, outcome.cause or "error", outcome.error or "", task.attempts)
        elif outcome.cause == "missing" or task.lost >= self._attempts:
            counts.failed += 1
            counts.failures[video.key] = _failure(outcome.cause or "", outcome.error or "", task.attempts)
        else:
            self._queue.append(task)

    def _quarantine(self, video: Video, cause: str, why: str, attempts: int) -> None:
        self.counts.quarantined += 1
        self.counts.failures[video.key] = _failure(cause, why, attempts)


def _interruptions(state: State, task: Task) -> int:
    before = state.entries.get(task.video.key)
    return 0 if before is None or task.decision.anew else before.lost + (before.state == "running")


def _failure(cause: str, error: str, attempts: int) -> dict[str, Any]:
    return {"cause": cause, "error": error, "attempts": attempts}


def id_of(fingerprint: dict[str, Any]) -> str:
    """A short name for a fingerprint, by which records refer to it."""
    return sha256(dumps(fingerprint, sort_keys=True).encode()).hexdigest()[:16]
