"""What a classifier says of one face."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Emotion"]

_ROUNDING = 1e-6
"""How far rounding may take a probability beyond 0 and 1."""
_SUM_SLACK = 0.01
"""How far a sum of probabilities may lie from 1: networks of eight bits round each of them."""


@dataclass(frozen=True, slots=True)
class Emotion:
    """What a classifier says of one face.

    classes: names, in the order of the network's outputs.
    probabilities: one per class, summing to 1; smoothed where a smoother ran.
    label: the name shown; after a smoother it need not be the arg-max, and is None until one
        is earned.
    raw: the probabilities before smoothing, None where nothing smoothed them.
    """

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    label: str | None
    raw: tuple[float, ...] | None = None

    @classmethod
    def of(cls, classes: Sequence[str], probabilities: Iterable[float]) -> Emotion:
        """The emotion that a classifier's answer for one face stands for; the likeliest class is its label.

        probabilities: one a class, in their order, each from 0 to 1, summing to 1 within 0.01.
        Raises ValueError for anything else, such as logits: take a softmax first.
        """
        made = cls(tuple(classes), tuple(float(each) for each in probabilities), "")
        objection = made.objection()
        if objection is not None:
            raise ValueError(f"these are no probabilities of an emotion: {objection}")
        likeliest = max(range(len(made.classes)), key=made.probabilities.__getitem__)
        return dataclasses.replace(made, label=made.classes[likeliest])

    def objection(self) -> str | None:
        """What is wrong with the numbers; None where they are probabilities of the classes."""
        for name, shares in (("probabilities", self.probabilities), ("raw", self.raw)):
            if shares is None:
                continue
            if len(shares) != len(self.classes) or not shares:
                return f"there are {len(shares)} {name} for {len(self.classes)} classes"
            total = sum(shares)
            if not math.isfinite(total):
                return f"{name} hold a number that is not finite"
            if min(shares) < -_ROUNDING or max(shares) > 1 + _ROUNDING:
                worst = max(shares, key=lambda share: abs(share - 0.5))
                return f"{name} hold {worst:g}, which is not between 0 and 1 (take a softmax of logits)"
            if abs(total - 1) > _SUM_SLACK:
                return f"{name} sum to {total:g}, not to 1"
        return None
