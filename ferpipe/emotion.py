"""What a classifier says of one face."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ferpipe.text import shown

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
        is earned, and where the emotion is unsure.
    raw: the probabilities before smoothing, None where nothing smoothed them.
    unsure: whether the classifier or the smoother cannot decide which label is right.
    """

    classes: tuple[str, ...]
    probabilities: tuple[float, ...]
    label: str | None
    raw: tuple[float, ...] | None = None
    unsure: bool = False

    @classmethod
    def of(cls, classes: Sequence[str], probabilities: Iterable[float]) -> Emotion:
        """The emotion that a classifier's answer for one face stands for; the likeliest class is its label.

        probabilities: one a class, in their order, each from 0 to 1, summing to 1 within 0.01.
        Raises ValueError for anything else, such as logits: take a softmax first.
        """
        made = cls(tuple(classes), tuple(float(each) for each in probabilities), None)
        objection = made.objection()
        if objection is not None:
            raise ValueError(f"these are not probabilities of an emotion: {objection}")
        likeliest = max(range(len(made.classes)), key=made.probabilities.__getitem__)
        return dataclasses.replace(made, label=made.classes[likeliest])

    def objection(self) -> str | None:
        """What is wrong with it; None where the numbers are probabilities of the classes, and the label is
        one of these.
        """
        classes = self.classes
        if not _are_names(tuple(classes)):
            return f"the classes are {shown(classes)}, where different names are expected"
        try:
            if not _are_shares(self.probabilities, len(classes)):
                return _trouble("probabilities", self.probabilities, len(classes))
            if self.raw is not None and not _are_shares(self.raw, len(classes)):
                return _trouble("raw", self.raw, len(classes))
        except (TypeError, ValueError):
            return f"the probabilities are {shown(self.probabilities)}, where numbers are expected"
        if self.label is not None and self.label not in classes:
            return f"the label is {shown(self.label)}, which is none of the classes"
        if self.unsure and self.label is not None:
            return f"it is unsure, and yet the label is {shown(self.label)}"
        return None


@lru_cache(maxsize=64)
def _are_names(classes: tuple[object, ...]) -> bool:
    return len(set(classes)) == len(classes) and all(isinstance(name, str) for name in classes)


def _are_shares(shares: tuple[float, ...], classes: int) -> bool:
    """Whether these are so many probabilities; quick, as it runs for every face.  A sum with NaN is NaN,
    of which no comparison is true.
    """
    return (
        len(shares) == classes > 0
        and abs(sum(shares) - 1) <= _SUM_SLACK
        and min(shares) >= -_ROUNDING
        and max(shares) <= 1 + _ROUNDING
    )


def _trouble(name: str, shares: tuple[float, ...], classes: int) -> str:
    if len(shares) != classes or not shares:
        return f"there are {len(shares)} {name} for {classes} classes"
    if not math.isfinite(sum(shares)):
        return f"{name} hold a number that is not finite"
    worst = max(shares, key=lambda share: abs(share - 0.5))
    if not -_ROUNDING <= worst <= 1 + _ROUNDING:
        return f"{name} hold {worst:g}, which is not between 0 and 1 (take a softmax of logits)"
    return f"{name} sum to {sum(shares):g}, not to 1"
