"""A training in the terminal: a live table, or plain lines where the output is no terminal."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ferpipe_train.training.checkpoint import Progress
from ferpipe_train.training.recipe import Recipe

__all__ = ["TrainingTable"]

_SHOWN = 12
"""Epochs that the live table keeps in sight."""
_EVERY = 0.25
"""Seconds between two looks at the running epoch."""


class TrainingTable:
    """Shows a training; use it as a context manager.  It is a `Watcher`."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self.console = console
        self.quiet = quiet
        self.rows: list[tuple[dict[str, float], bool, float]] = []
        self.live = Live(console=console, auto_refresh=False) if console.is_terminal and not quiet else None
        self.running = Text()
        self.looked = self.began = time.monotonic()
        self.steps = self.epochs = 0

    def __enter__(self) -> TrainingTable:  # noqa: PYI034 -- Self came with Python 3.11
        if self.live:
            self.live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.running = Text()
        if self.live:
            self._draw()
            self.live.__exit__(kind, error, trace)

    def begin(self, recipe: Recipe, steps: int, progress: Progress, weights: int) -> None:
        """Say what is trained."""
        self.steps, self.epochs = steps, recipe.epochs
        self.began = time.monotonic()
        begun = f", resumed in epoch {progress.epoch + 1}, step {progress.step + 1}"
        self._say(
            f"{recipe.name}: {weights:,} weights, {recipe.epochs} epochs of {steps} steps"
            + (begun if progress.epoch or progress.step else "")
        )

    def step(self, progress: Progress, rate: float, logs: dict[str, float]) -> None:
        """Show the running epoch, not more than a few times a second."""
        now = time.monotonic()
        if self.live is None or now - self.looked < _EVERY:
            return
        self.looked = now
        pace = (now - self.began) / progress.step if progress.step else 0.0
        self.running = Text(
            f"epoch {progress.epoch + 1}/{self.epochs}  step {progress.step}/{self.steps}  "
            f"loss {logs['loss']:.4f}  accuracy {100 * logs.get('accuracy', 0):.2f} %  rate {rate:.5f}  "
            f"{pace * (self.steps - progress.step):.0f} s left in it"
        )
        self._draw()

    def epoch(self, row: dict[str, float], *, best: bool) -> None:
        """Add the row of a finished epoch."""
        now = time.monotonic()
        self.rows.append((row, best, now - self.began))
        self.began = now
        if self.live:
            self.running = Text()
            self._draw()
            return
        self._say(
            f"epoch {row['epoch']:.0f}/{self.epochs}: loss {row['loss']:.4f}, "
            f"validation {100 * row['val_accuracy']:.2f} %, macro-F1 {row['val_macro_f1']:.4f}, "
            f"loss {row['val_loss']:.4f}, {self.rows[-1][2]:.0f} s{', the best so far' if best else ''}"
        )

    def _say(self, line: str) -> None:
        if not self.quiet:
            self.console.print(line, highlight=False, soft_wrap=True)

    def _draw(self) -> None:
        table = Table(header_style="bold")
        columns = (
            "epoch",
            "rate",
            "loss",
            "accuracy",
            "val. loss",
            "val. accuracy",
            "val. macro-F1",
            "time",
            "",
        )
        for name in columns:
            table.add_column(name, justify="right")
        for row, best, seconds in self.rows[-_SHOWN:]:
            table.add_row(
                f"{row['epoch']:.0f}",
                f"{row['rate']:.5f}",
                f"{row['loss']:.4f}",
                f"{100 * row['accuracy']:.2f} %",
                f"{row['val_loss']:.4f}",
                f"{100 * row['val_accuracy']:.2f} %",
                f"{row['val_macro_f1']:.4f}",
                f"{seconds:.0f} s",
                "best" if best else "",
            )
        if self.live:
            self.live.update(Group(table, self.running), refresh=True)
