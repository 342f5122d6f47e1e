"""Evaluate a classifier on labelled faces, and compare two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError, __version__
from ferpipe_networks.classifier import Classifier
from ferpipe_train.data.faces import (
    FER_CLASSES,
    FERPLUS_OF_FER,
    LabelledFaces,
    in_classes_of,
    pictures,
)
from ferpipe_train.evaluation.corruptions import CONDITIONS, SLIGHT_CHANGES, disturb
from ferpipe_train.metrics.scores import (
    Floats,
    Ints,
    bootstrap,
    confusion_matrix,
    ece,
    macro_f1,
    negative_log_likelihood,
    per_class,
)

__all__ = ["FORMAT", "Evaluated", "compare", "evaluate", "ferplus_majority"]

FORMAT = "ferpipe.evaluation/1"
_DIGITS = 6

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """What a model answered for faces: (N, K) probabilities, and the report made from them."""

    faces: LabelledFaces
    probabilities: Floats
    report: dict[str, Any]


def evaluate(
    classifier: Classifier,
    faces: LabelledFaces,
    *,
    split: str = "",
    robustness: bool = True,
    rounds: int = 1000,
    say: Say = lambda _: None,
) -> Evaluated:
    """Every figure of `classifier` on `faces`; see docs/training.md for the report's keys."""
    faces = in_classes_of(faces, classifier.classes)
    images = pictures(faces)
    say(f"{len(faces)} faces")
    probabilities = _answers(classifier, images)
    report = {
        "format": FORMAT,
        "ferpipe": __version__,
        "model": _about(classifier),
        "data": {"source": Path(faces.source).name, "split": split, "left_out": len(faces.problems)},
        **_figures(probabilities, faces, rounds),
        "ferplus": _ferplus(probabilities, faces),
        "robustness": [],
        "stability": [],
    }
    labels = probabilities.argmax(axis=1)
    for condition in CONDITIONS if robustness else ():
        say(condition)
        answers = _answers(classifier, disturb(images, condition)).argmax(axis=1)
        confusion = confusion_matrix(faces.labels, answers, len(faces.classes))
        report["robustness"].append(
            {
                "condition": condition,
                "accuracy": _round((answers == faces.labels).mean()),
                "macro_f1": _round(macro_f1(confusion)),
            }
        )
    for change in SLIGHT_CHANGES if robustness else ():
        say(change)
        answers = _answers(classifier, disturb(images, change)).argmax(axis=1)
        report["stability"].append({"change": change, "labels_changed": _round((answers != labels).mean())})
    return Evaluated(faces, probabilities, report)


def compare(one: Evaluated, two: Evaluated, *, rounds: int = 2000) -> dict[str, Any]:
    """How much better `two` is than `one` on the same faces, with paired bootstrap intervals.

    The models may have their classes in different orders, and classes that only one of them knows.
    Raises UsageError where the two were not measured on the same labelled faces.
    """
    names = _merged(one.faces.classes, two.faces.classes)
    labels = _renumbered(one.faces.labels, one.faces.classes, names)
    if not np.array_equal(labels, _renumbered(two.faces.labels, two.faces.classes, names)):
        sizes = [f"'{each.report['model']['name']}' ({len(each.faces)} faces)" for each in (one, two)]
        raise UsageError(
            f"{' and '.join(sizes)} cannot be compared, since they were measured on different faces: "
            "evaluate both on the same data and split"
        )
    first = _renumbered(one.probabilities.argmax(axis=1), one.faces.classes, names)
    second = _renumbered(two.probabilities.argmax(axis=1), two.faces.classes, names)
    first_right, second_right = first == labels, second == labels
    gain = second_right.astype(float) - first_right.astype(float)
    classes = len(names)

    def f1_gain(rows: Ints) -> float:
        after = macro_f1(confusion_matrix(labels[rows], second[rows], classes))
        return after - macro_f1(confusion_matrix(labels[rows], first[rows], classes))

    accuracy = bootstrap(lambda rows: float(gain[rows].mean()), len(labels), rounds=rounds)
    f1 = bootstrap(f1_gain, len(labels), rounds=rounds)
    return {
        "model": two.report["model"],
        "accuracy": two.report["accuracy"],
        "macro_f1": two.report["macro_f1"],
        "accuracy_gain": _round(accuracy.value),
        "accuracy_gain_interval": accuracy.as_list(),
        "macro_f1_gain": _round(f1.value),
        "macro_f1_gain_interval": f1.as_list(),
        "only_first_right": int((first_right & ~second_right).sum()),
        "only_second_right": int((second_right & ~first_right).sum()),
    }


