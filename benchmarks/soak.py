"""Memory, open files and time over 100,000 frames of a real pipeline.

    python benchmarks/soak.py [FRAMES] [VIDEO]

A small clip of uneven steps (29.97 frames a second of which every seventh is omitted) is looped into
one file. The pipeline finds, follows and reads its faces, draws them, and writes a timeline and a video.
Prints resident memory in MB, open files and threads every twentieth of the way. At the end every frame's
time in the timeline, and in the video, is compared with the time stamp of the container: the drift, which
is to be 0 us.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from time import perf_counter, process_time

import av
import imageio_ffmpeg

from ferpipe import Pipeline
from ferpipe.resources import shipped

FRAMES = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
MICROSECONDS = 1_000_000


def resident() -> float:
    fields = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def ffmpeg(*arguments: object) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True)


def long_clip(folder: Path) -> Path:
    """A film of `FRAMES` frames, 320 wide, its steps uneven; encoded once, then copied end to end."""
    source = Path(sys.argv[2]) if len(sys.argv) > 2 else shipped("samples") / "demo.mp4"
    short, long = folder / "short.mp4", folder / "long.mp4"
    uneven = "fps=30000/1001,select='mod(n+1,7)',scale=320:-2"
    ffmpeg("-i", source, "-an", "-vf", uneven, "-fps_mode", "vfr", "-c:v", "libx264", "-bf", 0, short)
    ffmpeg("-stream_loop", -1, "-i", short, "-frames:v", FRAMES, "-an", "-c", "copy", long)
    return long


def stamps(path: Path) -> Iterator[int]:
    """The time of every frame of a file in microseconds from its start, out of the packets alone."""
    with av.open(str(path)) as container:
        start = container.start_time or 0
        base = container.streams.video[0].time_base
        assert base is not None
        packets = (packet.pts for packet in container.demux(video=0) if packet.size)
        yield from (round(pts * base * MICROSECONDS) - start for pts in packets if pts is not None)


def told(timeline: Path) -> Iterator[int]:
    """The time of every frame of a `.jsonl` timeline in microseconds, line by line."""
    with timeline.open(encoding="utf-8") as lines:
        records = map(json.loads, lines)
        yield from (round(record["time"] * MICROSECONDS) for record in records if "faces" in record)


def drift(expected: Path, times: Iterator[int]) -> str:
    """The frames of both, and the largest difference between them."""
    count = largest = 0
    for wanted, found in zip_longest(stamps(expected), times):
        if wanted is None or found is None:
            return f"one of them ends after {count} frames"
        count, largest = count + 1, max(largest, abs(wanted - found))
    return f"{count} frames, largest difference {largest} us"


def run(pipeline: Pipeline) -> None:
    print("frames   resident MB  open files  threads", flush=True)
    started, cpu = perf_counter(), process_time()
    for seen, _ in enumerate(pipeline, 1):
        if seen % max(1, FRAMES // 20) == 0 or seen == 200:
            print(f"{seen:7}  {resident():11.1f}  {handles():10}  {threading.active_count():7}", flush=True)
    report = pipeline.report
    assert report is not None
    (source,) = report.sources
    print(f"end      {resident():11.1f}  {handles():10}  {threading.active_count():7}")
    print(f"{source.entered} in, {source.out} out, {source.dropped} dropped, {source.failed} failed")
    wall, used = perf_counter() - started, process_time() - cpu
    print(
        f"{wall:.0f} s, {source.out / wall:.0f} frames a second, {1e3 * used / source.out:.2f} ms CPU a frame"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, film, timeline = long_clip(folder), folder / "out.mp4", folder / "out.jsonl"
        run(
            Pipeline.of(
                ("file", {"path": str(clip)}),
                ("blazeface", {"every": 5}),
                "track",
                "align",
                "litert",
                "smooth",
                "overlay",
                ("timeline", {"path": str(timeline)}),
                ("video", {"path": str(film), "preset": "ultrafast"}),
            )
        )
        print(f"timeline against container: {drift(clip, told(timeline))}")
        print(f"video against container:    {drift(clip, stamps(film))}")


if __name__ == "__main__":
    main()
