"""What a server bears: viewers of one stream, and pictures by REST.

    python benchmarks/serve.py [--viewers 100] [--seconds 60] [--camera 600] [--rate 20] [--pictures 600]

A live source gives the sample's pictures 25 times a second, with the machine's clock as their time, so that
a viewer knows how old a picture is when it arrives.  The viewers are all in this process, each acknowledging
every picture; what they take from the same cores is shown as `viewers` beside the time of the server and of
the run's worker.  The rate of the run without viewers is taken before and after, within the same server.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import httpx
from _serving import ROOT, Meter, Server
from _viewers import Viewer
from websockets.asyncio.client import connect


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of viewers, and without them")
    parser.add_argument("--rate", type=float, default=20.0, help="pictures a second to /api/analyze")
    parser.add_argument("--pictures", type=float, default=600.0, help="seconds of pictures")
    parser.add_argument("--camera", type=float, default=600.0, help="seconds of a camera's frames")
    parser.add_argument("--ends", type=int, default=5, help="recordings that a SIGTERM ends")
    parser.add_argument("--size", default="640x480")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), arguments))


def show(part: str, found: Any) -> None:
    """A part of the figures, as soon as it is there, with the load of the machine."""
    print(
        json.dumps({part: found, "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}), flush=True
    )


async def measure(folder: Path, arguments: argparse.Namespace) -> None:
    if arguments.seconds:
        with Server(folder, arguments.size) as server:
            show("viewers", await viewers(server, arguments.viewers, arguments.seconds))
    if arguments.camera:
        with Server(folder, None) as server:
            show("camera", await camera(server, arguments.camera))
    if arguments.ends:
        places = [folder / str(n) for n in range(arguments.ends)]
        show("end", [await asyncio.to_thread(ends, place, arguments.size) for place in places])
    if arguments.pictures:
        with Server(folder, None) as server:
            show("pictures", await pictures(server, arguments.rate, arguments.pictures))


async def viewers(server: Server, number: int, seconds: float) -> dict[str, Any]:
    await until(lambda: server.live()["frames"] >= 50)
    alone = [await rate(server, seconds / 2)]
    meter, first = Meter(server), server.live()["frames"]
    await asyncio.sleep(seconds / 2)
    cost = {"alone": meter.each(server.live()["frames"] - first)}
    before = server.memory()
    delays: list[float] = []
    watching = [Viewer(delays) for _ in range(number)]
    host, _, port = server.address.partition(":")
    for each in watching:
        await asyncio.get_running_loop().create_connection(lambda each=each: each, host, int(port))
    await until(lambda: min(each.count for each in watching) > 0)
    delays.clear()
    own = time.process_time()
    meter, first = Meter(server), server.live()["frames"]
    watched = await rate(server, seconds)
    frames = server.live()["frames"] - first
    cost["watched"] = {**meter.each(frames), "viewers": round(1000 * (time.process_time() - own) / frames, 2)}
    memory, shown = server.memory(), sorted(delays)
    for each in watching:
        each.transport.close()
    alone.append(await rate(server, seconds / 2))
    return {
        "viewers": number,
        "frames_a_second_alone": alone,
        "frames_a_second_watched": watched,
        "cpu_ms_a_frame": cost,
        "change_in_percent": round(100 * (watched / statistics.mean(alone) - 1), 1),
        "pictures_a_second_a_viewer": round(len(shown) / number / seconds, 1),
        "age_at_the_viewer_ms": {
            f"p{p}": round(1000 * shown[int(p / 100 * len(shown))], 1) for p in (50, 95, 99)
        },
        "memory_mb": {"before": before, "watched": memory},
    }


async def until(done: Callable[[], bool]) -> None:
    while not done():  # noqa: ASYNC110 -- it asks another process
        await asyncio.sleep(0.2)


def wait_until(done: Callable[[], bool]) -> None:
    while not done():
        time.sleep(0.2)


async def rate(server: Server, seconds: float) -> float:
    first, began = server.live()["frames"], time.monotonic()
    await asyncio.sleep(seconds)
    return round((server.live()["frames"] - first) / (time.monotonic() - began), 2)


async def camera(server: Server, seconds: float) -> dict[str, Any]:
    """A client that sends a frame when it has the answer to the one before, as the page does."""
    picture, times = frame((640, 480)), []
    async with connect(f"ws://{server.address}/api/camera", compression=None, open_timeout=60) as socket:
        await socket.recv()
        began, meter = time.monotonic(), Meter(server)
        while (now := time.monotonic()) - began < seconds:
            await socket.send(struct.pack(">Id", len(times), now) + picture)
            await socket.recv()
            times.append((now - began, 1000 * (time.monotonic() - now)))
        cost = meter.each(len(times))
    shown = sorted(each for _, each in times)
    return {
        "seconds": seconds,
        "frames_a_second": round(len(times) / seconds, 1),
        "ms": {f"p{p}": round(shown[int(p / 100 * len(shown))], 1) for p in (50, 95, 99)},
        "cpu_ms_a_frame": cost,
        "slope_ms_a_minute": round(60 * statistics.linear_regression(*zip(*times, strict=True)).slope, 2),
        "memory_mb": server.memory(),
    }


def ends(folder: Path, size: str) -> dict[str, Any]:
    """Seconds from SIGTERM to a finished recording, and to the end of the process."""
    folder.mkdir()
    with Server(folder, size) as server:
        wait_until(lambda: server.live()["frames"] >= 20)
        httpx.post(f"http://{server.address}/api/live/recording", timeout=30).raise_for_status()
        wait_until(lambda: (server.live()["recording"] or {}).get("frames", 0) >= 50)
        sent, began = time.time(), time.monotonic()
        server.process.terminate()
        server.process.wait(30)
        (manifest,) = folder.glob("data/recordings/*/recording.json")
        return {
            "recording": json.loads(manifest.read_text())["state"],
            "finished_s": round(manifest.stat().st_mtime - sent, 2),
            "ended_s": round(time.monotonic() - began, 2),
        }


def frame(size: tuple[int, int]) -> bytes:
    """A picture of the sample, as a JPEG."""
    film = cv2.VideoCapture(str(ROOT / "samples" / "demo.mp4"))
    film.set(cv2.CAP_PROP_POS_FRAMES, 60)
    return cv2.imencode(".jpg", cv2.resize(film.read()[1], size))[1].tobytes()


async def pictures(server: Server, rate: float, seconds: float) -> dict[str, Any]:
    picture = frame((640, 360))
    times: list[float] = []
    codes: dict[int, int] = {}
    memory: list[float] = []

    async with httpx.AsyncClient(base_url=f"http://{server.address}", timeout=60) as client:

        async def one() -> None:
            began = time.monotonic()
            answer = await client.post("/api/analyze", content=picture)
            codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
            times.append(time.monotonic() - began)

        for _ in range(20):
            await one()
        times.clear()
        codes.clear()
        tasks: set[asyncio.Task[None]] = set()
        meter = Meter(server)
        began, due = time.monotonic(), 0.0
        while due < seconds:
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            task = asyncio.create_task(one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            due += 1 / rate
            if len(memory) < 21 * due / seconds:
                memory.append(server.memory())
        await asyncio.gather(*tasks)
    cost = meter.each(len(times))
    shown = sorted(times)
    half = len(memory) // 2
    return {
        "a_second": round(len(times) / (time.monotonic() - began), 2),
        "seconds": seconds,
        "answers": codes,
        "cpu_ms_a_picture": cost,
        "ms": {f"p{p}": round(1000 * shown[int(p / 100 * len(shown))], 1) for p in (50, 95, 99)},
        "memory_mb": {
            "first": memory[0],
            "first_half": statistics.mean(memory[:half]) if half else None,
            "second_half": statistics.mean(memory[half:]),
            "last": memory[-1],
        },
    }


if __name__ == "__main__":
    main()
