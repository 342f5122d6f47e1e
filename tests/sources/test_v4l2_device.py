"""The webcam through FFmpeg's own reading of V4L2, from a device that a library in front of libc plays.

Its buffers are mapped into the process, and unmapped when the device is closed, as a driver's are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

CC = shutil.which("cc")
pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or CC is None, reason="needs Linux and a C compiler"
)

SCRIPT = """
import sys, time
from ferpipe import Options, Pipeline, Stage

class Slow(Stage[Options]):
    "A newer frame always waits."
    needs = frozenset({"frame"})
    def process(self, packet):
        time.sleep(0.15)
        return packet

pipeline = Pipeline.of(("webcam", {"device": sys.argv[1], "reconnect_delay": 0.05}), Slow())
breaks = 0
for packet in pipeline:
    frame = packet.frame
    breaks += frame.discontinuity
    print(frame.discontinuity, *frame.image.shape, round(float(frame.image.mean())), flush=True)
    if breaks == 2:
        break
print("reconnects", dict(pipeline.report.stages[0].counters)["reconnects"])
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("driver") / "camera.so"
    source = Path(__file__).parents[1] / "support" / "camera_device.c"
    subprocess.run([str(CC), "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.mark.parametrize("kind", [pytest.param("yuyv", marks=pytest.mark.slow), "mjpeg"])
def test_a_camera_that_is_unplugged_and_plugged_in_again(kind: str, driver: Path, tmp_path: Path) -> None:
    """The picture that waits when the device goes lies in memory of its own; it crashed the process."""
    device = tmp_path / "video7"
    device.touch()
    environment = {**os.environ, "LD_PRELOAD": str(driver), "CAMERA": str(device), "CAMERA_FRAMES": "12"}
    if kind == "mjpeg":
        cv2.imwrite(str(tmp_path / "a.jpg"), np.full((240, 320, 3), 90, np.uint8))
        environment["CAMERA_JPEG"] = str(tmp_path / "a.jpg")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(device)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    *frames, last = done.stdout.splitlines()
    assert [line.split()[0] for line in frames].count("True") == 2
    assert frames[0].startswith("False")
    assert {line.split()[1] for line in frames} == ({"240"} if kind == "mjpeg" else {"256"})
    if kind == "mjpeg":
        assert {line.split()[4] for line in frames} <= {"89", "90", "91"}
    assert int(last.removeprefix("reconnects ")) >= 2
    assert f"camera {device} is not there, or not any more" in done.stderr
