"""Eight faces, a 4K file and a phone's 1080p60 to JSON: the cost of a frame with and without following.

    python benchmarks/sizes.py [--runs 3]

Eight faces of 60 pixels sway in a 720p picture at 25 frames a second; the sample is enlarged to 3840x2160
at 30 and to 1920x1080 at 60.  For each, in turn: the process's CPU milliseconds a frame, without what a run
on one frame costs, the least of the runs; frames a second, the most of them; and faces a frame.  The first
row is the file read alone.  `of 2 cores` are frames a second over those of the cores without a gap.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import imageio_ffmpeg
import numpy as np
import skimage.data

from ferpipe.resources import shipped

FRAMES = 200
CORES = len(os.sched_getaffinity(0))
READING = "version: 1\nstages:\n  - use: file\n    with: {path: video.mp4}\n  - 'null'\n"


def eight(target: Path) -> None:
    """Eight times the same portrait, mirrored and brightened, each on a path of its own."""
    portrait = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)[:300, 80:380]
    small = cv2.resize(portrait, (180, 180), interpolation=cv2.INTER_AREA)
    with av.open(str(target), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for i in range(FRAMES):
            picture = np.full((720, 1280, 3), 110, np.uint8)
            for k in range(8):
                x = 70 + 310 * (k % 4) + round(40 * np.sin(i / 12 + k))
                y = 100 + 300 * (k // 4) + round(25 * np.cos(i / 15 + k))
                face = small[:, ::-1] if k % 2 else small
                picture[y : y + 180, x : x + 180] = np.clip(face * (0.8 + 0.05 * k), 0, 255)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        out.mux(stream.encode())


def enlarged(target: Path, width: int, height: int, rate: int) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", "1", "-stream_loop", "-1"]
    command += ["-i", str(shipped("samples") / "demo.mp4"), "-vf", f"fps={rate},scale={width}:{height}"]
    command += ["-frames:v", str(FRAMES), "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"]
    subprocess.run([*command, str(target)], check=True)


def once(command: list[str], folder: Path, *more: str) -> tuple[float, dict[str, object]]:
    """CPU seconds of a run in a process of its own, and its statistics."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    stats = folder / "stats.json"
    run = [sys.executable, "-m", "ferpipe", *command, "-q", "--overwrite", "--stats", str(stats), *more]
    subprocess.run(run, check=True, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, json.loads(stats.read_text())


def measure(video: Path, folder: Path, runs: int) -> None:
    into = ["timeline", str(video), "-o", str(folder / "t.json")]
    reading = ["run", "reading.yaml", "--set", f"file.path={video}"]
    jobs = {
        "reading": reading,
        "to JSON": into,
        "without following": [*into, "--set", "blazeface.follow=false"],
    }
    one = {
        name: min(once(job, folder, "--set", "file.end=0.001")[0] for _ in range(runs))
        for name, job in jobs.items()
    }
    best: dict[str, tuple[float, float]] = {}
    for _ in range(runs):
        for name, job in jobs.items():
            cpu, report = once(job, folder)
            spent, rate = (cpu - one[name]) / FRAMES, FRAMES / float(str(report["elapsed"]))
            least, most = best.get(name, (np.inf, 0.0))
            best[name] = min(least, spent), max(most, rate)
    document = json.loads((folder / "t.json").read_text())
    faces = sum(len(frame["faces"]) for frame in document["frames"]) / FRAMES
    for name, (spent, rate) in best.items():
        shown = "" if name == "reading" else f"{faces:.2f}"
        busy = f"{spent * rate / CORES:.0%}"
        print(
            f"| {video.stem} | {name} | {1000 * spent:.1f} ms | {rate:.0f} | {busy} | {shown} |", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "reading.yaml").write_text(READING)
        print(f"| clip | work | CPU a frame | frames a second | of {CORES} cores | faces a frame |")
        print("|---|---|---|---|---|---|")
        eight(folder / "eight faces.mp4")
        measure(folder / "eight faces.mp4", folder, runs)
        for title, shape in {"4K": (3840, 2160, 30), "1080p60": (1920, 1080, 60)}.items():
            enlarged(folder / f"{title}.mp4", *shape)
            measure(folder / f"{title}.mp4", folder, runs)


if __name__ == "__main__":
    main()
