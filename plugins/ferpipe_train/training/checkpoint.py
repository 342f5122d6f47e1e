"""Where a training is, kept so that it goes on from the same step after a kill.

One npz file holds everything that changes: weights, averages, seeds, the optimiser's
variables, and the history.  It is written beside its name and renamed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from pydantic import ValidationError

from ferpipe import UsageError
from ferpipe_train.training.fingerprint import Inputs
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.recipe_parts import Constant, Plateau, StableDecay
from ferpipe_train.training.schedule import PlateauState

__all__ = ["STATE", "Progress", "load_state", "save_state"]

STATE = "state.npz"
_FORMAT = "ferpipe.training/1"
_FREE = {"about", "checkpoint_seconds"}
"""What of a recipe may differ when a training goes on."""


@dataclass(slots=True)
class Progress:
    """How far a training is.

    epoch, step: the next one to do, from 0.  sums: of the running epoch's figures.
    history: a dict of figures for each finished epoch.
    best, best_epoch: the best validation so far and its epoch, from 1.  waited: epochs since.
    seconds: spent so far.  start: the file of weights that it began with, if any.
    """

    epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    best: float | None = None
    best_epoch: int = 0
    waited: int = 0
    seconds: float = 0.0
    plateau: PlateauState = field(default_factory=PlateauState)
    start: dict[str, Any] | None = None


def save_state(
    folder: Path, recipe: Recipe, inputs: Inputs, progress: Progress, variables: list[Any]
) -> None:
    """Write the state to `folder`, all or nothing."""
    about = {
        "format": _FORMAT,
        "recipe": recipe.model_dump(mode="json"),
        "data": inputs.faces,
        "teachers": inputs.teachers,
        "progress": asdict(progress),
    }
    part = folder / f"{STATE}.part"
    with part.open("wb") as file:
        arrays = {f"v{i:04d}": np.asarray(variable) for i, variable in enumerate(variables)}
        np.savez(file, about=np.array(json.dumps(about)), **arrays)  # type: ignore[arg-type]
    part.replace(folder / STATE)


def load_state(folder: Path, recipe: Recipe, inputs: Inputs, variables: list[Any]) -> Progress:
    """Set `variables` to what was saved and give the progress.

    Raises UsageError where the recipe, the data or a teacher is another one, or the file is damaged.
    """
    about, arrays = _read(folder)
    before, now, saved = _filled(about["recipe"]), recipe.model_dump(mode="json"), about["progress"]
    begun = saved["epoch"] + bool(saved["step"])
    free = _FREE | ({"epochs"} if _may_end_elsewhere(recipe, before["epochs"], begun) else set())
    if changed := sorted(key for key in now if key not in free and before.get(key) != now[key]):
        raise UsageError(
            f"{folder} contains a training with another recipe ({', '.join(changed)} differ): "
            "continue with the old one, or train into another folder"
        )
    stored = Inputs.stored(about)
    if stored.faces != inputs.faces:
        raise UsageError(
            f"{folder} contains a training on other faces: give it the same data, or another folder"
        )
    if names := inputs.changed_teachers(stored):
        raise UsageError(
            f"the file of the teacher '{names[0]}' is another one than when the training in {folder} began: "
            "put that one back, or train into another folder"
        )
    if [a.shape for a in arrays] != [tuple(v.shape) for v in variables]:
        raise UsageError(f"{folder / STATE} does not fit this network: was it written by another version?")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return Progress(**{**saved, "plateau": PlateauState(**saved["plateau"])})


def _filled(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored recipe; options that came with a later version of ferpipe have their defaults."""
    try:
        return Recipe.model_validate(stored).model_dump(mode="json")
    except ValidationError:
        return stored


def _may_end_elsewhere(recipe: Recipe, before: int, begun: int) -> bool:
    """Whether the epochs begun are the same with another end: the rate has not begun to fall."""
    if isinstance(recipe.schedule, StableDecay):
        return begun + recipe.schedule.decay <= min(before, recipe.epochs)
    return isinstance(recipe.schedule, (Constant, Plateau)) and begun <= recipe.epochs


def _read(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    path = folder / STATE
    if not path.exists():
        raise UsageError(f"{folder} contains no training to resume ({STATE} is not there)")
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file["about"]))
            return about, [file[name] for name in sorted(file.files) if name != "about"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise UsageError(f"{path} is damaged: {error}") from error
