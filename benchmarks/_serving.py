"""A server for `benchmarks/serve.py`, and what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
from typing_extensions import Self

ROOT = Path(__file__).parents[1]
SOURCE = '''
import time
import cv2
from ferpipe import Frame, Options, Packet, Source, StreamInfo, hookimpl, freeze


class ClockOptions(Options):
    path: str
    width: int
    height: int


class Clock(Source[ClockOptions]):
    """Gives the pictures of a film again and again, 25 a second, at the time of the machine's clock."""

    Options = ClockOptions
    live = True

    def open(self, context):
        super().open(context)
        film, self.pictures = cv2.VideoCapture(self.options.path), []
        while (got := film.read())[0]:
            self.pictures.append(freeze(cv2.resize(got[1], (self.options.width, self.options.height))))
        self.stream = StreamInfo(context.name, "clock", live=True)

    def frames(self):
        due, number = time.monotonic(), 0
        while not self.context.stop.wait(max(0.0, due - time.monotonic())):
            due, now = due + 0.04, time.monotonic()
            image = self.pictures[number % len(self.pictures)]
            yield Packet(Frame(image, int(now * 1e6), number, self.context.name, captured=now))
            number += 1


@hookimpl
def ferpipe_stages():
    return {"clock": Clock}
'''


class Server:
    """`ferpipe serve` in a process of its own; with a size, of the live source."""

    def __init__(self, folder: Path, size: str | None) -> None:
        self.arguments = ["--port", "0", "--data", str(folder / "data")]
        if size is not None:
            (folder / "clock.py").write_text(SOURCE)
            width, height = map(int, size.split("x"))
            source = {"path": str(ROOT / "samples" / "demo.mp4"), "width": width, "height": height}
            stages = [
                {"use": "clock", "with": source},
                "blazeface",
                "track",
                "align",
                "litert",
                "smooth",
                "overlay",
            ]
            # JSON is YAML.
            pipeline = {"version": 1, "plugins": ["clock.py"], "stages": stages}
            (folder / "clock.yaml").write_text(json.dumps(pipeline))
            self.arguments.insert(0, str(folder / "clock.yaml"))

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ferpipe", "serve", *self.arguments], stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        first = self.process.stderr.readline()
        self.address = first.partition(" at http://")[2].strip().rstrip("/")
        for _ in range(300):
            if self.answers():
                return self
            time.sleep(0.1)
        raise SystemExit(f"the server does not answer: {first}")

    def answers(self) -> bool:
        try:
            return httpx.get(f"http://{self.address}/readyz").is_success
        except httpx.HTTPError:
            return False

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)

    def live(self) -> dict[str, Any]:
        return httpx.get(f"http://{self.address}/api/live", timeout=30).json()

    def memory(self) -> float:
        """Megabytes that the server and its workers hold (PSS)."""
        return round(sum(map(pss, [self.process.pid, *self.children()])) / 1024, 1)

    def processor(self) -> tuple[float, float]:
        """Milliseconds of processor time that the server and its workers have taken."""
        own, children = self.process.pid, self.children()
        return milliseconds(own), sum(map(milliseconds, children))

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def milliseconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Meter:
    """Processor time for each of many things, in the server and in its workers."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.before = server.processor()

    def each(self, number: int) -> dict[str, float]:
        after = self.server.processor()
        own, workers = (round((b - a) / max(1, number), 2) for a, b in zip(self.before, after, strict=True))
        return {"server": own, "worker": workers}


def pss(pid: int | str) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition("\nPss:")[2].split()[0])
