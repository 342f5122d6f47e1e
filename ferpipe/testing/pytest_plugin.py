"""The pytest plugin of the kit: the fixture `ferpipe_context`.

pytest imports it in every environment that has ferpipe in it, so it imports nothing by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from ferpipe.testing.context import TestContext

__all__ = ["ferpipe_context"]


@pytest.fixture
def ferpipe_context(tmp_path: Path) -> TestContext:
    """A context that writes under pytest's `tmp_path`."""
    from ferpipe.testing.context import TestContext

    return TestContext(tmp_path)
