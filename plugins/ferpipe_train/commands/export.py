"""`ferpipe export`: a Keras network to LiteRT or ONNX, and what that costs in accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
from rich.console import Console

from ferpipe import UsageError
from ferpipe.models import Found, Model, find_model, keras_twin
from ferpipe_networks.classifier import classifier_of, open_classifier
from ferpipe_networks.quiet_keras import import_quietly
from ferpipe_train.data.faces import in_classes_of, pictures
from ferpipe_train.data.load import faces_for
from ferpipe_train.evaluation.evaluate import evaluate
from ferpipe_train.extras import need_keras
from ferpipe_train.metrics.calibration import fit_temperature

__all__ = ["run_ensemble", "run_export"]

_SAMPLES = 500
"""Faces that set the ranges of int8."""


def run_export(
    model: Path,
    out: Path,
    precision: str = "float32",
    data: str | None = None,
    head: str | int | None = None,
    *,
    mirror: bool = False,
) -> int:
    """Export `model`, a Keras network or the name of one, to `out`; gives the exit code.

    head: as `export_litert` has it.
    """
    need_keras()
    if out.suffix not in {".tflite", ".onnx"}:
        raise UsageError(f"'{out}' must end in .tflite or .onnx")
    onnx = out.suffix == ".onnx"
    if onnx and precision != "float32":
        raise UsageError(f"--{precision} is for .tflite files; ONNX is written as float32")
    if precision == "int8" and data is None:
        raise UsageError("int8 needs faces to set its ranges: give --data")
    found, card = _keras_to_export(model)
    import_quietly()
    from ferpipe_networks.keras import KerasNetwork
    from ferpipe_networks.keras_files import load_keras
    from ferpipe_train.export.convert import Precision, export_litert, export_onnx

    console, errors = Console(), Console(stderr=True)
    samples = None
    if data is not None:
        learnt = faces_for(card, data, "Training", errors)
        rows = np.random.default_rng(0).permutation(len(learnt))[:_SAMPLES]
        samples = pictures(learnt.take(np.sort(rows)))
    network = load_keras(found)
    card = card.model_copy(update={"name": out.stem, "file": out.name, "weights": None})
    if onnx:
        done, difference = export_onnx(
            found, card, out.parent, network=network, head=head, mirror=mirror, samples=samples
        )
    else:
        done, difference = export_litert(
            found,
            card,
            out.parent,
            network=network,
            head=head,
            mirror=mirror,
            precision=cast("Precision", precision),
            samples=samples,
        )
    size = done.path.stat().st_size / 1e6
    console.print(
        f"{done.path}: {precision}, {size:.2f} MB, probabilities differ by at most {difference:.1e}",
        highlight=False,
        soft_wrap=True,
    )
    if data is not None:
        measured = [classifier_of(found, KerasNetwork(found, network=network))]
        if not onnx:
            measured.append(open_classifier(Found(done.path, "litert", card=done)))
        for classifier in measured:
            faces = faces_for(classifier.card, data, "PublicTest", errors)
            accuracy = evaluate(classifier, faces, robustness=False, rounds=1).report["accuracy"]
            console.print(
                f"{classifier.card.path}: {100 * accuracy:.2f} % of {len(faces)} faces",
                highlight=False,
                soft_wrap=True,
            )
    return 0


def _keras_to_export(model: Path) -> tuple[Found, Model]:
    """The Keras network that `model` means, and its side file; raises UsageError where either is missing."""
    found = find_model(model)
    if found.card is None:
        raise UsageError(f"'{model}' has no side file: ferpipe train writes one; docs/models.md describes it")
    if found.format != "litert":
        return found, found.card
    twin = None if model.suffix == ".tflite" else keras_twin(found)
    if twin is None or twin.card is None:
        raise UsageError(f"'{found.path}' is already a LiteRT file: export takes the Keras network")
    if twin.card.format == "litert":  # what is said there is said of the other file
        raise UsageError(f"'{twin.path}' has no side file of its own; docs/models.md describes it")
    return twin, twin.card


def run_ensemble(models: Sequence[Path], out: Path, data: str | None, *, soup: bool = False) -> int:
    """Join `models` into `out`; gives the exit code.

    With `data` the temperature is fitted, and the accuracy measured, on its PublicTest part.
    """
    need_keras()
    if out.suffix != ".keras":
        raise UsageError(f"'{out}' must end in .keras: the ensemble is built first, then exported")
    import_quietly()
    from ferpipe_networks.keras import KerasNetwork
    from ferpipe_train.export.ensemble import ensemble, members

    console, errors = Console(), Console(stderr=True)
    found = members(models)  # before the data is read, so that what is wrong with them is reported first
    first = found[0].card
    faces = None
    if data is not None:
        faces = in_classes_of(faces_for(first, data, "PublicTest", errors), first.classes)
    card, network = ensemble(found, out, soup=soup)
    what = "the weights of " if soup else ""
    line = f"{out}: the mean of {what}{len(models)} networks, {out.stat().st_size / 1e6:.2f} MB"
    if faces is not None:
        written = Found(out, "keras", card=card)
        logits = classifier_of(written, KerasNetwork(written, network=network)).logits(pictures(faces))
        temperature = round(fit_temperature(logits, faces.labels), 4)
        output = card.output.model_copy(update={"temperature": temperature})
        accuracy = float((logits.argmax(axis=1) == faces.labels).mean())
        scores = {"PublicTest": {"n": len(faces), "accuracy": round(accuracy, 4)}}
        changed = card.model_copy(update={"output": output, "scores": scores}).placed(out.parent)
        changed.write(out.with_suffix(".ferpipe.json"))
        line += f", {100 * accuracy:.2f} % of {len(faces)} faces, temperature {temperature}"
    console.print(line, highlight=False, soft_wrap=True)
    return 0
