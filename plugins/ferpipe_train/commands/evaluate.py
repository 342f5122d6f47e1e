"""`ferpipe evaluate`: from the command line's words to figures, tables and pages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ferpipe import Output
from ferpipe_networks.classifier import open_classifier
from ferpipe_train.data.load import faces_for
from ferpipe_train.evaluation.evaluate import Evaluated, compare, evaluate
from ferpipe_train.report.tables import print_evaluation

__all__ = ["Request", "run_evaluation"]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be measured; see the options of `ferpipe evaluate`."""

    model: str
    data: str
    split: str = "PublicTest"
    compare: str | None = None
    classes: tuple[str, ...] | None = None
    scale: str | None = None
    flip: bool = False
    robustness: bool = True
    threads: int = 2
    strict: bool = False


def run_evaluation(
    request: Request, *, json_out: Path | None, html_out: Path | None, quiet: bool = False
) -> int:
    """Measure, print and write; gives the exit code."""
    if html_out is not None:
        from ferpipe_train.extras import need_matplotlib

        need_matplotlib()
    errors = Console(stderr=True)
    evaluated = _measure(request, request.model, errors, robustness=request.robustness)
    if request.compare:
        other = _measure(request, request.compare, errors, robustness=False)
        evaluated.report["comparison"] = compare(evaluated, other)
    if not quiet:
        print_evaluation(Console(), evaluated.report)
    if json_out is not None:
        _write(json_out, json.dumps(evaluated.report, indent=2) + "\n")
    if html_out is not None:
        from ferpipe_train.report.page import evaluation_page

        _write(html_out, evaluation_page(evaluated))
    return 0


def _measure(request: Request, model: str, errors: Console, *, robustness: bool) -> Evaluated:
    given: dict[str, Any] = {"scale": request.scale} if request.scale else {}
    is_first = model == request.model
    classifier = open_classifier(
        model,
        classes=request.classes if is_first else None,
        given=given if is_first else {},
        threads=request.threads,
        flip=request.flip,
    )
    faces = faces_for(classifier.card, request.data, request.split, errors, strict=request.strict)
    with errors.status(f"{model}: {len(faces)} faces") as status:
        evaluated = evaluate(
            classifier,
            faces,
            split=request.split,
            robustness=robustness,
            say=lambda what: status.update(f"{model}: {what}"),
        )
    classifier.close()
    return evaluated


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Output.save(path, text, overwrite=True)
