"""The classifier's cost and accuracy; and how a shipped network is exported.

    python benchmarks/classifier.py [MODEL ...]          cost a face, accuracy on PublicTest
    python benchmarks/classifier.py --export CHECKPOINT.keras --name base

    python benchmarks/classifier.py --compare CHECKPOINT.keras     float32, float16, dynamic-range, int8

The second form writes models/NAME.tflite and NAME.json: the output `emotion`, the temperature
fitted and the scores measured on FER2013's PublicTest (FERPIPE_SHARED/fer2013).  It keeps the
network as NAME.keras beside them.
Times are CPU milliseconds of this thread, the least of several rounds.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ferpipe.models import Framing, Input, Model, digest
from ferpipe_networks.classifier import open_classifier, softmax
from ferpipe_train.export.convert import Precision, export_litert
from ferpipe_train.metrics.calibration import expected_calibration_error, fit_temperature

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FERPIPE_SHARED", ROOT.parent / "shared"))
FRAMING = ROOT / "plugins" / "ferpipe_faces" / "framing_fer2013.json"
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def public_test(split: str = "PublicTest") -> tuple[list[np.ndarray], np.ndarray]:
    """The faces, (48, 48) uint8, and the challenge's own labels."""
    mosaic = cv2.imread(str(SHARED / "fer2013" / f"{split}.png"), cv2.IMREAD_GRAYSCALE)
    with (SHARED / "fer2013" / f"{split}.csv").open() as stream:
        labels = np.array([int(row["emotion"]) for row in csv.DictReader(stream)])
    rows, columns = mosaic.shape[0] // 48, mosaic.shape[1] // 48
    tiles = mosaic.reshape(rows, 48, columns, 48).swapaxes(1, 2).reshape(-1, 48, 48)
    return list(tiles[: len(labels)]), labels


