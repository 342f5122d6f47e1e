"""The age of live frames behind a stage that is slower than the stream, over many minutes.

    python benchmarks/live.py [MINUTES] [--stage MS] [--busy] [--size WxH]

A camera in a process of its own sends 25 numbered pictures a second by RTSP (TCP).  A pipeline reads
them and works MS milliseconds on each (200 left out): it sleeps, or with --busy computes in Python.
The number in each picture says when it was sent, whatever waits where after that.  Prints a line a
minute: frames; milliseconds that the stage took, that frames were old when they left it since they
arrived, and since they were sent (FFmpeg gives a picture of RTSP when the next one begins, which is a
frame period later); frames older since arrival than two frame periods and what the stage took for
them, which is the bound; memory of the process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np

from ferpipe import Options, Packet, Pipeline, Stage

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.camera import Camera

RATE, PICTURES, BITS, CELL = 25, 250, 8, 24


class Work(Stage[Options]):
    """Takes its time."""

    needs = frozenset({"frame"})
    milliseconds = 200.0
    busy = False

    def process(self, packet: Packet) -> Packet:
        began = time.monotonic()
        if self.busy:
            while time.monotonic() - began < self.milliseconds / 1e3:
                pass
        else:
            time.sleep(self.milliseconds / 1e3)
        return packet.replace(took=time.monotonic() - began)


def film(path: Path, size: tuple[int, int]) -> None:
    """A video of noise, with each picture's number in binary cells along its top."""
    width, height = size
    chance = np.random.default_rng(0)
    coarse = [chance.integers(60, 187, (height // 4, width // 4, 3), np.uint8) for _ in range(5)]
    grounds = [cv2.resize(ground, size, interpolation=cv2.INTER_NEAREST) for ground in coarse]
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "28", "g": str(RATE), "bf": "0"}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(PICTURES):
            image = grounds[number // RATE % 5].copy()
            for bit in range(BITS):
                image[:CELL, bit * CELL : (bit + 1) * CELL] = 255 * (number >> bit & 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        container.mux(stream.encode(None))


def number_in(image: np.ndarray) -> int:
    cells = (image[CELL // 2, (bit * CELL) + CELL // 2].mean() > 127 for bit in range(BITS))
    return sum(int(cell) << bit for bit, cell in enumerate(cells))


def serve(path: Path, size: tuple[int, int], told: multiprocessing.connection.Connection) -> None:
    film(path, size)
    camera = Camera(path)
    told.send(camera.port)
    while not camera.began:
        time.sleep(0.01)
    told.send(camera.began)
    while told.poll(None):
        return


def resident() -> float:
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024


def age_of(packet: Packet, began: float) -> float:
    """Seconds since the picture was sent."""
    since = time.monotonic() - began
    length = PICTURES / RATE
    age = (since - number_in(packet.frame.image) / RATE) % length
    return age if age < length - 1 else age - length


class Minute:
    """The frames of one line."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        self.sent: list[float] = []
        self.took: list[float] = []

    def add(self, packet: Packet, began: float) -> None:
        captured = packet.frame.captured
        assert captured is not None
        self.arrived.append(time.monotonic() - captured)
        self.sent.append(age_of(packet, began))
        self.took.append(packet.data["took"])

    def line(self, name: str) -> str:
        over = sum(age > 2 / RATE + took for age, took in zip(self.arrived, self.took, strict=True))
        cells = [f"{name:>6}  {len(self.sent):6}"]
        for figures in (self.took, self.arrived, self.sent):
            ordered = sorted(1e3 * figure for figure in figures)
            chosen = (ordered[0], statistics.median(ordered), ordered[int(0.99 * len(ordered))], ordered[-1])
            cells.append("".join(f"{figure:6.0f}" for figure in chosen))
        return "   ".join([*cells, f"{over:6}  {resident():9.1f}"])


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("minutes", nargs="?", type=float, default=10)
    options.add_argument("--stage", type=float, default=200)
    options.add_argument("--busy", action="store_true")
    options.add_argument("--size", default="1280x720")
    given = options.parse_args()
    Work.milliseconds, Work.busy = given.stage, given.busy
    here, there = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        path, size = Path(folder) / "numbered.mp4", tuple(map(int, given.size.split("x")))
        context = multiprocessing.get_context("spawn")
        camera = context.Process(target=serve, args=(path, size, there), daemon=True)
        camera.start()
        watch(given.minutes, f"rtsp://127.0.0.1:{here.recv()}/live", here)
        camera.terminate()


def watch(minutes: float, url: str, told: multiprocessing.connection.Connection) -> None:
    pipeline = Pipeline.of(("rtsp", {"url": url}), Work())
    four = "".join(f"{word:>6}" for word in ("min", "med", "99%", "max"))
    print(f"{'':17}{'the stage':>24}   {'since arrival':>24}   {'since sending':>24}      over   resident")
    print(f"minute  frames   {four}   {four}   {four}     bound         MB")
    whole, recent = Minute(), Minute()
    began, lines = 0.0, 0
    for packet in pipeline:
        began = began or told.recv()
        recent.add(packet, began)
        whole.add(packet, began)
        if time.monotonic() - began > 60 * (lines + 1):
            lines += 1
            print(recent.line(str(lines)), flush=True)
            recent = Minute()
        if time.monotonic() - began > 60 * minutes:
            break
    print(whole.line("all"))
    report = pipeline.report
    assert report is not None
    (source,) = report.sources
    print(
        f"{source.entered} in, {source.out} out, dropped {source.dropped}; {dict(report.stages[0].counters)}"
    )


if __name__ == "__main__":
    main()
