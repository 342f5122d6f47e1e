"""`ferpipe run` on a live stream in a process of its own, to be interrupted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PIPELINE = """
version: 1
stages:
  - use: rtsp
    with:
      url: "{url}"
      stall_timeout: {stall_timeout}
      open_timeout: 30
      reconnect_delay: 30
      reconnect_max_delay: 30
  - blazeface
  - use: timeline
    with: {{path: out.jsonl}}
"""


class LiveRun:
    """A run that finds faces in the stream at `url`, and writes `out.jsonl` and `stats.json` into `folder`.

    Whatever it waits for, it would wait 30 s, but for a stall.
    """

    def __init__(self, folder: Path, url: str, stall_timeout: float = 1.0) -> None:
        self.folder, self.timeline = folder, folder / "out.jsonl"
        (folder / "live.yaml").write_text(PIPELINE.format(url=url, stall_timeout=stall_timeout))
        command = [sys.executable, "-m", "ferpipe", "run", "live.yaml", "--stats", "stats.json"]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text()

    @property
    def state(self) -> str:
        """The state in which the source was at the end."""
        state: str = json.loads((self.folder / "stats.json").read_text())["stages"][0]["state"]
        return state

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for `condition`; AssertionError with the log after 60 s, or when the run ends before."""
        deadline = time.monotonic() + 60
        while not condition():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)

    def until_frames(self) -> None:
        """Wait until frames have come out at the end."""
        part = self.timeline.with_name("out.jsonl.part")
        self.until(lambda: part.exists() and part.stat().st_size > 2000)

    def until_said(self, words: str) -> None:
        """Wait until the log has these words."""
        self.until(lambda: words in self.log)

    def interrupt(self) -> float:
        """Seconds from Ctrl-C to the end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        return time.monotonic() - began

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
