"""From timelines on disk to a report on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from ferpipe import UsageError
from ferpipe_report.align import WALLCLOCK, aligned, apart
from ferpipe_report.clocks import has_time_codes
from ferpipe_report.events import Event, beyond, events_of, read_events
from ferpipe_report.merge import merged
from ferpipe_report.page.across import across_data
from ferpipe_report.page.assemble import assemble
from ferpipe_report.page.data import classes_of, page_data
from ferpipe_report.page.stretches import event_data
from ferpipe_report.recording import Recording, open_recording
from ferpipe_report.writing import Outputs

__all__ = ["Request", "build"]


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the command line."""

    timelines: Sequence[Path]
    output: Path | None = None
    title: str | None = None
    events: Sequence[Path] = ()
    align: str | None = None
    by_file: bool = False
    videos: Sequence[Path] = ()
    embed: bool = False
    thumbnails: bool = True
    figures: Mapping[str, Path] = field(default_factory=dict)
    overwrite: bool = False
    quiet: bool = False


def build(request: Request) -> Path:
    """Write the report and give its path.

    Raises UsageError where a timeline or the events cannot be read or an output exists, RunError where
    the disk does not take it.
    """
    if len(request.videos) not in {0, len(request.timelines)}:
        count, wanted = len(request.videos), len(request.timelines)
        raise UsageError(
            f"{count} --video for {wanted} timelines: give one for each, in their order, or none"
        )
    target = request.output or _beside(request.timelines)
    read = [*request.timelines, *request.events, *request.videos]
    with Outputs(read, overwrite=request.overwrite) as outputs:
        outputs.claim([target, *request.figures.values()])
        _check_names(target, request.figures)
        contents, notes = _contents(request, target)
        outputs.write(contents)
    if not request.quiet:
        for line in (*notes, *(f"wrote {path}" for path in contents)):
            click.echo(line, err=True)
    return target


def _check_names(target: Path, figures: Mapping[str, Path]) -> None:
    """Raises UsageError where an output has the ending of something else."""
    if target.suffix.lower() not in {".html", ".htm"}:
        raise UsageError(f"'{target}' is not the name of a page: end it in .html")
    for form, path in figures.items():
        if path.suffix.lower() != f".{form}":
            raise UsageError(f"'{path}' is not the name of a figure for --{form}: end it in .{form}")


def _contents(request: Request, target: Path) -> tuple[dict[Path, bytes], list[str]]:
    """The page, the figures, and copies of videos that a browser could not search in; and notes on them."""
    recordings = [open_recording(path) for path in request.timelines]
    if request.by_file:
        recordings = [merged(recording) for recording in recordings]
    events = _events(recordings, request.events)
    notes = [note for i, each in enumerate(recordings) for note in beyond(each, events[i])]
    recordings = aligned(recordings, events, request.align)
    notes += apart(recordings) if request.align == WALLCLOCK else []
    across, columns = across_data(recordings, classes_of(recordings))
    extra = {
        **event_data(recordings, events),
        **across,
        "align": request.align,
        "clock": _clock(recordings, request.align),
    }
    data, blobs = page_data(recordings, request.title or _title(recordings), extra)
    films: dict[str, str] = {}
    copies: dict[Path, bytes] = {}
    if request.videos:
        from ferpipe_report.page.media import media_data

        media, films, copies = media_data(
            recordings,
            dict(enumerate(request.videos)),
            target,
            embed=request.embed,
            thumbnails=request.thumbnails,
        )
        data["recordings"] = [
            {**shown, **more} for shown, more in zip(data["recordings"], media, strict=True)
        ]
    contents = {**copies, target: assemble(data, {**blobs, **columns, **films}).encode()}
    if request.figures:
        from ferpipe_report.figure import figure

        classes = classes_of(recordings)
        contents |= {
            path: figure(recordings, events, classes, form) for form, path in request.figures.items()
        }
    return contents, notes


def _clock(recordings: Sequence[Recording], at: str | None) -> str | None:
    """What recordings that lie beside each other by their clocks were laid by."""
    if at != WALLCLOCK:
        return None
    return "time codes" if has_time_codes(recordings) else "times of recording"


def _events(recordings: Sequence[Recording], paths: Sequence[Path]) -> dict[int, list[Event]]:
    """The events of each recording, by its place; raises UsageError where a file's belong to none."""
    found = {i: list[Event]() for i in range(len(recordings))}
    for path in paths:
        events = read_events(path)
        placed = [events_of(recording, events) for recording in recordings]
        lost = [event for event in events if all(event not in each for each in placed)]
        if lost:
            known = ", ".join(f"'{recording.name}'" for recording in recordings[:3])
            raise UsageError(f"{path}: '{lost[0].file}' is not one of the recordings, such as {known}")
        for i, each in enumerate(placed):
            found[i] += each
    return {i: sorted(each, key=lambda event: (event.start, event.end)) for i, each in found.items()}


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
