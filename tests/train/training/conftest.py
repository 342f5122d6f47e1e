"""Real faces for small trainings, and a cache of the tests' own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ferpipe_train.data import LabelledFaces

sys.path.insert(0, str(Path(__file__).parent))  # for train_support


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERPIPE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def lfw() -> LabelledFaces:
    pytest.importorskip("skimage")
    from train_support import lfw_faces

    return lfw_faces()
