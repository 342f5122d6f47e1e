"""Real videos, made on the spot, whose pictures say which frame they are."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from support.rtsp import COMMAND, Server

from ferpipe import Frame, Packet, RunError
from ferpipe.testing import TestContext
from ferpipe_sources.rtsp import RtspOptions, RtspSource

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


QUICK = {"reconnect_delay": 0.05, "reconnect_max_delay": 0.2, "open_timeout": 3.0}


@pytest.fixture(scope="session")
def clips(ffmpeg: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two videos of four seconds: a.mp4 (160x120) and b.mp4 (96x64)."""
    folder = tmp_path_factory.mktemp("clips")
    for name, size in (("a.mp4", "160x120"), ("b.mp4", "96x64")):
        picture = ("-f", "lavfi", "-i", f"testsrc=s={size}:r=25:d=4", "-vf", "noise=alls=20")
        coding = ("-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "10", "-bf", "0")
        ffmpeg(*picture, *coding, folder / name)
    return folder


@pytest.fixture
def server(clips: Path, tmp_path: Path) -> Iterator[Server]:
    """A running RTSP server of the clips."""
    if not COMMAND.exists():
        pytest.skip("aio-rtsp-toolkit is not installed")
    served = Server(Path(shutil.copytree(clips, tmp_path / "served"))).start()
    yield served
    served.kill()


Running = Callable[..., tuple[RtspSource, TestContext, Iterator[Packet]]]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Open an RtspSource; closed at the end of the test."""
    opened = []

    def run(url: str, **options: object) -> tuple[RtspSource, TestContext, Iterator[Packet]]:
        context = TestContext(tmp_path, name="cam", live=True)
        source = RtspSource(RtspOptions.model_validate({"url": url, **QUICK, **options}))
        source.open(context)
        opened.append((source, context))
        return source, context, source.frames()

    yield run
    for source, context in opened:
        context.stop.set()
        source.interrupt()
        source.close()


@pytest.fixture(scope="session")
def stopped_within() -> Callable[..., bool]:
    """Whether `frames` ends in time once the run is told to stop."""

    def stopped(seconds: float, source: RtspSource, context: TestContext, frames: Iterator[Packet]) -> bool:
        ended = threading.Event()

        def drain() -> None:
            with contextlib.suppress(RunError):
                for _ in frames:
                    pass
            ended.set()

        thread = threading.Thread(target=drain)
        thread.start()
        time.sleep(0.3)
        context.stop.set()
        source.interrupt()
        in_time = ended.wait(seconds)
        thread.join()
        return in_time

    return stopped
