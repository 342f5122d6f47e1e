"""ferpipe against other tools on the same 640x480 files, in turn, three times in one call.

    python benchmarks/peers.py [--with deepface] [--env FOLDER] [--frames 300] [--runs 3]

Makes an environment for `fer` in a temporary folder (or in FOLDER, to be used again), with the Python that
runs this, which must be 3.11.  The clips are made of the shipped sample and, where
FERPIPE_SHARED is set, of the clips in its `media`.  Each tool is a process of its own that works on one frame
first; what that costs, with imports and networks, counts as start-up and is left out.  CPU is that of the
process on the rest, the least of the runs; frames a second are the most of them.  `fer` is its
`detect_emotions` in a loop over the frames that OpenCV reads, without its video writer, which costs more.

Prints the table that README.md has.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import imageio_ffmpeg

from ferpipe.resources import shipped

PACKAGES = {
    # Without its dependencies: facenet-pytorch wants a PyTorch of its own, for MTCNN, which is not used.
    "fer": [
        ["--no-deps", "fer==25.10.3"],
        ["tensorflow", "opencv-contrib-python<5", "setuptools<81", "pandas", "requests", "tqdm", "Pillow"],
        ["moviepy<2", "ffmpeg-python", "matplotlib"],
    ],
    "deepface": [["deepface", "tf-keras", "opencv-python<5"]],
}
LOOP = """
import cv2, json, sys, time
{setup}
def work(path):
    frames, faces, reader = 0, 0, cv2.VideoCapture(path)
    while True:
        there, image = reader.read()
        if not there:
            return frames, faces
        faces += len({call})
        frames += 1
work(sys.argv[1])
cpu, wall = time.process_time(), time.perf_counter()
frames, faces = work(sys.argv[2])
print(json.dumps([frames, faces, time.process_time() - cpu, time.perf_counter() - wall]))
"""
FERPIPE = """
import json, sys, time
from pathlib import Path
from ferpipe import Pipeline
def work(path):
    out = sys.argv[3]
    Path(out).unlink(missing_ok=True)
    Pipeline.from_yaml("timeline", overrides=["file.path=" + path, "timeline.path=" + out]).run()
    records = json.load(open(out))["frames"]
    return len(records), sum(len(record["faces"]) for record in records)
work(sys.argv[1])
cpu, wall = time.process_time(), time.perf_counter()
work(sys.argv[1])
one = time.process_time() - cpu, time.perf_counter() - wall
cpu, wall = time.process_time(), time.perf_counter()
frames, faces = work(sys.argv[2])
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(json.dumps([frames - 1, faces, cpu - one[0], wall - one[1]]))
"""
TOOLS = {
    "fer": LOOP.format(
        setup="from fer.fer import FER\ntool = FER(mtcnn=False)", call="tool.detect_emotions(image)"
    ),
    "deepface": LOOP.format(
        setup="from deepface import DeepFace",
        call='DeepFace.analyze(image, ["emotion"], detector_backend="opencv", enforce_detection=False)',
    ),
    "ferpipe": FERPIPE,
}


def environment(folder: Path, tool: str) -> Path:
    """The Python of an environment in which `tool` is installed."""
    python = folder / tool / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / tool)], check=True)
        for packages in PACKAGES[tool]:
            subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)
    return python


def clips(folder: Path, frames: int) -> dict[str, tuple[Path, Path]]:
    """By name, one frame and `frames` frames of 640x480."""
    sources = {"the sample": shipped("samples") / "demo.mp4"}
    if shared := os.environ.get("FERPIPE_SHARED"):
        sources |= {path.stem: path for path in sorted((Path(shared) / "media").glob("*head-pose*.mp4"))}
    made = {}
    for name, source in sources.items():
        both = folder / f"one-{len(made)}.mp4", folder / f"all-{len(made)}.mp4"
        for target, number in zip(both, (1, frames), strict=True):
            shape = "scale=640:480:force_original_aspect_ratio=increase,crop=640:480,setsar=1"
            command: list[object] = [
                imageio_ffmpeg.get_ffmpeg_exe(),
                "-v",
                "error",
                "-y",
                "-stream_loop",
                "-1",
            ]
            command += [
                "-i",
                source,
                "-vf",
                shape,
                "-frames:v",
                number,
                "-an",
                "-c:v",
                "libx264",
                "-crf",
                "20",
            ]
            subprocess.run([*map(str, command), str(target)], check=True)
        made[name] = both
    return made


def run(python: Path, tool: str, clip: tuple[Path, Path], folder: Path) -> tuple[int, int, float, float]:
    """Frames, faces, CPU seconds and seconds of one run."""
    command = [str(python), "-c", TOOLS[tool], *map(str, clip), str(folder / "timeline.json")]
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=quiet)
    frames, faces, cpu, wall = json.loads(done.stdout.splitlines()[-1])
    return frames, faces, cpu, wall


def measure(
    pythons: dict[str, Path], clip: tuple[Path, Path], folder: Path, runs: int
) -> dict[str, tuple[float, ...]]:
    """By tool: CPU milliseconds a frame (least), frames a second (most), faces a frame."""
    found: dict[str, list[tuple[int, int, float, float]]] = {tool: [] for tool in pythons}
    for _ in range(runs):
        for tool, python in pythons.items():
            found[tool].append(run(python, tool, clip, folder))
    return {
        tool: (
            min(1000 * cpu / frames for frames, _, cpu, _ in each),
            max(frames / wall for frames, _, _, wall in each),
            each[0][1] / each[0][0],
        )
        for tool, each in found.items()
    }


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--with", dest="others", action="append", default=[], choices=["deepface"])
    asked.add_argument("--env", type=Path)
    asked.add_argument("--frames", type=int, default=300)
    asked.add_argument("--runs", type=int, default=3)
    options = asked.parse_args()
    if sys.version_info[:2] != (3, 11):
        raise SystemExit("fer needs Python 3.11: run this with it")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = options.env or folder
        pythons = {tool: environment(home, tool) for tool in ("fer", *options.others)}
        pythons["ferpipe"] = Path(sys.executable)
        print("| clip | tool | CPU a frame | frames a second | faces a frame | less CPU | more frames |")
        print("|---|---|---|---|---|---|---|")
        for film, clip in clips(folder, options.frames).items():
            figures = measure(pythons, clip, folder, options.runs)
            own = figures["ferpipe"]
            for tool, (cpu, rate, faces) in figures.items():
                less, more = cpu / own[0], own[1] / rate
                row = f"| {film} | {tool} | {cpu:.1f} ms | {rate:.0f} | {faces:.2f} |"
                print(f"{row} {less:.1f} times | {more:.1f} times |", flush=True)


if __name__ == "__main__":
    main()
