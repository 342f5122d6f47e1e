"""The colours of labels: those of the overlay, as a test asserts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from ferpipe.resources import shipped

__all__ = ["NO_LABEL", "colour_of", "colours"]

NO_LABEL = "#8a8f98"
"""Of a face whose label is not known."""


def colour_of(label: str, classes: Sequence[str]) -> str:
    """The colour of a label as `#RRGGBB`: fixed for the emotions, by position for other classes.

    Okabe and Ito's palette ("Color Universal Design", 2008), without the two colours that a dark
    background hides.
    """
    shared = _palette()
    known: str | None = shared["labels"].get(label.lower())
    if known is not None:
        return known
    others: list[str] = shared["others"]
    return others[classes.index(label) % len(others)] if label in classes else NO_LABEL


def colours(classes: Sequence[str]) -> dict[str, str]:
    """The colour of each class."""
    return {label: colour_of(label, classes) for label in classes}


@cache
def _palette() -> dict[str, Any]:
    """What the live page reads as well."""
    found: dict[str, Any] = json.loads((shipped("assets") / "palette.json").read_text(encoding="utf-8"))
    return found
