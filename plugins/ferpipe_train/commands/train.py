"""`ferpipe train`: from the command line's words to a trained network and its report."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from ferpipe import UsageError
from ferpipe_train.data import LabelledFaces
from ferpipe_train.extras import need_keras, need_matplotlib
from ferpipe_train.training.adapt import fitted
from ferpipe_train.training.checkpoint import STATE
from ferpipe_train.training.progress import TrainingTable
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.recipe_file import load_recipe
from ferpipe_train.training.train import Outcome, Stopped, load_splits, train

__all__ = ["run_training"]


class _Signals:
    """Asks the training to stop at SIGINT or SIGTERM; a second one stops it hard."""

    number: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- Python's signature
        if self.number is not None:
            raise KeyboardInterrupt
        self.number = number

    def stopping(self) -> bool:
        """Whether one came."""
        return self.number is not None


@contextmanager
def _heeding() -> Iterator[_Signals]:
    signals = _Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    before = {number: signal.signal(number, signals) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run_training(
    name: str,
    data: str | None,
    out: Path | None,
    changes: tuple[str, ...],
    *,
    start: Path | None,
    resume: bool,
    report: bool,
    quiet: bool,
) -> int:
    """Train, and give the exit code: 0, or 130 and 143 where a signal stopped it."""
    need_keras()
    if report:
        need_matplotlib()
    recipe = load_recipe(name, changes)
    console = Console(stderr=False)
    errors = Console(stderr=True)
    folder = out or Path("out") / "train" / recipe.name
    learnt, validation = load_splits(
        recipe, data, lambda line: errors.print(line, highlight=False, soft_wrap=True)
    )
    _refuse_too_little(recipe, len(learnt))
    recipe, left_out = fitted(recipe, learnt)
    for line in left_out:
        errors.print(line, highlight=False, soft_wrap=True)
    table = TrainingTable(console, quiet=quiet)
    with _heeding() as signals:
        try:
            with table:
                outcome = train(
                    recipe,
                    learnt,
                    validation,
                    folder,
                    resume=resume and (folder / STATE).exists(),
                    start=start,
                    watcher=table,
                    stop=signals.stopping,
                )
        except Stopped:
            advice = "run the same command with --resume to continue"
            errors.print(f"stopped; {folder} holds the checkpoint: {advice}", highlight=False, soft_wrap=True)
            return 128 + (signals.number or signal.SIGINT)
    _finish(recipe, outcome, folder, report=report, learnt_from=learnt, console=console)
    return 0


def _refuse_too_little(recipe: Recipe, faces: int) -> None:
    if faces < 2:
        raise UsageError(f"recipe '{recipe.name}' has {faces} face to train on: it needs at least two")


def _finish(
    recipe: Recipe,
    outcome: Outcome,
    folder: Path,
    *,
    report: bool,
    learnt_from: LabelledFaces,
    console: Console,
) -> None:
    from ferpipe_train.training.artifacts import configuration, keep_model, write_json

    card = keep_model(recipe, outcome)
    about = configuration(recipe, outcome, learnt_from)
    write_json(folder / "configuration.json", about)
    split, scores = next(iter(card.scores.items()))
    console.print(
        f"{card.path}: {100 * scores['accuracy']:.2f} % on {split} ({scores['n']} faces), "
        f"macro-F1 {scores['macro_f1']:.4f}, ECE {scores['ece']:.4f}, epoch {outcome.progress.best_epoch}",
        highlight=False,
        soft_wrap=True,
    )
    if report:
        from ferpipe_train.report import write_report

        console.print(
            f"report: {write_report(folder / 'report', card, outcome, about)}",
            highlight=False,
            soft_wrap=True,
        )
