"""Write the report folder: learning curves, confusion, classes, mistakes, architecture, configuration."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from ferpipe import Output
from ferpipe.models import Model
from ferpipe_networks.classifier import softmax
from ferpipe_train.extras import need_matplotlib
from ferpipe_train.metrics.scores import confusion_matrix, per_class
from ferpipe_train.report import plots
from ferpipe_train.report.architecture import architecture
from ferpipe_train.report.mistakes import worst_mistakes
from ferpipe_train.report.page import page, picture, table
from ferpipe_train.training.train import Outcome

__all__ = ["write_report"]


def write_report(folder: Path, card: Model, outcome: Outcome, configuration: dict[str, Any]) -> Path:
    """Fill `folder` and give its `index.html`."""
    need_matplotlib()
    folder.mkdir(parents=True, exist_ok=True)
    faces = outcome.validation
    shares = softmax(outcome.logits, card.output.temperature)
    classes = list(faces.classes)
    confusion = confusion_matrix(faces.labels, shares.argmax(axis=1), len(classes))
    rows = [
        {"name": name, "n": entry.n, "recall": entry.recall, "precision": entry.precision, "f1": entry.f1}
        for name, entry in zip(classes, per_class(confusion), strict=True)
    ]
    pictures = {
        "learning_curves": plots.curves(outcome.progress.history, outcome.progress.best_epoch),
        "confusion": plots.confusion(confusion, classes),
        "classes": plots.recalls(rows),
        "reliability": plots.reliability(shares, faces.labels),
        "worst_mistakes": worst_mistakes(faces, shares),
        "architecture": architecture(outcome.network),
    }
    for name, content in pictures.items():
        Output.save(folder / f"{name}.png", content, overwrite=True)
    text = json.dumps(configuration, indent=2)
    Output.save(folder / "configuration.json", text + "\n", overwrite=True)
    written = _page(card, outcome, rows, pictures, configuration)
    return Output.save(folder / "index.html", written, overwrite=True)


def _page(
    card: Model,
    outcome: Outcome,
    rows: list[dict[str, Any]],
    pictures: dict[str, bytes],
    configuration: dict[str, Any],
) -> str:
    scores = next(iter(card.scores.values()))
    split = next(iter(card.scores))
    about = (
        f"{outcome.network.count_params():,} weights; epoch {outcome.progress.best_epoch} of "
        f"{len(outcome.progress.history)} is kept. On {scores['n']} faces of {split}: accuracy "
        f"{100 * scores['accuracy']:.2f} %, macro-F1 {scores['macro_f1']:.4f}, ECE {scores['ece']:.4f} "
        f"(temperature {card.output.temperature:.3f}, fitted on the same faces)."
    )
    cells = (
        (r["name"], r["n"], f"{r['recall']:.3f}", f"{r['precision']:.3f}", f"{r['f1']:.3f}") for r in rows
    )
    plain = {key: value for key, value in configuration.items() if key != "history"}
    return page(
        f"{card.name}: training",
        [
            f"<p>{escape(about)}</p>",
            picture(pictures["learning_curves"], "learning curves"),
            "<h2>Classes</h2>",
            table(("class", "faces", "recall", "precision", "F1"), cells),
            picture(pictures["confusion"], "confusion matrix"),
            picture(pictures["classes"], "recall and precision of each class"),
            picture(pictures["reliability"], "reliability diagram"),
            "<h2>Worst mistakes</h2>",
            picture(pictures["worst_mistakes"], "the faces with the least probability of their label"),
            "<h2>Architecture</h2>",
            picture(pictures["architecture"], "architecture"),
            "<h2>Configuration</h2>",
            f"<pre>{escape(json.dumps(plain, indent=2))}</pre>",
        ],
    )
