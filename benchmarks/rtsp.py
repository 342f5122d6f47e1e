"""How soon a broken stream is noticed, how soon it is back, and how soon Ctrl-C ends a run.

    python benchmarks/rtsp.py [ROUNDS]

Against the RTSP server of aio-rtsp-toolkit (in the `dev` extra), a process that is killed, started and
stopped.  Prints, in milliseconds over ROUNDS (10 left out): from the server's answering again to the first
frame; from the last frame before a SIGSTOP to the notice, over the stall time-out of 2 s; from SIGINT
to the end of `ferpipe run`, in each state that a live source can be in.
"""

from __future__ import annotations

import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg

from ferpipe.testing import TestContext
from ferpipe_sources.rtsp import RtspOptions, RtspSource

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.live import LiveRun
from support.rtsp import Server, free_port

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
STALL = 2.0


def film(folder: Path) -> None:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=640x360:r=25:d=20",
    ]
    coding = ["-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "25", "-bf", "0"]
    subprocess.run([*command, *coding, str(folder / "a.mp4")], check=True)


class Watched:
    """A source that is read in a thread, which notes when frames came and when it stalled."""

    def __init__(self, url: str, folder: Path) -> None:
        self.context = TestContext(folder, name="cam", live=True)
        self.source = RtspSource(RtspOptions(url=url, stall_timeout=STALL))
        self.last = 0.0
        self.returned = threading.Event()
        self.back = self.noticed = self.before = 0.0
        plain = self.context.alive

        def alive(state: str | None = None) -> None:
            if state == "stalled":
                self.noticed = time.monotonic() - self.last
            plain(state)

        self.context.alive = alive  # type: ignore[method-assign]
        self.source.open(self.context)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self) -> None:
        for packet in self.source.frames():
            self.last = time.monotonic()
            if packet.frame.discontinuity:
                self.back = self.last
                self.returned.set()

    def until_live(self) -> None:
        while time.monotonic() - self.last > 0.2:
            time.sleep(0.02)

    def close(self) -> None:
        self.context.stop.set()
        self.source.interrupt()
        self.source.close()


def kill_and_back(server: Server, seen: Watched) -> float:
    seen.until_live()
    seen.returned.clear()
    server.kill()
    time.sleep(3)
    server.start()
    returned = time.monotonic()
    assert seen.returned.wait(30)
    return seen.back - returned


def hang(server: Server, seen: Watched) -> float:
    seen.until_live()
    seen.returned.clear()
    seen.noticed = 0.0
    server.hang()
    while not seen.noticed:
        time.sleep(0.02)
    server.go_on()
    assert seen.returned.wait(30)
    return seen.noticed - STALL


def show(what: str, seconds: list[float]) -> None:
    ordered = sorted(1e3 * one for one in seconds)
    print(f"{what:32}  median {statistics.median(ordered):6.0f}  longest {ordered[-1]:6.0f}", flush=True)


def ends(url: str, ready: Callable[[LiveRun], object]) -> float:
    """Seconds from SIGINT to the end of a run that was waited for by `ready`."""
    with tempfile.TemporaryDirectory() as folder:
        run = LiveRun(Path(folder), url)
        try:
            ready(run)
            seconds = run.interrupt()
            assert run.process.returncode == 130, run.log
        finally:
            run.kill()
    return seconds


def ctrl_c(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        hole.settimeout(30)
        url = f"rtsp://127.0.0.1:{hole.getsockname()[1]}/x"
        show("Ctrl-C, connecting", [ends(url, lambda _: hole.accept()) for _ in range(ROUNDS)])
    show("Ctrl-C, live", [ends(server.url(), LiveRun.until_frames) for _ in range(ROUNDS)])

    def hung(run: LiveRun) -> None:
        run.until_frames()
        server.hang()

    def stalled(run: LiveRun) -> None:
        hung(run)
        run.until_said("sent no frame")

    for what, ready in (("hanging, not noticed", hung), ("stalled", stalled)):
        times = []
        for _ in range(ROUNDS):
            times.append(ends(server.url(), ready))
            server.go_on()
        show(f"Ctrl-C, {what}", times)
    refused = f"rtsp://127.0.0.1:{free_port()}/x"
    waiting = [ends(refused, lambda run: run.until_said("reconnecting")) for _ in range(ROUNDS)]
    show("Ctrl-C, waiting", waiting)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film(folder)
        server = Server(folder).start()
        seen = Watched(server.url(), folder)
        show("first frame after its return", [kill_and_back(server, seen) for _ in range(ROUNDS)])
        show("notice of a hang, over 2 s", [hang(server, seen) for _ in range(ROUNDS)])
        seen.close()
        ctrl_c(server)
        server.kill()


if __name__ == "__main__":
    main()
