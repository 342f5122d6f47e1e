"""The README, in which the scores of the default model stand."""

from __future__ import annotations

import json
from pathlib import Path

from ferpipe.resources import shipped

README = Path(__file__).parents[2] / "README.md"


def scores() -> str:
    """What the side files of the shipped models say of them, the default one first."""
    kinds = {"The default network": "base", "The most accurate": "large", "The smallest": "nano"}
    told = " ".join(_of(what, name) for what, name in kinds.items())
    return f"{told} [models.md](docs/models.md) says what these numbers mean."


def _of(what: str, name: str) -> str:
    facts = json.loads((shipped("models") / f"{name}.json").read_text(encoding="utf-8"))
    told = facts["scores"]["FER2013 PublicTest"]
    size = (shipped("models") / facts["file"]).stat().st_size / 1e6
    return (
        f"{what}, `{name}` ({size:.{1 if size >= 1 else 2}f} MB): {told['accuracy']:.1%} of FER2013's "
        f"PublicTest with its seven labels, macro-F1 {told['macro_f1']:.3f}, expected calibration error "
        f"{told['ece']:.3f}."
    )


def readme() -> str:
    """The README with the scores of today."""
    begin, end = "<!-- scores: written by docs/reference -->\n", "<!-- /scores -->"
    head, rest = README.read_text(encoding="utf-8").split(begin)
    return head + begin + scores() + "\n" + end + rest.split(end, 1)[1]
