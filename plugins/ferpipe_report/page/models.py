"""What the page says of the network: its name, its checksum, how good it is and where not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from ferpipe.resources import shipped

__all__ = ["about_model"]

_SCORES = ("accuracy", "macro_f1", "ece", "n", "recall")


def about_model(model: Any) -> dict[str, Any] | None:
    """The model of a timeline's header, with the measured scores where it is a shipped one."""
    if not isinstance(model, Mapping):
        return None if model is None else {"name": str(model)}
    facts = {key: str(model[key]) for key in ("name", "format", "sha256") if model.get(key) is not None}
    card = _shipped().get(str(model.get("sha256")))
    return {**facts, **card} if card else facts


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    """Scores, recall of each class and training data of the shipped networks, by checksum."""
    found = {}
    for path in sorted(shipped("models").glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        scores = card.get("scores", {}).get("FER2013 PublicTest")
        if isinstance(scores, dict) and "accuracy" in scores:
            kept = {key: scores[key] for key in _SCORES if key in scores}
            found[card["sha256"]] = {"scores": kept, "data": card.get("data")}
    return found
