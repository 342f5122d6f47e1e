"""The closing words of a run: the stages' figures, the outputs, and who looked how for how long."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

from ferpipe.cli._tables import print_rows
from ferpipe.errors import on_one_line

if TYPE_CHECKING:
    from ferpipe.run import RunReport

__all__ = ["close_with"]

_HEADS = ("stage", "frames", "p50 ms", "p95 ms", "p99 ms", "share", "queue", "noted")


def close_with(report: RunReport) -> None:
    """Print the closing words on standard error."""
    screen = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 200)
    rows = [_row(stage) for stage in report.stages]
    print_rows(screen, _HEADS, rows if screen.is_terminal else [_HEADS, *rows])
    for source in report.sources:
        lost = [f"{n} dropped ({cause})" for cause, n in source.dropped.items()]
        lost += [f"{n} failed ({stage})" for stage, n in source.failed.items()]
        ages = [] if source.oldest is None else [f"oldest frame {source.oldest * 1000:.0f} ms"]
        counts = [f"{source.entered} frames in", f"{source.out} out", *lost, *ages]
        screen.print(f"{source.name}: {', '.join(counts)}", markup=False)
    rate = report.frames / report.elapsed if report.elapsed else 0.0
    screen.print(f"{report.frames} frames in {report.elapsed:.1f} s ({rate:.1f} fps)", markup=False)
    for output in report.outputs:
        screen.print(f"wrote {on_one_line(output)}", markup=False)
        for line in report.about.get(output, ()):
            screen.print(f"  {on_one_line(line)}", markup=False)


def _row(stage: object) -> tuple[str, ...]:
    from ferpipe.run import StageReport

    assert isinstance(stage, StageReport)  # noqa: S101
    noted = [f"{name} {n}" for name, n in stage.counters.items()]
    return (
        stage.name,
        str(stage.frames),
        f"{stage.p50:.2f}",
        f"{stage.p95:.2f}",
        f"{stage.p99:.2f}",
        f"{stage.share:.0%}",
        str(stage.deepest),
        ", ".join(noted),
    )
