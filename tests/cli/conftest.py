"""The user's folder of models with a model made up for it, and a folder with a plugin that counts."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from support import counting as counting_plugin
from support.zoo import WEIGHTS

from ferpipe import models


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, with a made-up YuNet as the one that is published."""
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    published = replace(models.REMOTE["yunet"], sha256=hashlib.sha256(WEIGHTS).hexdigest(), size=len(WEIGHTS))
    monkeypatch.setitem(models.REMOTE, "yunet", published)
    return tmp_path / "models"


@pytest.fixture
def counting(tmp_path: Path) -> Path:
    """A folder with the plugin file `kit.py`, whose stages are `count`, `write` and `talk`."""
    shutil.copyfile(counting_plugin.__file__, tmp_path / "kit.py")
    return tmp_path
