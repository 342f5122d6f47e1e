"""OpenCV's windows hang where PyAV was loaded before OpenCV (PyAV-Org/PyAV#1050, opencv/opencv#29195)."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from importlib import import_module
import_module(sys.argv[1])
loaded = [name for name in sys.modules if name in ("av", "cv2")]
sys.exit(bool(loaded) and loaded[0] == "av")
"""


STAGES = [
    "ferpipe_sources.file",
    "ferpipe_sources.images",
    "ferpipe_sources.rtsp",
    "ferpipe_sources.webcam",
    "ferpipe_sinks.video",
    "ferpipe_sinks.overlay",
    "ferpipe_sinks.window",
]


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_that_loads_pyav_loads_opencv_before_it(stage: str) -> None:
    assert subprocess.run([sys.executable, "-c", SCRIPT, stage], check=False).returncode == 0
