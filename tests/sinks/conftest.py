"""Where the sinks write, and a film with sound."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ferpipe.testing import TestContext

sys.path.insert(0, str(Path(__file__).parent))
from sinks_material import picture


@pytest.fixture
def context(ferpipe_context: TestContext) -> TestContext:
    return ferpipe_context


@pytest.fixture(scope="session")
def talkie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 3 s with a tone."""
    path = tmp_path_factory.mktemp("film") / "talkie.mp4"
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        audio = out.add_stream("aac", rate=44_100, layout="mono")
        for i in range(75):
            frame = av.VideoFrame.from_ndarray(cv2.cvtColor(picture(), cv2.COLOR_BGR2RGB), format="rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            out.mux(video.encode(frame))
        for start in range(0, 3 * 44_100, 1024):
            tone = np.sin(np.arange(start, start + 1024) * 0.06).astype(np.float32)[None] * 0.3
            sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 44_100, start, Fraction(1, 44_100)
            out.mux(audio.encode(sound))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path
