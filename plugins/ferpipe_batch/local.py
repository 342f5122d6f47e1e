"""Videos on this machine: the warm process, its children, and the limits that each is held to."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ferpipe import RunError
from ferpipe_batch.job import Job, Limits, Outcome
from ferpipe_batch.memory import memory_of
from ferpipe_batch.template import Recipe

__all__ = ["Local"]

TICK = 0.2
"""Seconds between two looks at the memory and the clock of each video."""

OPENING = 120.0
"""Seconds that a process may take to import and check everything."""

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(slots=True)
class _Under:
    """A video under way; result: what its process has said, before it has ended."""

    job: Job
    log: Path
    began: float
    moved: float
    pid: int | None = None
    frames: int = -1
    verdict: str | None = None
    result: dict[str, Any] = field(default_factory=dict)


class Local:
    """Runs up to `capacity` videos at once, each in a process of its own.

    keep: descriptors that all processes hold, such as that of the lock of the batch, which is then
    free only when the last of them has ended.  protocols: of the addresses that are read and written.
    """

    def __init__(
        self,
        recipe: Recipe,
        capacity: int,
        limits: Limits,
        *,
        fresh: bool = False,
        keep: Sequence[int] = (),
        protocols: Sequence[str] = (),
    ) -> None:
        self.capacity = capacity
        self._recipe, self._limits, self._fresh, self._keep = recipe, limits, fresh, tuple(keep)
        self._protocols = list(protocols)
        self._under: dict[int, _Under] = {}
        self._logs = TemporaryDirectory(prefix="ferpipe-batch-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._events = -1
        self._rest = b""
        self.forks = False
        self._begin()

    @property
    def frames(self) -> int:
        """Frames of the videos under way."""
        return sum(max(0, each.frames) for each in self._under.values())

    @property
    def running(self) -> list[Job]:
        """The videos under way."""
        return [each.job for each in self._under.values()]

    def start(self, job: Job) -> None:
        """Begin a video."""
        now = time.monotonic()
        log = Path(self._logs.name) / f"{job.id}.log"
        self._under[job.id] = _Under(job, log, now, now)
        self._send({"job": job.to_dict(), "log": str(log)})

    def wait(self, seconds: float) -> list[Outcome]:
        """The videos that have ended, after `seconds` at the latest."""
        until = time.monotonic() + seconds
        ended: list[Outcome] = []
        while not ended:
            left = until - time.monotonic()
            ended += self._read(max(0.0, min(left, TICK)))
            self._enforce()
            if left <= 0:
                break
        return ended

    def stop(self) -> None:
        """End everything that is under way, at once."""
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            os.close(self._events)
            self._process = None
        self._logs.cleanup()

    def _begin(self) -> None:
        read, write = os.pipe()
        # Without a terminal's Ctrl-C: the supervisor ends what is to be ended.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ferpipe_batch.keeper", str(write)],
            stdin=subprocess.PIPE,
            pass_fds=[write, *self._keep],
            start_new_session=True,
            cwd=self._recipe.folder if Path(self._recipe.folder or "-").is_dir() else None,
            env={**ONE_THREAD, **os.environ},
        )
        os.close(write)
        self._events, self._rest = read, b""
        self._send({"recipe": self._recipe.to_dict(), "fresh": self._fresh, "protocols": self._protocols})
        until = time.monotonic() + OPENING
        while time.monotonic() < until:
            for record in self._records(TICK):
                if record["event"] == "ready":
                    self.forks = record["forks"]
                    return
            if self._process.poll() is not None:
                break
        self.stop()
        raise RunError("the process for the videos has not started: run the pipeline once with 'ferpipe run'")

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process is not None  # noqa: S101
        assert self._process.stdin is not None  # noqa: S101
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it was killed, which `_read` finds out

    def _records(self, seconds: float) -> list[dict[str, Any]]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._events, selectors.EVENT_READ)
            if not selector.select(seconds):
                return []
        data = os.read(self._events, 1 << 16)
        if not data:
            return [{"event": "gone"}]
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def _read(self, seconds: float) -> list[Outcome]:
        ended: list[Outcome] = []
        records = self._records(seconds)
        if not records and self._process is not None and self._process.poll() is not None:
            return self._lost()
        for record in records:
            if record["event"] == "gone":
                return ended + self._lost()
            under = self._under.get(record["id"])
            if under is None:
                continue
            if record["event"] == "started":
                under.pid = record["pid"]
            elif record["event"] == "beat":
                if record["frames"] > under.frames:
                    under.frames, under.moved = record["frames"], time.monotonic()
            elif record["event"] == "result":
                under.result = record
            elif record["event"] == "exit":
                ended.append(self._ended(under, record["code"], record["peak"]))
        return ended

    def _ended(self, under: _Under, code: int, peak: int) -> Outcome:
        del self._under[under.job.id]
        _clear(under.job)
        seconds = time.monotonic() - under.began
        log = _tail(under.log)
        said = {key: value for key, value in under.result.items() if key not in {"event", "id"}}
        if not said:
            cause, error = _verdict(under, code, self._limits)
            said = {"state": "failed", "cause": cause, "error": error, "frames": max(0, under.frames)}
        return Outcome(under.job.id, seconds=seconds, peak=peak, log=log, **said)

    def _lost(self) -> list[Outcome]:
        """The warm process was killed, and its children with it: none of them is at fault."""
        assert self._process is not None  # noqa: S101
        code = self._process.wait()
        os.close(self._events)
        ended = [
            Outcome(each.job.id, "failed", "killed", f"its parent process ended ({_signal(code)})")
            for each in self._under.values()
        ]
        for each in self._under.values():
            _clear(each.job)
        self._under.clear()
        self._begin()
        return ended

    def _enforce(self) -> None:
        now, limits = time.monotonic(), self._limits
        for under in self._under.values():
            if under.verdict is not None or under.result:
                continue
            if limits.seconds is not None and now - under.began > limits.seconds:
                under.verdict = "time limit"
            elif limits.stall is not None and now - under.moved > limits.stall + (
                OPENING if under.frames < 0 else 0
            ):
                under.verdict = "stalled"
            elif limits.memory is not None and under.pid is not None and memory_of(under.pid) > limits.memory:
                under.verdict = "memory limit"
            if under.verdict is not None:
                self._send({"kill": under.job.id})


def _clear(job: Job) -> None:
    """Remove the copies of a video whose process could not."""
    if job.scratch is not None:
        shutil.rmtree(Path(job.scratch) / str(job.id), ignore_errors=True)


def _verdict(under: _Under, code: int, limits: Limits) -> tuple[str, str]:
    if under.verdict == "time limit":
        return under.verdict, f"took longer than {limits.seconds:g} s (--time-limit)"
    if under.verdict == "stalled":
        return under.verdict, f"no frame for {limits.stall:g} s (--stall-limit)"
    if under.verdict == "memory limit":
        return (
            under.verdict,
            f"needed more than {(limits.memory or 0) / 1e6:.0f} MB of memory (--memory-limit)",
        )
    if code == -9:
        return "killed", "killed by SIGKILL, by hand or by the system's want of memory"
    if code == -15:
        return "killed", "ended by SIGTERM"
    return "crash", f"the process crashed ({_signal(code)})"


def _signal(code: int) -> str:
    import signal

    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        return f"signal {-code}"


def _tail(path: Path) -> str:
    try:
        data = path.read_bytes()[-8000:]
        path.unlink()
    except OSError:
        return ""
    return data.decode(errors="replace")
