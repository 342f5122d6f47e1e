"""What is left when a training ends: the network with its side file, and the report."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ferpipe import Output as File
from ferpipe import UsageError, __version__
from ferpipe.models import Input, Model, Output, digest, read_side_file
from ferpipe_networks.classifier import softmax
from ferpipe_train.data import LabelledFaces
from ferpipe_train.metrics.calibration import fit_temperature
from ferpipe_train.metrics.scores import confusion_matrix, ece, macro_f1
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.train import Outcome

__all__ = ["configuration", "keep_model"]

HELD_OUT = "held out of training"
"""The name, in side files, of the faces that `data.hold_out` keeps back."""

_PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "opencv-python")


def keep_model(recipe: Recipe, outcome: Outcome) -> Model:
    """Write `<name>.keras` and its side file into the training's folder.

    The temperature is fitted on the validation faces.  Recipes that ask for it get `model.json`
    and `model.h5` too.
    """
    path = outcome.folder / f"{recipe.name}.keras"
    File.save(path, outcome.model.read_bytes(), overwrite=True)
    faces, logits = outcome.validation, outcome.logits
    temperature = round(fit_temperature(logits, faces.labels), 4)
    answers = logits.argmax(axis=1)
    confusion = confusion_matrix(faces.labels, answers, len(faces.classes))
    scores = {
        "n": len(faces),
        "accuracy": round(float((answers == faces.labels).mean()), 4),
        "macro_f1": round(macro_f1(confusion), 4),
        "ece": round(ece(softmax(logits, temperature), faces.labels), 4),
    }
    size = recipe.data.size
    card = Model(
        name=recipe.name,
        file=path.name,
        format="keras",
        sha256=digest(path),
        classes=faces.classes,
        input=Input(height=size, width=size, channels=1 if recipe.data.color == "grey" else 3, scale="raw"),
        output=Output(kind="logits", index=0, temperature=temperature),
        data=f"{Path(faces.source).name}, {recipe.data.train}",
        recipe=recipe.name,
        scores={recipe.data.validation if recipe.data.hold_out is None else HELD_OUT: scores},
    ).placed(outcome.folder)
    card.write(_side_of(path))
    if recipe.save == "json+h5":
        _keep_for_older_tools(card, outcome)
    return card


def _side_of(path: Path) -> Path:
    """Its NAME.json; or its NAME.ferpipe.json, where an export of an earlier training has taken that."""
    second = path.with_suffix(".ferpipe.json")
    try:
        own = read_side_file(second).file == path.name
    except UsageError:
        own = False  # there is none, or it is none
    return second if own else path.with_suffix(".json")


def _keep_for_older_tools(card: Model, outcome: Outcome) -> None:
    """Write `model.json` and `model.h5`, with a side file under the name that they leave free."""
    import keras

    layers, weights = outcome.folder / "model.json", outcome.folder / "model.h5"
    first = outcome.network.outputs[0]
    plain = keras.Model(outcome.network.inputs, keras.layers.Softmax(name="probabilities")(first))
    File.save(layers, plain.to_json(), overwrite=True)
    # A whole model in the old format: tools that expect weights alone find them in it.
    plain.save(weights)
    beside = {
        "file": layers.name,
        "weights": weights.name,
        "format": "keras-json",
        "sha256": digest(layers, weights),
        "output": card.output.model_copy(update={"kind": "probabilities"}),
    }
    card.model_copy(update=beside).write(outcome.folder / "model.ferpipe.json")


def configuration(recipe: Recipe, outcome: Outcome, learnt: LabelledFaces) -> dict[str, Any]:
    """Everything that is needed to do it again: recipe, seeds, data, versions, machine."""
    import keras

    return {
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "weights": int(outcome.network.count_params()),
        "data": {
            "source": learnt.source,
            "learnt": learnt.counts(),
            "validation": outcome.validation.counts(),
            "left_out": len(learnt.problems),
        },
        "ferpipe": __version__,
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "machine": f"{platform.system()} {platform.machine()}",
        "start": outcome.progress.start,
        "seconds": round(outcome.progress.seconds, 1),
        "best": {"epoch": outcome.progress.best_epoch, recipe.monitor: outcome.progress.best},
        "history": outcome.progress.history,
    }


def write_json(path: Path, content: Any) -> None:
    """Indented, with a line's end."""
    File.save(path, json.dumps(content, indent=2) + "\n", overwrite=True)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
