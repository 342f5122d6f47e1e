"""How far the label of a face can be believed: a logistic regression, kept in a model's side file."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Reliability"]

_NUMBERS = ("confidence", "turned")


class Reliability(BaseModel):
    """How likely the label of a face is right: 1 / (1 + exp(-(intercept + sum of weight * number))).

    The numbers are `confidence`, the log odds of the largest probability after the temperature, and
    `turned`, the turn of the head in tens of degrees.  One that is not known counts as 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    intercept: float = Field(description="The sum for a face of which every number is 0.")
    weights: dict[str, float] = Field(description="The weight of each number: confidence, turned.")
    threshold: float = Field(
        ge=0, le=1, description="Reliability below which a label is unsure, unless a pipeline sets another."
    )
    data: str = Field(default="", description="The faces that it was fitted on.")

    @model_validator(mode="after")
    def _numbers_exist(self) -> Reliability:
        if unknown := sorted(self.weights.keys() - set(_NUMBERS)):
            raise ValueError(f"weights has no number '{unknown[0]}': there are {' and '.join(_NUMBERS)}")
        return self

    def of(self, numbers: Mapping[str, float]) -> float:
        """The reliability, 0 to 1, of a face with these numbers."""
        total = self.intercept + sum(self.weights.get(name, 0.0) * value for name, value in numbers.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))
