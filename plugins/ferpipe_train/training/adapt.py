"""A recipe made to fit: without what the data does not provide, and shortened to the epochs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ferpipe.models import load_model_card
from ferpipe_train.data import FER_CLASSES, LabelledFaces
from ferpipe_train.training.recipe import Labels, Recipe

__all__ = ["fitted"]

_OF_VOTES: dict[str, Any] = {"ferplus": 0.0, "not_a_face": None, "second_head": None}
"""The labels that need FER+'s votes, and what stands for leaving them out."""


def fitted(recipe: Recipe, faces: LabelledFaces) -> tuple[Recipe, list[str]]:
    """The recipe without labels and views that `faces` do not have, its schedule no longer than the
    training, and a line for each change.

    So the shipped recipes train on FER2013 without FER+, on people's own classes, and for an epoch
    or two as a trial.  Raises UsageError where a teacher's file is missing or damaged.
    """
    labels, lines = recipe.labels, []
    if faces.votes is None or faces.classes != FER_CLASSES:
        changes = {name: off for name, off in _OF_VOTES.items() if getattr(labels, name) != off}
        if changes:
            named = ", ".join(f"labels.{name}" for name in changes)
            lines.append(f"these faces have no FER+ votes (fer2013new.csv): removed from the recipe: {named}")
            labels = labels.model_copy(update=changes)
    if labels.teacher is not None and (other := _teaches_other_classes(labels, faces)):
        lines.append(f"the teacher '{other}' has other classes: removed from the recipe: labels.teacher")
        labels = labels.model_copy(update={"teacher": None})
    data = recipe.data
    if data.views is not None and not Path(data.views.path).is_file():
        lines.append(f"there is no file '{data.views.path}': removed from the recipe: data.views")
        data = data.model_copy(update={"views": None})
    schedule = recipe.schedule
    spent = schedule.warmup + getattr(schedule, "decay", 0)
    if spent > recipe.epochs:
        names = [name for name in ("warmup", "decay") if getattr(schedule, name, 0)]
        shorter = {name: round(getattr(schedule, name) * recipe.epochs / spent, 6) for name in names}
        shown = " and ".join(f"schedule.{name}={value:g}" for name, value in shorter.items())
        taken = f"take {spent:g} of {recipe.epochs} epochs"
        lines.append(f"the schedule's warm-up and decay {taken}: shortened to {shown}")
        schedule = schedule.model_copy(update=shorter)
    return recipe.model_copy(update={"labels": labels, "data": data, "schedule": schedule}), lines


def _teaches_other_classes(labels: Labels, faces: LabelledFaces) -> str | None:
    for name in labels.teacher.models if labels.teacher else ():
        if load_model_card(name).classes != faces.classes:
            return name
    return None
