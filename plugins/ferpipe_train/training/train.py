"""Train a network by a recipe: the loop, its checkpoints, and what it leaves behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ferpipe import UsageError
from ferpipe_networks.classifier import softmax
from ferpipe_networks.quiet_keras import import_quietly
from ferpipe_train.data import DataOptions, LabelledFaces, load_faces
from ferpipe_train.data.duplicates import held_out
from ferpipe_train.extras import need_keras
from ferpipe_train.metrics.scores import confusion_matrix, macro_f1, negative_log_likelihood
from ferpipe_train.training.batches import Batches
from ferpipe_train.training.checkpoint import STATE, Progress, load_state, save_state
from ferpipe_train.training.fingerprint import Inputs
from ferpipe_train.training.initial_weights import take_weights
from ferpipe_train.training.recipe import Recipe
from ferpipe_train.training.recipe_parts import Plateau
from ferpipe_train.training.schedule import better, rate_at

__all__ = ["BEST", "Outcome", "Stopped", "Watcher", "load_splits", "train"]

BEST = "best.keras"
_EVALUATED = 256
"""Faces a batch in validation."""


class Stopped(Exception):  # noqa: N818 -- it is no error
    """The training was asked to stop; its state is saved."""


class Watcher(Protocol):
    """What sees a training: the table in the terminal, or a test."""

    def begin(self, recipe: Recipe, steps: int, progress: Progress, weights: int) -> None:
        """The training begins or goes on."""
        ...

    def step(self, progress: Progress, rate: float, logs: dict[str, float]) -> None:
        """A batch is done."""
        ...

    def epoch(self, row: dict[str, float], *, best: bool) -> None:
        """An epoch is done."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training left: the best network's file, and logits (N, K) of its validation faces."""

    folder: Path
    model: Path
    network: Any
    progress: Progress
    validation: LabelledFaces
    logits: npt.NDArray[np.float64]


def load_splits(
    recipe: Recipe, data: str | None, warn: Callable[[str], None]
) -> tuple[LabelledFaces, LabelledFaces]:
    """The faces to learn from and those to choose by; `data` overrides the recipe's path."""
    wants = recipe.data
    options = DataOptions(wants.size, wants.color, wants.classes, wants.share, strict=wants.strict)
    faces = load_faces(data or wants.path, options, warn=warn)
    learnt = faces.split(wants.train)
    validation = None
    if wants.hold_out is not None:
        if wants.hold_out >= len(learnt):
            raise UsageError(
                f"data.hold_out is {wants.hold_out}, but there are only {len(learnt)} faces to learn from"
            )
        kept = held_out(learnt.images, wants.hold_out, recipe.seed)
        learnt, validation = learnt.take(np.flatnonzero(~kept)), learnt.take(np.flatnonzero(kept))
    if wants.limit is not None and wants.limit < len(learnt):
        learnt = learnt.take(
            np.sort(np.random.default_rng(recipe.seed).permutation(len(learnt))[: wants.limit])
        )
    return learnt, faces.split(wants.validation) if validation is None else validation