def scores_of(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    found = probabilities.argmax(axis=1)
    recall = [float((found[labels == c] == c).mean()) for c in range(len(CLASSES))]
    precision = [
        float((labels[found == c] == c).mean()) if (found == c).any() else 0.0 for c in range(len(CLASSES))
    ]
    f1 = [2 * p * r / (p + r) if p + r else 0.0 for p, r in zip(precision, recall, strict=True)]
    return {
        "accuracy": round(float((found == labels).mean()), 4),
        "macro_f1": round(float(np.mean(f1)), 4),
        "ece": round(expected_calibration_error(probabilities, labels), 4),
        "recall": {name: round(value, 3) for name, value in zip(CLASSES, recall, strict=True)},
        "n": len(labels),
    }


def cross_fitted_ece(logits: np.ndarray, labels: np.ndarray) -> float:
    """ECE with the temperature of each half fitted on the other, so that no face judges itself."""
    halves = np.arange(len(labels)) % 2 == 0
    shares = np.empty_like(logits)
    for half in (halves, ~halves):
        shares[half] = softmax(logits[half], fit_temperature(logits[~half], labels[~half]))
    return round(expected_calibration_error(shares, labels), 4)


def least(call, count: int, rounds: int = 9) -> float:
    """CPU milliseconds of one of `count` calls."""
    call()
    best = float("inf")
    for _ in range(rounds):
        start = time.thread_time()
        for _ in range(count):
            call()
        best = min(best, (time.thread_time() - start) / count)
    return best * 1e3


def cost(model: str) -> str:
    classifier = open_classifier(model)
    rng = np.random.default_rng(0)
    size = (classifier.card.input.height, classifier.card.input.width)
    chips = [rng.integers(0, 256, size, np.uint8) for _ in range(8)]
    one = least(lambda: classifier.probabilities(chips[:1]), 40)
    loop = least(lambda: classifier.probabilities(chips), 5) / 8
    bare = Interpreter(str(classifier.card.path), num_threads=1)
    alone = batched(bare, (1, 1))
    try:
        eight, changing = batched(bare, (8, 8)), batched(bare, (7, 8))
    except RuntimeError:  # one that mirrors the face itself takes one at a time
        eight = changing = float("nan")
    weight = classifier.card.path.stat().st_size / 1e6
    return f"{one:8.2f} {loop:8.2f} {alone:8.2f} {eight:8.2f} {changing:8.2f} {weight:8.2f}"


def batched(interpreter, sizes: tuple[int, int]) -> float:
    """CPU milliseconds a face of the network alone, in batches that alternate between two sizes."""
    interpreter.allocate_tensors()
    tensor = interpreter.get_input_details()[0]
    batches = [np.zeros((size, *tensor["shape"][1:]), tensor["dtype"]) for size in sizes]

    def call() -> None:
        for batch in batches:
            if tuple(interpreter.get_input_details()[0]["shape"]) != batch.shape:
                interpreter.resize_tensor_input(tensor["index"], batch.shape)
                interpreter.allocate_tensors()
            interpreter.set_tensor(tensor["index"], batch)
            interpreter.invoke()

    return least(call, 10) / sum(sizes)


def table(models: list[str]) -> None:
    print("CPU ms a face, one thread     through ferpipe |  network alone, in batches of")
    print(f"{'model':24} {'1 face':>8} {'of 8':>8} {'1':>8} {'8':>8} {'7 and 8':>8} {'MB':>8}")
    for model in models:
        print(f"{Path(model).name:24} {cost(model)}")
    if not (SHARED / "fer2013").is_dir():
        return
    images, labels = public_test()
    print(f"\nPublicTest, {len(labels)} faces, original labels")
    for model in models:
        for flip in (False, True):
            scores = scores_of(open_classifier(model, flip=flip).probabilities(images), labels)
            print(f"{Path(model).name:24} {'flip' if flip else '    '} {scores}")


def compare_precisions(checkpoint: Path, card: Model, images: list[np.ndarray]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        sides = []
        for precision in get_args(Precision):
            twin = card.model_copy(update={"name": f"{card.name}-{precision}", "file": f"{precision}.tflite"})
            done, difference = export_litert(
                checkpoint, twin, Path(scratch), head="emotion", precision=precision, samples=images[:300]
            )
            print(f"{precision}: largest difference of a probability {difference:.1e}")
            sides.append(str(Path(scratch) / f"{done.name}.json"))
        table(sides)


def measured(card: Model, images: list[np.ndarray], labels: np.ndarray) -> Model:
    """The card with its temperature and its scores."""
    side = str(card.path.with_suffix(".json"))
    logits = open_classifier(side).logits(images)
    temperature = round(fit_temperature(logits, labels), 3)
    flipped = open_classifier(side, flip=True, temperature=temperature).probabilities(images)
    scores = {
        **scores_of(softmax(logits, temperature), labels),
        "accuracy_flip": scores_of(flipped, labels)["accuracy"],
        "ece_before": round(expected_calibration_error(softmax(logits), labels), 4),
        "ece_cross_fitted": cross_fitted_ece(logits, labels),
        "temperature_fitted_on": "PublicTest",
    }
    output = card.output.model_copy(update={"temperature": temperature})
    changes = {"output": output, "scores": {**card.scores, "FER2013 PublicTest": scores}}
    return card.model_copy(update=changes).placed(card.path.parent)


def export(checkpoint: Path, name: str, precision: Precision, recipe: str, *, mirror: bool) -> None:
    images, labels = public_test()
    card = Model(
        name=name,
        file=f"{name}.tflite",
        format="litert",
        classes=CLASSES,
        input=Input(height=48, width=48, channels=1, scale="raw"),
        data="FER2013 Training without what FER+ calls no face; its labels, mixed with FER+ votes",
        recipe=recipe,
        framing=Framing.model_validate_json(FRAMING.read_bytes()),
        licence="Apache-2.0",
        source="trained by the ferpipe developers",
    )
    samples = public_test("Training")[0][:500] if precision == "int8" else images
    done, difference = export_litert(
        checkpoint, card, ROOT / "models", head="emotion", mirror=mirror, precision=precision, samples=samples
    )
    parity = {"precision": precision, "largest_difference": float(f"{difference:.2g}"), "n": len(samples)}
    done = done.model_copy(update={"scores": {"export": parity}}).placed(ROOT / "models")
    final = measured(done, images, labels)
    final.write(ROOT / "models" / f"{name}.json")
    keep_network(checkpoint, final)
    print(final.model_dump_json(indent=2))


def keep_network(checkpoint: Path, card: Model) -> None:
    """The Keras network itself, which explaining and further training need, and its own side file."""
    kept = ROOT / "models" / f"{card.name}.keras"
    if kept != checkpoint.resolve():
        kept.write_bytes(checkpoint.read_bytes())
    recipe = card.recipe.split(";")[0]  # what follows is of the exported file
    changes = {"file": kept.name, "format": "keras", "sha256": digest(kept), "recipe": recipe, "scores": {}}
    twin = card.model_copy(update=changes).placed(kept.parent)
    side = kept.with_suffix(".ferpipe.json")
    twin.write(side)
    images, labels = public_test()
    temperature = round(fit_temperature(open_classifier(str(kept)).logits(images), labels), 3)
    output = card.output.model_copy(update={"temperature": temperature})
    twin.model_copy(update={"output": output}).write(side)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=["base"])
    parser.add_argument("--export", type=Path, metavar="CHECKPOINT")
    parser.add_argument("--compare", type=Path, metavar="CHECKPOINT", help="its precisions")
    parser.add_argument("--name", default="base")
    parser.add_argument("--precision", default="float32", choices=get_args(Precision))
    parser.add_argument("--mirror", action="store_true", help="the file averages over the mirrored face")
    parser.add_argument("--recipe", default="", help="said in the side file")
    arguments = parser.parse_args()
    if arguments.export:
        export(
            arguments.export, arguments.name, arguments.precision, arguments.recipe, mirror=arguments.mirror
        )
        return table([arguments.name])
    if arguments.compare:
        card = Model(
            name="twin",
            file="twin.tflite",
            format="litert",
            classes=CLASSES,
            input=Input(height=48, width=48),
        )
        return compare_precisions(arguments.compare, card, public_test()[0])
    return table(arguments.models)


if __name__ == "__main__":
    main()
