"""The sample that is shipped is the one its script makes, and shows what its README says."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    pytest.importorskip("skimage")
    pytest.importorskip("matplotlib")
    sys.path.insert(0, str(SAMPLES))
    return importlib.import_module("make_sample")


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    with av.open(str(SAMPLES / "demo.mp4")) as container:
        return [
            frame.to_ndarray(format="bgr24")
            for i, frame in enumerate(container.decode(video=0))
            if i % 25 == 0
        ]


def test_it_is_short_and_small_and_has_sound() -> None:
    assert (SAMPLES / "demo.mp4").stat().st_size < 1_500_000
    with av.open(str(SAMPLES / "demo.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height, video.average_rate, video.frames) == (960, 540, 25, 300)
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert container.duration == pytest.approx(12_000_000, abs=50_000)
        loudness = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
        assert 0.02 < np.sqrt((loudness**2).mean()) < 0.5


@pytest.mark.slow
def test_its_pictures_are_those_of_the_script(maker: ModuleType, pictures: list[np.ndarray]) -> None:
    stage, people = maker.background(), maker.scenes()
    for second in (0, 4, 6, 9):
        made = stage(float(second))
        for scene in people:
            pose = scene.at(float(second))
            made = made if pose is None else maker.laid_over(made, scene.who, pose)
        assert np.abs(np.clip(made, 0, 1) * 255 - pictures[second]).mean() < 4


def test_people_come_and_go_and_for_a_while_nobody_is_there(
    maker: ModuleType, pictures: list[np.ndarray]
) -> None:
    stage = maker.background()
    busy = [
        float((np.abs(np.clip(stage(float(t)), 0, 1) * 255 - seen).max(axis=2) > 40).mean())
        for t, seen in enumerate(pictures)
    ]
    assert busy[0] < 0.001
    assert busy[6] < 0.001
    assert min(busy[2:5]) > 0.1
    assert min(busy[9:11]) > 0.1
