"""Real videos, made on the spot, whose pictures say which frame they are."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from ferpipe import Frame
from ferpipe.testing import TestContext

FIRST_LEVEL, LEVEL_STEP = 24, 4


def level_of(number: int) -> int:
    """The luma of frame `number` (up to 50), in limited range."""
    return FIRST_LEVEL + LEVEL_STEP * number


def grey(luma: int, size: tuple[int, int]) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    for plane, value in zip(frame.planes, (luma, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


@pytest.fixture(scope="session")
def number_of() -> Callable[[np.ndarray], int]:
    """The number of the frame that shows this grey."""
    return lambda image: round((float(image.mean()) * 219 / 255 + 16 - FIRST_LEVEL) / LEVEL_STEP)


@pytest.fixture(scope="session")
def shown(number_of: Callable[[np.ndarray], int]) -> Callable[[Sequence[Frame]], list[int]]:
    """The numbers that frames show."""
    return lambda frames: [number_of(frame.image) for frame in frames]


@pytest.fixture
def context(tmp_path: Path) -> TestContext:
    return TestContext(tmp_path, name="cam")


@pytest.fixture(scope="session")
def ffmpeg() -> Callable[..., None]:
    """Run the ffmpeg of imageio-ffmpeg."""

    def run(*arguments: str | Path) -> None:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *map(str, arguments)]
        subprocess.run(command, check=True, timeout=60, capture_output=True)

    return run


@pytest.fixture
def coded(tmp_path: Path) -> Callable[..., Path]:
    """Write a video whose frame i has the grey `level_of(i)` and the i-th of the given milliseconds."""

    def write(
        stamps: Sequence[int],
        name: str = "coded.mp4",
        *,
        codec: str = "libx264",
        size: tuple[int, int] = (64, 48),
        pixels: str = "yuv420p",
        gop: int = 12,
        **options: str,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(
                codec, rate=1000, options={"crf": "8", **options} if codec.startswith("libx26") else options
            )
            stream.width, stream.height = size
            stream.pix_fmt = pixels
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
            stream.gop_size = gop
            stream.bit_rate = 0 if codec.startswith("libx26") else 20_000_000
            for number, stamp in enumerate(stamps):
                frame = grey(level_of(number), size)
                frame.pts, frame.time_base = stamp, Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write
