"""How far a batch is: a bar in a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Any

from ferpipe_batch.text import clock, say

if TYPE_CHECKING:
    from ferpipe_batch.batch import Batch, Runner

__all__ = ["Progress"]

EVERY = 10.0
"""Seconds between the plain lines."""


class Progress:
    """Shows a batch on standard error while it runs."""

    def __init__(self, batch: Batch, *, quiet: bool) -> None:
        self._batch, self._quiet = batch, quiet
        self._last = monotonic()
        self._live: Any = None

    def showing(self) -> AbstractContextManager[Any]:
        """The context in which the bar is drawn."""
        if self._quiet or not sys.stderr.isatty():
            return nullcontext()
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), refresh_per_second=4, transient=True)
        return self._live  # type: ignore[no-any-return]

    def look(self, runner: Runner) -> None:
        """Show how far it is."""
        if self._live is not None:
            self._live.update(self._picture(runner))
        elif not self._quiet and monotonic() - self._last >= EVERY:
            self._last = monotonic()
            say(self._line(runner))

    def _facts(self, runner: Runner) -> list[str]:
        counts = self._batch.counts
        ended = counts.done + counts.failed + counts.quarantined
        passed = monotonic() - self._batch.began
        facts = [f"{len(runner.running)} under way"]
        if counts.failed or counts.quarantined:
            facts.append(f"{counts.failed + counts.quarantined} failed")
        frames = counts.frames + runner.frames
        if passed > 0 and frames:
            facts.append(f"{frames / passed:.0f} frames/s")
        if counts.done and ended:
            left = (self._batch.waiting + len(runner.running) / 2) * passed / max(1, ended)
            facts.append(f"{clock(left)} left")
        return facts

    def _ended(self) -> tuple[int, int]:
        counts = self._batch.counts
        ended = counts.skipped + counts.done + counts.failed + counts.quarantined
        return ended, len(self._batch.plan.rows)

    def _line(self, runner: Runner) -> str:
        ended, total = self._ended()
        return ", ".join([f"batch: {ended} of {total} videos", *self._facts(runner)])

    def _picture(self, runner: Runner) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        ended, total = self._ended()
        table = Table.grid(padding=(0, 1))
        facts = Text("  ".join(self._facts(runner)), overflow="ellipsis", no_wrap=True)
        bar = ProgressBar(total=total, completed=ended, width=32)
        table.add_row(bar, Text(f"{ended}/{total}", style="cyan"), facts)
        names = [
            Text(f"  {job.key}", style="dim", overflow="ellipsis", no_wrap=True) for job in runner.running
        ]
        return Group(table, *names[:8])
