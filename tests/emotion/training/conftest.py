"""Real faces for small trainings, and a cache of the tests' own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ferpipe_emotion.training.data import LabelledFaces

sys.path.insert(0, str(Path(__file__).parent))  # for emotion_training_support


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def lfw() -> LabelledFaces:
    pytest.importorskip("skimage")
    from emotion_training_support import lfw_faces

    return lfw_faces()
