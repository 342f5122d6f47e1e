"""Every network for expressions that ships is described wherever networks are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe.models import read_side_file
from ferpipe.resources import shipped

ROOT = Path(__file__).parents[2]
NETWORKS = sorted(path.stem for path in shipped("models").glob("*.tflite"))


def test_there_are_three() -> None:
    assert NETWORKS == ["base", "large", "nano"]


@pytest.mark.parametrize("name", NETWORKS)
def test_its_side_file_says_what_it_is_worth(name: str) -> None:
    card = read_side_file(shipped("models") / f"{name}.json")
    scores = card.scores["FER2013 PublicTest"]
    assert {"accuracy", "macro_f1", "ece", "recall", "stability", "unseen", "robustness"} <= set(scores)
    assert card.scores["ms_a_face"] > 0
    assert card.reliability is not None
    assert card.licence == "Apache-2.0"


@pytest.mark.parametrize("name", NETWORKS)
def test_every_list_of_networks_has_it(name: str) -> None:
    scores = read_side_file(shipped("models") / f"{name}.json").scores["FER2013 PublicTest"]
    accuracy = f"{100 * scores['accuracy']:.1f}"
    assert f"accuracy **{accuracy} %**" in (ROOT / "models" / f"{name}.md").read_text(encoding="utf-8")
    assert f"| [{name}]({name}.md) | {accuracy} %" in (ROOT / "models" / "README.md").read_text("utf-8")
    assert f"`{name}` (" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{name}`" in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
