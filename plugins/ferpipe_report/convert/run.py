"""The verb `convert`: which format, which files, and what is said of what is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import click

from ferpipe import UsageError
from ferpipe.timeline import Timeline
from ferpipe_report.convert.bids import sidecar_of, write_events
from ferpipe_report.convert.boris import write_boris
from ferpipe_report.convert.eaf import write_eaf
from ferpipe_report.convert.inputs import Input, inputs_of, stem_of
from ferpipe_report.convert.parquet import write_dataset, write_parquet
from ferpipe_report.convert.subtitles import write_srt, write_vtt
from ferpipe_report.convert.tables import write_table
from ferpipe_report.convert.textgrid import write_textgrid
from ferpipe_report.convert.timeseries import configuration_of, curves_of
from ferpipe_report.writing import Content, Outputs, unusable

__all__ = ["FORMATS", "MANY", "ONE", "beside", "convert", "format_of", "one"]

Written = tuple[Mapping[Path, Content], list[str]]

ONE: dict[str, Callable[[Timeline, Path, Path | None], Written]] = {
    "eaf": write_eaf,
    "vtt": write_vtt,
    "srt": write_srt,
    "TextGrid": write_textgrid,
}
"""Formats of one recording a file."""

MANY: dict[str, Callable[[Sequence[Input], Path], Written]] = {
    "parquet": write_parquet,
    "csv": partial(write_table, "csv"),
    "openface.csv": partial(write_table, "openface.csv"),
    "fex.csv": partial(write_table, "fex.csv"),
    "events.tsv": write_events,
    "boris": write_boris,
}
"""Formats that hold several recordings."""

FORMATS = (*MANY, *ONE)


def format_of(name: str) -> str | None:
    """The format that a file's name asks for: the longest one that it ends with."""
    found = [each for each in FORMATS if name.lower().endswith((f".{each}".lower(), f"_{each}".lower()))]
    found += [each for each in FORMATS if name.lower() == each.lower()]
    return max(found, key=len, default="events.tsv" if name.lower().endswith(".tsv") else None)


def beside(form: str, target: Path) -> list[Path]:
    """The other files that a format writes with `target`."""
    if form == "eaf":
        return [curves_of(target), configuration_of(target)]
    return [sidecar_of(target)] if form == "events.tsv" else []


def one(form: str, recording: Input, target: Path, video: Path | None = None) -> Written:
    """A single timeline in a format, and what that cannot hold."""
    return ONE[form](recording.whole(), target, video) if form in ONE else MANY[form]([recording], target)


def convert(
    paths: Sequence[Path], output: Path, kind: str | None, videos: Sequence[Path], *, overwrite: bool
) -> list[Path]:
    """Write the timelines in another format and give the files; says what the format cannot hold.

    Raises UsageError where a timeline cannot be read, the format is not known, or an output exists.
    """
    try:
        into_folder = output.is_dir() or (kind is not None and not output.suffix)
    except OSError as error:
        raise unusable(output, error) from error
    form = kind or (None if into_folder else format_of(output.name))
    if form is None:
        raise UsageError(f"'{output}' has no known suffix: use one of {', '.join(f'.{f}' for f in FORMATS)}")
    if len(videos) not in {0, len(paths)}:
        raise UsageError(f"{len(videos)} --video for {len(paths)} timelines: give one for each, or none")
    for video in videos:
        if not video.is_file():
            raise UsageError(f"there is no video '{video}' to link")
    if len(paths) > 1 and form in ONE and not into_folder:
        raise UsageError(
            f"a .{form} file holds one recording: for several give a folder, as in -o out --format {form}"
        )
    files: dict[Path, Content] = {}
    notes: list[str] = []
    inputs = inputs_of(paths)
    if form in MANY and not into_folder:
        add(files, notes, MANY[form](inputs, output))
    elif form == "parquet":
        add(files, notes, write_dataset(inputs, output))
    else:
        for i, path in enumerate(paths):
            target = output / f"{stem_of(path)}.{form}" if into_folder else output
            if target in files:
                raise UsageError(f"'{target}' would be written twice: give the timelines separately")
            add(files, notes, one(form, inputs[i], target, videos[i] if videos else None))
    with Outputs([*paths, *videos], overwrite=overwrite) as outputs:
        outputs.write(files)
    for target in files:
        click.echo(f"wrote {target}", err=True)
    for note in dict.fromkeys(notes):
        click.echo(f"omitted, since .{form} cannot hold it: {note}", err=True)
    return list(files)


def add(files: dict[Path, Content], notes: list[str], written: Written) -> None:
    """Take what a format has written."""
    files.update(written[0])
    notes += written[1]
