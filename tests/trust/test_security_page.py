"""SECURITY.md names a test for each of its sentences about what a hostile thing can do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
SENTENCES = PAGE.partition("## What each input can do at most")[2].partition("\n## ")[0].split("\n- ")[1:]


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda text: text.partition("**")[2].partition("**")[0])
def test_each_sentence_names_tests_that_exist(sentence: str) -> None:
    named = re.findall(r"`((?:\w+/)?test_\w+)`", sentence)
    assert named
    for name in named:
        assert (ROOT / "tests" / f"{name}.py").is_file(), name


def test_everything_hostile_has_its_sentence() -> None:
    subjects = " ".join(sentence.partition("**")[2].partition("**")[0].lower() for sentence in SENTENCES)
    for word in ("video", "picture", "model", "pipeline", "playlist", "name", "server", "address", "plugin"):
        assert word in subjects
