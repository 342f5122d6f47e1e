"""The process that keeps the program warm, and starts a process for each video.

It has imported everything and checked the pipeline, and forks for each video: a copy costs milliseconds
instead of a second, and is as separate as any process.  A fork copies the calling thread alone, so it is
safe only while there is no other; where a library has started some, each video gets a fresh interpreter.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ferpipe_batch.child import run_child, send
from ferpipe_batch.remote import warm_up
from ferpipe_batch.template import Recipe, Template

__all__ = ["main"]

WARM = ("av", "cv2", "ai_edge_litert.interpreter")
"""Libraries that stages import when they open, none of which starts threads."""

PR_SET_PDEATHSIG = 1


class Keeper:
    """events: the pipe that the supervisor reads; recipe: of all videos; protocols: of their addresses."""

    def __init__(self, events: int, recipe: Recipe, protocols: Sequence[str], *, fresh: bool) -> None:
        self.events = events
        self.recipe = recipe
        self.template = Template(recipe)
        self.running: dict[int, int] = {}
        if not fresh:
            for name in WARM:
                with contextlib.suppress(ImportError):
                    import_module(name)
            warm_up(protocols)
        self.forks = not fresh and sys.platform == "linux" and _threads() == 1

    def serve(self) -> None:
        """Take requests from standard input until it ends, then end what is still running."""
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        gc.collect()
        gc.freeze()
        send(self.events, {"event": "ready", "forks": self.forks})
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(0, selectors.EVENT_READ)
            selector.register(wake, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if wake in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake, 4096)
                self.reap()
                if 0 in ready:
                    data = os.read(0, 1 << 16)
                    if not data:
                        break
                    *lines, rest = (rest + data).split(b"\n")
                    for line in lines:
                        self.handle(json.loads(line))
        for pid in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def handle(self, request: dict[str, Any]) -> None:
        """Start a video, or end one."""
        if "kill" in request:
            for pid, job in self.running.items():
                if job == request["kill"]:
                    os.kill(pid, signal.SIGKILL)
            return
        job = request["job"]
        pid = self.fork(job, request["log"]) if self.forks else self.spawn(job, request["log"])
        self.running[pid] = job["id"]
        send(self.events, {"event": "started", "id": job["id"], "pid": pid})

    def fork(self, job: dict[str, Any], log: str) -> int:
        """A copy of this process for one video."""
        pid = os.fork()
        if pid:
            return pid
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            dies_with_parent()
            _redirect(log)
            run_child(job, self.template, self.events)
            code = 0
        finally:
            os._exit(code)

    def spawn(self, job: dict[str, Any], log: str) -> int:
        """A fresh interpreter for one video."""
        about = json.dumps({"recipe": self.recipe.to_dict(), "job": job, "log": log})
        command = [sys.executable, "-m", "ferpipe_batch.keeper", str(self.events), about]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[self.events]).pid

    def reap(self) -> None:
        """Report the children that have ended."""
        while self.running:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            job = self.running.pop(pid, None)
            if job is not None:
                record = {"event": "exit", "id": job, "code": os.waitstatus_to_exitcode(status)}
                send(self.events, {**record, "peak": usage.ru_maxrss * 1024})


def main(arguments: list[str]) -> None:
    """`python -m ferpipe_batch.keeper EVENTS`, which is sent a recipe and jobs; or, with one job, a child."""
    events = int(arguments[0])
    dies_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor decides what an interrupt ends
    if len(arguments) > 1:
        about = json.loads(arguments[1])
        _redirect(about["log"])
        run_child(about["job"], Template(Recipe.of(about["recipe"])), events)
        os._exit(0)
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return
        line += byte
    about = json.loads(line)
    Keeper(events, Recipe.of(about["recipe"]), about["protocols"], fresh=about["fresh"]).serve()


def dies_with_parent() -> None:
    """Have the system end this process with its parent (Linux), which may be killed."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _redirect(log: str) -> None:
    """Standard error to the log of this video, standard output too: a library's words are no events."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    for each in (handle, null):
        os.close(each)


def _threads() -> int:
    """Threads of this process, those of native libraries included."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return threading.active_count() + 1


if __name__ == "__main__":
    main(sys.argv[1:])
