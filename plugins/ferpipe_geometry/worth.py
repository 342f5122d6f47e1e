"""One number for how well a face is shown: the accuracy that a classifier has on such faces."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ferpipe import UsageError
from ferpipe.resources import shipped

__all__ = ["NUMBERS", "Worth", "numbers", "shipped_worth"]

NUMBERS = ("turned", "small", "sharpness", "contrast", "light", "outside", "hidden")
"""What counts, in the order of a fit; each is near 0 for a good face."""

_ENOUGH = 48.0
"""Pixels a side from which a face shows all that the faces of FER2013 show."""


def numbers(measures: Mapping[str, float]) -> dict[str, float]:
    """The numbers that follow from the measures of a face; what is not known is left out.

    turned: tens of degrees.  small: octaves below 48 pixels.  sharpness and contrast: logarithms of their
    ratio to that of a usual face.  light: distance from a middle grey.  outside: share of the box.
    hidden: the lack of presence.
    """
    found = {}
    if "head.turned" in measures:
        found["turned"] = measures["head.turned"] / 10
    if "quality.size" in measures:
        found["small"] = max(0.0, math.log2(_ENOUGH / max(measures["quality.size"], 1.0)))
    if "quality.sharpness" in measures:
        found["sharpness"] = math.log(max(measures["quality.sharpness"], 1e-3) / 0.05)
    if "quality.contrast" in measures:
        found["contrast"] = math.log(max(measures["quality.contrast"], 1e-2) / 0.4)
    if "quality.light" in measures:
        found["light"] = abs(measures["quality.light"] - 0.5)
    if "quality.outside" in measures:
        found["outside"] = measures["quality.outside"]
    if "mesh.presence" in measures:
        found["hidden"] = 1 - measures["mesh.presence"]
    return found


@dataclass(frozen=True, slots=True)
class Worth:
    """A logistic regression of whether the classifier is right; `models/quality.json` holds a fit."""

    intercept: float
    weights: Mapping[str, float]

    def of(self, measures: Mapping[str, float]) -> float:
        """The expected accuracy, 0 to 1, on faces with these measures."""
        found = numbers(measures)
        total = self.intercept + sum(self.weights.get(name, 0.0) * value for name, value in found.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))


def shipped_worth() -> Worth:
    """The fit that comes with ferpipe.  Raises UsageError where its file is missing or damaged."""
    file = shipped("models") / "quality.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        weights = {name: float(content["weights"][name]) for name in NUMBERS}
        return Worth(float(content["intercept"]), weights)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"the fit of 'quality' in {file} cannot be read ({error}): reinstall ferpipe"
        ) from None
