"""The pytest plugin of the kit: the fixture `ferpipe_context`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe.testing.context import TestContext

__all__ = ["ferpipe_context"]


@pytest.fixture
def ferpipe_context(tmp_path: Path) -> TestContext:
    """A context that writes under pytest's `tmp_path`."""
    return TestContext(tmp_path)
