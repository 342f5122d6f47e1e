"""The learning rate of every step, computed here so that every backend gets the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.recipe_parts import Constant, Cosine, Plateau, StableDecay

__all__ = ["PlateauState", "better", "rate_at"]


def rate_at(recipe: Recipe, step: int, steps: int, factor: float = 1.0) -> float:
    """The rate of step number `step` (from 0), `steps` of them an epoch.

    `factor` is what a plateau has reduced the rate to (see `PlateauState`).
    """
    rate = recipe.optimizer.rate
    schedule = recipe.schedule
    epoch = step / steps
    if epoch < schedule.warmup:
        return rate * (0.1 + 0.9 * epoch / schedule.warmup)
    if isinstance(schedule, Cosine):
        done = (epoch - schedule.warmup) / max(recipe.epochs - schedule.warmup, 1e-9)
        return rate * (schedule.floor + (1 - schedule.floor) * (1 + math.cos(math.pi * min(done, 1.0))) / 2)
    if isinstance(schedule, StableDecay):
        left = recipe.epochs - epoch
        return rate * max(schedule.floor, min(1.0, left / schedule.decay)) if schedule.decay else rate
    if isinstance(schedule, Plateau):
        return max(rate * factor, min(rate, schedule.min_rate))
    if isinstance(schedule, Constant):
        return rate / (1 + schedule.inverse * step)
    raise TypeError(type(schedule))


def better(monitor: str, value: float, best: float | None) -> bool:
    """Whether `value` is better than the best one so far; losses are better when lower."""
    return best is None or (value < best if monitor == "loss" else value > best)


@dataclass(slots=True)
class PlateauState:
    """How far a plateau schedule has reduced the rate."""

    factor: float = 1.0
    best: float | None = None
    waited: int = 0

    def see(self, schedule: Plateau, value: float) -> None:
        """Take note of an epoch's validation."""
        if better(schedule.monitor, value, self.best):
            self.best, self.waited = value, 0
            return
        self.waited += 1
        if self.waited >= schedule.patience:
            self.factor, self.waited = self.factor * schedule.factor, 0
