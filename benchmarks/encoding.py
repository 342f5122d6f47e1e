"""What H.264 costs at 720p: CPU time, size and likeness (SSIM), and which encoders work in hardware.

    python benchmarks/encoding.py [VIDEO] [FRAMES]

Without VIDEO the shipped sample is taken.  Pictures are scaled to 1280x720 and encoded as the stage `video`
does it: no B-frames, ten pictures of lookahead, slices.  CPU is that of the process, the least of three runs.
SSIM (Wang et al. 2004) is of the brightness, the mean of every twelfth picture.
"""

from __future__ import annotations

import io
import resource
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

# isort: split
import av

from ferpipe.resources import shipped
from ferpipe_sinks._hardware import HARDWARE, form_of, settings, usable

WIDTH, HEIGHT, RATE = 1280, 720, 30
FIXED = {"rc-lookahead": 10, "x264-params": "sync-lookahead=0"}
TREE = FIXED | {"x264-params": "sync-lookahead=0:mbtree=1"}
ROWS: dict[str, dict[str, Any]] = {
    "veryfast, 23 (before)": {"preset": "veryfast", "crf": 23} | FIXED,
    "superfast, 23, mbtree (the default)": {"preset": "superfast", "crf": 23} | TREE,
    "superfast, 23": {"preset": "superfast", "crf": 23} | FIXED,
    "ultrafast, 20": {"preset": "ultrafast", "crf": 20} | FIXED,
    "faster, 23": {"preset": "faster", "crf": 23} | FIXED,
}


def pictures(path: Path, number: int) -> list[np.ndarray]:
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            image = cv2.resize(
                frame.to_ndarray(format="bgr24"), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
            )
            found.append(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420))
            if len(found) == number:
                break
    return found


def encoded(film: list[np.ndarray], codec: str, options: dict[str, Any]) -> tuple[float, io.BytesIO]:
    """CPU milliseconds a picture, and the file."""
    file = io.BytesIO()
    out = av.open(file, "w", format="matroska")
    stream = out.add_stream(codec, options={key: str(value) for key, value in options.items()})
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, form_of(codec)
    context = stream.codec_context
    stream.time_base = context.time_base = Fraction(1, RATE)
    context.thread_count, context.thread_type, context.max_b_frames = 0, "SLICE", 0
    frames = [av.VideoFrame.from_ndarray(picture, "yuv420p") for picture in film]
    start = cpu()
    for i, frame in enumerate(frames):
        frame.pts, frame.time_base = i, context.time_base
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))
    spent = cpu() - start
    out.close()
    return 1000 * spent / len(film), file


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def likeness(film: list[np.ndarray], file: io.BytesIO) -> float:
    file.seek(0)
    with av.open(file) as container:
        shown = (frame.to_ndarray(format="yuv420p")[:HEIGHT] for frame in container.decode(video=0))
        return float(np.mean([ssim(each, film[i][:HEIGHT]) for i, each in enumerate(shown) if i % 12 == 5]))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    def blurred(image: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(image, (11, 11), 1.5)

    a, b = one.astype(np.float32), other.astype(np.float32)
    ma, mb = blurred(a), blurred(b)
    va, vb, both = blurred(a * a) - ma * ma, blurred(b * b) - mb * mb, blurred(a * b) - ma * mb
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(
        ((2 * ma * mb + low) * (2 * both + high) / ((ma * ma + mb * mb + low) * (va + vb + high))).mean()
    )


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else shipped("samples") / "demo.mp4"
    film = pictures(path, int(sys.argv[2]) if len(sys.argv) > 2 else 100)
    rows = {name: ("libx264", options) for name, options in ROWS.items()}
    rows |= {name: (name, settings(name, 23)) for name in HARDWARE if usable(name, (WIDTH, HEIGHT))}
    print("| encoder | CPU a frame | Mbit/s | SSIM |\n|---|---|---|---|")
    runs: dict[str, list[float]] = {name: [] for name in rows}
    for _ in range(3):  # in turn, so that a busy moment does not fall on one of them alone
        for name, (codec, options) in rows.items():
            runs[name].append(encoded(film, codec, options)[0])
    for name, (codec, options) in rows.items():
        file = encoded(film, codec, options)[1]
        rate = len(file.getvalue()) * 8 * RATE / len(film) / 1e6
        print(f"| {name} | {min(runs[name]):.1f} ms | {rate:.2f} | {likeness(film, file):.4f} |", flush=True)
    print("hardware:", ", ".join(name for name in HARDWARE if usable(name)) or "none works on this machine")


if __name__ == "__main__":
    main()
