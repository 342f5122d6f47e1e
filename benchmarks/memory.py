"""Memory and open files over many frames of a real pipeline.

    python benchmarks/memory.py [FRAMES] [VIDEO]

The pipeline reads a clip again and again as one stream, finds and reads faces, draws them, and
writes a video and a timeline. Prints the resident memory in MB and the open files every tenth
of the way; flat means that the last figure is not above the third by more than a few MB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import imageio_ffmpeg

from ferpipe import Pipeline
from ferpipe.resources import shipped

FRAMES = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000


def resident() -> float:
    fields = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def long_clip(folder: Path) -> Path:
    source = Path(sys.argv[2]) if len(sys.argv) > 2 else shipped("samples") / "demo.mp4"
    target = folder / "long.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-stream_loop", "-1", "-i", str(source)]
    subprocess.run([*command, "-frames:v", str(FRAMES), "-an", "-c", "copy", str(target)], check=True)
    return target


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pipeline = Pipeline.of(
            ("file", {"path": str(long_clip(folder))}),
            ("blazeface", {"every": 2}),
            "track",
            "align",
            "litert",
            "smooth",
            "overlay",
            ("video", {"path": str(folder / "out.mp4"), "preset": "ultrafast"}),
            ("timeline", {"path": str(folder / "out.json")}),
        )
        print("frames  resident MB  open files")
        for seen, _ in enumerate(pipeline, 1):
            if seen % max(1, FRAMES // 10) == 0 or seen == 200:
                print(f"{seen:6}  {resident():11.1f}  {handles():10}", flush=True)
        report = pipeline.report
        assert report is not None
        print(f"end     {resident():11.1f}  {handles():10}  ({report.frames / report.elapsed:.1f} fps)")


if __name__ == "__main__":
    main()
