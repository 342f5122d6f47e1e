"""Videos whose pictures carry the number of their frame, to be read off a screen."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

WIDTH, HEIGHT, BITS = 320, 180, 8


def picture(number: int) -> Any:
    """Eight columns, white where the bit of `number` is set."""
    image = np.full((HEIGHT, WIDTH, 3), 16, np.uint8)
    wide = WIDTH // BITS
    for bit in range(BITS):
        if number >> bit & 1:
            image[:, bit * wide : (bit + 1) * wide] = 235
    return image


def number_in(image: Any) -> int:
    """The number that a picture of any size shows; reads the upper half."""
    height, width = image.shape[:2]
    row = image[height // 4, :, :3].mean(-1)
    return sum(int(row[int((bit + 0.5) * width / BITS)] > 128) << bit for bit in range(BITS))


def write_video(path: Path, times: Sequence[float], *, codec: str = "libx264", bare: bool = False) -> None:
    """A video with one frame at each of `times`.

    bare: as a browser's MediaRecorder writes it, to a stream: without duration and index.
    """
    target: Any = _Stream() if bare else str(path)
    with av.open(target, "w", format=path.suffix[1:]) as out:
        stream: Any = out.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = {"crf": "18", "g": "12"} | (
            {"bf": "2"} if codec == "libx264" else {"deadline": "realtime"}
        )
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    if bare:
        path.write_bytes(target.data.getvalue())


class _Stream:
    """Takes bytes and cannot go back, as a socket."""

    def __init__(self) -> None:
        self.data = io.BytesIO()

    def write(self, data: bytes) -> int:
        return self.data.write(data)
