"""A tree of tiny clips, and a pipeline that costs little."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.batches import write_clip


@pytest.fixture
def clips(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder with these clips, of three frames each and none like another."""

    def make(*names: str, frames: int = 3, folder: str = "in") -> Path:
        for number, name in enumerate(names):
            write_clip(tmp_path / folder / name, number, frames)
        return tmp_path / folder

    return make
