"""The sample plugins stay as short as they promise; `tests/packaging/test_new_plugins.py` installs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferpipe.plugins import Registry
from ferpipe.plugins.describe import describe

SAMPLES = Path(__file__).parents[2] / "samples" / "plugins"
LIMITS = {"veil": 30, "attention": 40, "hook": 40}


@pytest.mark.parametrize("name", LIMITS)
def test_a_sample_is_short_described_and_counted(name: str) -> None:
    path = SAMPLES / f"ferpipe-{name}" / f"ferpipe_{name}.py"
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LIMITS[name]
    page = (SAMPLES / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(rf"\[ferpipe-{name}\]\(\S+\) \| (\d+) \|", page)
    assert int(said) == lines
    registry = Registry(files=[path])
    assert registry.broken() == ()
    shown = describe(registry.stage(name))
    assert shown.summary
    assert all(option.description for option in shown.options)


def test_every_sample_is_looked_at() -> None:
    assert {path.name.removeprefix("ferpipe-") for path in SAMPLES.glob("ferpipe-*")} == set(LIMITS)
