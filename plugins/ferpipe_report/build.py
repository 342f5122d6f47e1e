"""From timelines on disk to a report on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from ferpipe import UsageError
from ferpipe_report.page.assemble import assemble
from ferpipe_report.page.data import page_data
from ferpipe_report.recording import Recording, open_recording
from ferpipe_report.writing import refuse_existing, write

__all__ = ["Request", "build"]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for on the command line."""

    timelines: Sequence[Path]
    output: Path | None = None
    title: str | None = None
    overwrite: bool = False


def build(request: Request) -> Path:
    """Write the report and give its path.

    Raises UsageError where a timeline cannot be read or an output exists, RunError where the disk
    does not take it.
    """
    target = request.output or _beside(request.timelines)
    refuse_existing([target], request.timelines, overwrite=request.overwrite)
    recordings = [open_recording(path) for path in request.timelines]
    data, blobs = page_data(recordings, request.title or _title(recordings))
    write(target, assemble(data, blobs).encode())
    click.echo(f"wrote {target}", err=True)
    return target


def _beside(timelines: Sequence[Path]) -> Path:
    if len(timelines) > 1:
        raise UsageError("several timelines make one report: give its name with -o")
    name = timelines[0].name
    for ending in (".part", ".json", ".jsonl", ".csv", ".timeline"):
        name = name.removesuffix(ending)
    return timelines[0].with_name(f"{name}.report.html")


def _title(recordings: Sequence[Recording]) -> str:
    if len(recordings) == 1:
        return recordings[0].name
    return f"{len(recordings)} recordings"
