"""The closing words of a run: the stages' figures, the outputs, and who looked how for how long."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ferpipe.cli._tables import print_rows
from ferpipe.errors import FerpipeError, printable

if TYPE_CHECKING:
    from ferpipe.run import RunReport
    from ferpipe.timeline import Timeline

__all__ = ["close_with", "people"]

_HEADS = ("stage", "frames", "p50 ms", "p95 ms", "p99 ms", "share", "queue", "noted")
_LABELS = 3
"""Labels that are told of a person."""


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
        screen.print(f"wrote {printable(output)}", markup=False)
        for line in people(Path(output)):
            screen.print(f"  {printable(line)}", markup=False)


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


def people(output: Path) -> Iterable[str]:
    """Who looked how for how long, where `output` is a timeline; nothing elsewhere."""
    if output.suffix not in {".json", ".jsonl"}:
        return []
    from ferpipe.timeline import load

    try:
        timeline = load(output)
    except (FerpipeError, OSError):
        return []
    return _persons(timeline)


def _persons(timeline: Timeline) -> list[str]:
    lines = []
    for track in timeline.tracks:
        times = sorted(track["seconds"].items(), key=lambda item: -item[1])[:_LABELS]
        looked = ", ".join(f"{label} {seconds:.1f} s" for label, seconds in times if seconds >= 0.05)
        who = f"person {track['id']} ({track['first']:.1f} to {track['last']:.1f} s)"
        lines.append(f"{who}: {looked or 'no emotion told'}")
    return lines or [_untracked(timeline)]


def _untracked(timeline: Timeline) -> str:
    """Of stills, where nobody is followed: how many faces there were, and how they looked."""
    seen = [record["faces"] for record in timeline.frames if record["faces"]]
    labels = Counter(face["label"] or "no emotion told" for faces in seen for face in faces)
    if not labels:
        return "nobody was seen"
    looked = ", ".join(f"{label} {number}" for label, number in labels.most_common())
    number, pictures = labels.total(), len(seen)
    return f"{number} face{'s'[: number > 1]} in {pictures} picture{'s'[: pictures > 1]}: {looked}"
