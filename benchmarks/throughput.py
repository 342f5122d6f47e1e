"""A 720p file with one face, to a JSON timeline and to annotated H.264, on all cores.

    python benchmarks/throughput.py [VIDEO] [SECONDS]

Without VIDEO a 720p clip is made from the shipped sample. For each job: frames a second, the
process's CPU milliseconds a frame, how busy the cores were, and what the wall clock would be if
the CPU time were spread over the cores without a gap.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import imageio_ffmpeg

from ferpipe.resources import shipped

CORES = len(os.sched_getaffinity(0))
JOBS = {
    "to JSON": ["timeline", "{video}", "-o", "{out}/t.json"],
    "to annotated H.264": ["annotate", "{video}", "-o", "{out}/v.mp4"],
    "to both": ["annotate", "{video}", "-o", "{out}/b.mp4", "--timeline", "{out}/b.json"],
}


def clip(folder: Path, seconds: int) -> Path:
    """One face at 720p, for `seconds`: a still crop of the sample would be too easy to encode."""
    target = folder / "720p.mp4"
    source = shipped("samples") / "demo.mp4"
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-stream_loop",
        "-1",
        "-ss",
        "1",
        "-t",
        str(seconds),
    ]
    command += [
        "-i",
        str(source),
        "-vf",
        "scale=1280:720",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "20",
    ]
    subprocess.run([*command, "-an", str(target)], check=True)
    return target


def measure(arguments: list[str], stats: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ferpipe", *arguments, "-q", "--overwrite", "--stats", str(stats)], check=True
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    report = json.loads(stats.read_text())
    frames = sum(source["out"] for source in report["sources"])
    print(
        f"  {frames} frames, {frames / wall:.1f} fps ({frames / report['elapsed']:.1f} without start-up), "
        f"CPU {1000 * cpu / frames:.2f} ms a frame, {CORES} cores {cpu / wall / CORES:.0%} busy, "
        f"first frame after {report['first_frame']:.2f} s"
    )
    for stage in report["stages"]:
        print(f"    {stage['name']:10} p50 {stage['p50']:6.2f} ms  mean {stage['mean']:6.2f} ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = Path(sys.argv[1]) if len(sys.argv) > 1 else clip(folder, 40)
        for job, arguments in JOBS.items():
            print(job)
            measure([a.format(video=video, out=folder) for a in arguments], folder / "stats.json")


if __name__ == "__main__":
    main()