def _merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """The classes of both, in lower case, each once."""
    return tuple(dict.fromkeys(name.lower() for name in (*first, *second)))


def _renumbered(numbers: Ints, classes: tuple[str, ...], names: tuple[str, ...]) -> Ints:
    """Numbers of `classes` as numbers of `names`, which holds them in lower case."""
    places = np.array([names.index(name.lower()) for name in classes], np.int64)
    return places[numbers]


def ferplus_majority(votes: npt.NDArray[np.float32]) -> Ints:
    """The FER2013 class that more than half of the FER+ taggers chose, -1 where there is none.

    Votes for contempt, unknown and no face count against it.
    """
    seven = votes[:, FERPLUS_OF_FER]
    best = seven.argmax(axis=1)
    most = seven[np.arange(len(votes)), best]
    return np.where(most * 2 > votes.sum(axis=1), best, -1).astype(np.int64)


def _answers(classifier: Classifier, images: list[npt.NDArray[np.uint8]]) -> Floats:
    size = 256
    parts = [classifier.probabilities(images[i : i + size]) for i in range(0, len(images), size)]
    answers = np.concatenate(parts)
    if bad := int((~np.isfinite(answers)).any(axis=1).sum()):
        raise UsageError(
            f"model '{classifier.card.name}' gives no finite answer for {bad} faces: its file is damaged"
        )
    return answers


def _about(classifier: Classifier) -> dict[str, Any]:
    card = classifier.card
    return {
        "name": card.name,
        "file": card.file,
        "format": card.format,
        "sha256": card.sha256,
        "classes": list(card.classes),
        "temperature": classifier.temperature,
        "flip": classifier.flip,
    }


def _figures(probabilities: Floats, faces: LabelledFaces, rounds: int) -> dict[str, Any]:
    labels, classes = faces.labels, len(faces.classes)
    answers = probabilities.argmax(axis=1)
    confusion = confusion_matrix(labels, answers, classes)
    right = answers == labels
    accuracy = bootstrap(lambda rows: float(right[rows].mean()), len(labels), rounds=rounds)
    f1 = bootstrap(
        lambda rows: macro_f1(confusion_matrix(labels[rows], answers[rows], classes)),
        len(labels),
        rounds=rounds,
    )
    rows = [
        {
            "name": name,
            "n": entry.n,
            "recall": _round(entry.recall),
            "precision": _round(entry.precision),
            "f1": _round(entry.f1),
        }
        for name, entry in zip(faces.classes, per_class(confusion), strict=True)
    ]
    return {
        "n": len(labels),
        "accuracy": _round(accuracy.value),
        "accuracy_interval": accuracy.as_list(),
        "macro_f1": _round(f1.value),
        "macro_f1_interval": f1.as_list(),
        "ece": _round(ece(probabilities, labels)),
        "negative_log_likelihood": _round(negative_log_likelihood(probabilities, labels)),
        "classes": rows,
        "confusion": confusion.tolist(),
    }


def _ferplus(probabilities: Floats, faces: LabelledFaces) -> dict[str, Any] | None:
    """Accuracy against FER+'s majority, None where there are no votes or other classes."""
    if faces.votes is None or set(faces.classes) != set(FER_CLASSES):
        return None
    majority = ferplus_majority(faces.votes)
    known = majority >= 0
    if not known.any():
        return None
    order = np.array([faces.classes.index(name) for name in FER_CLASSES])
    answers = probabilities[known].argmax(axis=1)
    return {"n": int(known.sum()), "accuracy": _round((answers == order[majority[known]]).mean())}


def _round(value: Any) -> float:
    return round(float(value), _DIGITS)