def train(
    recipe: Recipe,
    learnt: LabelledFaces,
    validation: LabelledFaces,
    folder: Path,
    *,
    resume: bool = False,
    start: Path | None = None,
    watcher: Watcher | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train by `recipe` into `folder`; the best epoch's network is `best.keras` there.

    `resume` goes on from the state in `folder`; `start` is a file of weights to begin with.
    Raises Stopped after a step in which `stop()` is true, UsageError where `folder` holds a training already.
    """
    need_keras()
    import_quietly()
    if (folder / STATE).exists() and not resume:
        raise UsageError(f"{folder} contains a training: continue with --resume, or give another folder")
    folder.mkdir(parents=True, exist_ok=True)
    run = _Run(recipe, learnt, validation, folder, watcher)
    run.begin(resume=resume, start=start)
    while not run.finished:
        run.one_epoch(stop)
    return run.outcome()


class _Run:
    def __init__(
        self,
        recipe: Recipe,
        learnt: LabelledFaces,
        validation: LabelledFaces,
        folder: Path,
        watcher: Watcher | None,
    ) -> None:
        import keras

        from ferpipe_train.training.distillation import LiveTeachers
        from ferpipe_train.training.net.build import build_network
        from ferpipe_train.training.net.training_model import Trainee, make_optimizer
        from ferpipe_train.training.targets import keep_faces

        _be_repeatable(recipe)
        self.recipe, self.folder, self.watcher = recipe, folder, watcher
        self.batches = Batches.of(recipe, keep_faces(learnt, recipe.labels))
        self.validation = validation
        self.network = build_network(recipe, len(learnt.classes))
        # What is validated and saved: the network with the averaged weights, where there are any.
        self.twin = keras.models.clone_model(self.network)
        self.twin.jit_compile = False
        teacher = recipe.labels.teacher
        live = LiveTeachers(recipe, teacher, learnt.classes) if teacher and teacher.live else None
        self.trainee = Trainee(recipe, self.network, live)
        self.optimizer = make_optimizer(recipe)
        self.trainee.compile(optimizer=self.optimizer, jit_compile=recipe.compile and _can_compile())
        self.optimizer.build(self.network.trainable_variables)
        self.progress = Progress()
        self.inputs = Inputs.of(self.batches, validation)
        self.saved = self.began = time.monotonic()

    @property
    def variables(self) -> list[Any]:
        """Every variable that a step changes."""
        return [*self.trainee.variables, *self.optimizer.variables]

    @property
    def finished(self) -> bool:
        """Whether the last epoch is done, or no more is worth doing."""
        early = self.recipe.early_stop
        return self.progress.epoch >= self.recipe.epochs or (
            early is not None and self.progress.waited >= early.patience
        )

    def begin(self, *, resume: bool, start: Path | None = None) -> None:
        if start is not None:
            self.progress.start = take_weights(self.network, start)
            if self.trainee.average is not None:
                self.trainee.average.restart()
        if resume:
            self.progress = load_state(self.folder, self.recipe, self.inputs, self.variables)
        if self.watcher:
            self.watcher.begin(self.recipe, self.batches.steps, self.progress, self.network.count_params())

    def one_epoch(self, stop: Callable[[], bool]) -> None:
        now = self.progress
        for batch in self.batches.epoch(now.epoch, now.step):
            rate = self._rate(now.step)
            self.optimizer.learning_rate.assign(rate)
            answer = self.trainee.train_on_batch(batch, return_dict=True)
            logs = {name: float(value) for name, value in answer.items()}
            if not np.isfinite(logs["loss"]):
                where = f"epoch {now.epoch + 1}, step {now.step + 1}"
                raise UsageError(f"the loss is not a number in {where}: lower optimizer.rate")
            now.step += 1
            # Keras's own metrics begin anew with each call of train_on_batch.
            now.sums = {name: now.sums.get(name, 0.0) + value for name, value in logs.items()}
            if self.watcher:
                self.watcher.step(now, rate, {name: total / now.step for name, total in now.sums.items()})
            self._save_now_and_then(stop())
        self._close_epoch()

    def _save_now_and_then(self, stopping: bool) -> None:  # noqa: FBT001
        if stopping or time.monotonic() - self.saved >= self.recipe.checkpoint_seconds:
            self._save()
        if stopping:
            raise Stopped

    def _save(self) -> None:
        now = time.monotonic()
        self.progress.seconds += now - self.began
        self.began = now
        save_state(self.folder, self.recipe, self.inputs, self.progress, self.variables)
        self.saved = time.monotonic()

    def _rate(self, step: int) -> float:
        steps = self.batches.steps
        return rate_at(self.recipe, self.progress.epoch * steps + step, steps, self.progress.plateau.factor)

    def _close_epoch(self) -> None:
        now = self.progress
        scores = self._validate()
        row = {"epoch": now.epoch + 1, "rate": self._rate(self.batches.steps - 1)}
        row |= {name: total / self.batches.steps for name, total in now.sums.items()}
        row |= {f"val_{name}": value for name, value in scores.items()}
        now.history.append(row)
        best = better(self.recipe.monitor, scores[self.recipe.monitor], now.best)
        now.waited = 0 if best else now.waited + 1
        if best:
            now.best, now.best_epoch = scores[self.recipe.monitor], now.epoch + 1
            self._save_network()
        if isinstance(self.recipe.schedule, Plateau):
            now.plateau.see(self.recipe.schedule, scores[self.recipe.schedule.monitor])
        now.epoch, now.step, now.sums = now.epoch + 1, 0, {}
        self._save()
        if self.watcher:
            self.watcher.epoch(row, best=best)

    def _validate(self) -> dict[str, float]:
        if self.trainee.average is not None:
            self.trainee.average.write_to(self.twin)
        else:
            self.twin.set_weights(self.network.get_weights())
        return _scores(_logits(self.twin, self.validation.images), self.validation)

    def _save_network(self) -> None:
        # Keras recognises the format by the suffix, so the part's name keeps it.
        part = self.folder / f"part-{BEST}"
        self.twin.save(part)
        part.replace(self.folder / BEST)

    def outcome(self) -> Outcome:
        import keras

        best = keras.models.load_model(self.folder / BEST, compile=False)
        best.jit_compile = False
        logits = _logits(best, self.validation.images)
        return Outcome(self.folder, self.folder / BEST, best, self.progress, self.validation, logits)


def _be_repeatable(recipe: Recipe) -> None:
    import keras

    keras.utils.set_random_seed(recipe.seed)
    if not recipe.deterministic:
        return
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if not recipe.compile:
            tf.config.experimental.enable_op_determinism()
        elif tf.config.list_physical_devices("GPU"):
            # Keras does not compile with TensorFlow's own switch on; on a CPU XLA needs none.
            flags = os.environ.get("XLA_FLAGS", "")
            os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    elif keras.backend.backend() == "torch":
        import torch  # type: ignore[import-not-found,unused-ignore]

        torch.use_deterministic_algorithms(mode=True, warn_only=True)


def _can_compile() -> bool:
    import keras

    return bool(keras.backend.backend() != "torch")


def _logits(network: Any, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """The first output for all `images`, in batches of one size: no shape is compiled twice."""
    found = []
    size = min(_EVALUATED, len(images))
    for start in range(0, len(images), size):
        part = images[start : start + size]
        padded = np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]), np.uint8)])
        answer = network.predict_on_batch(padded.astype(np.float32))
        found.append(np.asarray(answer[0] if isinstance(answer, (list, tuple)) else answer)[: len(part)])
    return np.concatenate(found).astype(np.float64)


def _scores(logits: npt.NDArray[np.float64], faces: LabelledFaces) -> dict[str, float]:
    answers = logits.argmax(axis=1)
    confusion = confusion_matrix(faces.labels, answers, len(faces.classes))
    return {
        "accuracy": float((answers == faces.labels).mean()),
        "macro_f1": macro_f1(confusion),
        "loss": negative_log_likelihood(softmax(logits), faces.labels),
    }
