"""How soon a broken stream is noticed, how soon it is back, and how soon Ctrl-C ends a run.

    python benchmarks/rtsp.py [ROUNDS]

Against the RTSP server of aio-rtsp-toolkit (in the `dev` extra), a process that is killed, started and
stopped.  Prints, in milliseconds over ROUNDS (10 left out): from the server's answering again to the first
frame; from the last frame before a SIGSTOP to the notice, over the stall time-out of 2 s; from SIGINT
to the end of `ferpipe run`, in each state that a live source can be in.
"""

from __future__ import annotations

import signal
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
from support.rtsp import Server, free_port

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
STALL = 2.0
PIPELINE = """
version: 1
stages:
  - use: rtsp
    with: {{url: "{url}", stall_timeout: 1.0, reconnect_delay: 30, reconnect_max_delay: 30, open_timeout: 30}}
  - blazeface
  - use: timeline
    with: {{path: out.jsonl}}
"""


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


def ends(folder: Path, url: str, ready: Callable[[Path], bool]) -> float:
    """Seconds from SIGINT to the end of a run that was `ready` by its folder."""
    (folder / "live.yaml").write_text(PIPELINE.format(url=url))
    for name in ("out.jsonl", "out.jsonl.part"):
        (folder / name).unlink(missing_ok=True)
    command = [sys.executable, "-m", "ferpipe", "run", "live.yaml"]
    with (folder / "log").open("w") as log:
        run = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    while not ready(folder):
        time.sleep(0.02)
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    assert run.wait(30) == 130
    return time.monotonic() - began


def is_live(folder: Path) -> bool:
    part = folder / "out.jsonl.part"
    return part.exists() and part.stat().st_size > 2000


def said(what: str) -> Callable[[Path], bool]:
    return lambda folder: what in (folder / "log").read_text()


def ctrl_c(server: Server, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hole:
        hole.settimeout(30)

        def asked(_: Path) -> bool:
            return bool(hole.accept())

        url = f"rtsp://127.0.0.1:{hole.getsockname()[1]}/x"
        show("Ctrl-C, connecting", [ends(folder, url, asked) for _ in range(ROUNDS)])
    show("Ctrl-C, live", [ends(folder, server.url(), is_live) for _ in range(ROUNDS)])

    def hung(folder: Path, sign: Callable[[Path], bool]) -> bool:
        if not is_live(folder):
            return False
        server.hang()
        while not sign(folder):
            time.sleep(0.02)
        return True

    for what, sign in (("hanging, not noticed", lambda _: True), ("stalled", said("sent no frame"))):
        times = []
        for _ in range(ROUNDS):
            times.append(ends(folder, server.url(), lambda folder, sign=sign: hung(folder, sign)))
            server.go_on()
        show(f"Ctrl-C, {what}", times)
    refused = f"rtsp://127.0.0.1:{free_port()}/x"
    show("Ctrl-C, waiting", [ends(folder, refused, said("connecting again")) for _ in range(ROUNDS)])


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film(folder)
        server = Server(folder).start()
        seen = Watched(server.url(), folder)
        show("first frame after its return", [kill_and_back(server, seen) for _ in range(ROUNDS)])
        show("notice of a hang, over 2 s", [hang(server, seen) for _ in range(ROUNDS)])
        seen.close()
        ctrl_c(server, folder)
        server.kill()


if __name__ == "__main__":
    main()
