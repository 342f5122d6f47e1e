"""A film of two people who are never seen together."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import cv2
import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

from support.smile import smiling

__all__ = ["two_in_turn"]


def two_in_turn(folder: Path) -> Path:
    """An hour in which one person smiles for five seconds, and another one comes elsewhere for five."""
    from matplotlib.cbook import get_sample_data

    with get_sample_data("grace_hopper.jpg", asfileobj=True) as file:
        other = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_COLOR)
    assert other is not None
    height, width = 240, 640
    first, second = (np.full((height, width, 3), 90, np.uint8) for _ in range(2))
    first[:, :320] = cv2.resize(smiling(), (320, 240))
    second[:, 400:] = cv2.resize(other[:520], (240, 240))
    with av.open(str(folder / "once.mp4"), "w") as film:
        stream = film.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for i in range(100):
            picture = second if i >= 50 else first
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        film.mux(stream.encode())
    often = ["-stream_loop", "400", "-i", str(folder / "once.mp4"), "-c", "copy", str(folder / "film.mp4")]
    subprocess.run([get_ffmpeg_exe(), "-v", "error", *often], check=True)
    return folder / "film.mp4"
