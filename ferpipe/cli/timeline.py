"""`ferpipe timeline`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferpipe.cli._group import VERBS
from ferpipe.cli._inputs import Input, expand, figures_of, is_a_folder, run_each, targets_of
from ferpipe.cli._options import RunOptions, run_options
from ferpipe.cli._presets import analysis, define, model_options
from ferpipe.errors import UsageError

if TYPE_CHECKING:
    from ferpipe.plugins import Registry

__all__ = ["command"]

OWN = ("json", "jsonl", "csv")
"""The formats that can be read back, which the stage `timeline` writes."""


@click.command("timeline", short_help=VERBS["timeline"])
@click.argument("videos", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    help=("A file for one VIDEO, or a folder for several (for one, write DIR/). Default: beside each VIDEO."),
)
@click.option(
    "--format",
    "kind",
    metavar="FORMAT",
    help="The format, if the name of the output does not determine it: json, jsonl or csv, or one of "
    "'ferpipe convert' (parquet, eaf, vtt, srt, TextGrid, boris, openface.csv, fex.csv, events.tsv). "
    "Default: json.",
)
@model_options
@run_options
def command(
    videos: tuple[str, ...],
    output: str | None,
    kind: str | None,
    detector: str,
    model: str,
    every: int,
    options: RunOptions,
) -> int:
    """Write the emotion timeline of videos or stills.

    VIDEOS are video files, pictures, folders and quoted patterns of both, or URLs of streams. Each video
    gets a timeline of its own, the pictures of a folder one together. A failure does not keep the others
    from being done.
    """
    from ferpipe.cli._running import execute, say
    from ferpipe.plugins import registry_with

    inputs = expand(videos, say)
    registry = registry_with(options.plugin, "--plugin")
    if kind is not None:
        _refuse_unknown(kind, registry)
    targets = _targets(videos, inputs, output, kind)
    each = figures_of(options, targets, f".timeline.{kind or 'json'}")

    def run(source: str | list[str], target: str, own: RunOptions) -> int:
        stages = analysis(source, detector, model, every, registry)
        sink = {"path": target, "format": kind} if kind else {"path": target}
        stages.append({"use": _sink(target, kind, registry), "with": sink})
        return execute(define(stages, own, registry), own)

    runs = [
        partial(run, one.source, target, own) for one, target, own in zip(inputs, targets, each, strict=True)
    ]
    return run_each(runs, alone=len(inputs) == 1, say=say)


def _others(registry: Registry) -> tuple[str, ...]:
    """The formats of the stage `convert`, which a plugin gives; none where it is not installed."""
    return tuple(getattr(registry.stage("convert"), "formats", ())) if "convert" in registry.names() else ()


def _refuse_unknown(kind: str, registry: Registry) -> None:
    if kind not in OWN and kind not in (others := _others(registry)):
        known = ", ".join((*OWN, *(form for form in others if form not in OWN)))
        raise UsageError(f"--format: there is no format '{kind}': use one of {known}")


def _sink(target: str, kind: str | None, registry: Registry) -> str:
    """The stage that writes `target`: `timeline` for its own formats, `convert` for the others."""
    if kind is not None:
        return "timeline" if kind in OWN else "convert"
    name = Path(target).name.lower()
    asked = [form for form in (*OWN, *_others(registry)) if name.endswith(f".{form.lower()}")]
    return "timeline" if not asked or max(asked, key=len) in OWN else "convert"


def _targets(videos: tuple[str, ...], inputs: list[Input], output: str | None, kind: str | None) -> list[str]:
    """Where each timeline goes."""
    if len(inputs) == 1 and output is not None and not is_a_folder(output, videos):
        path = Path(output)
        whole = path.suffix or kind is None or path.exists()  # of a device, no other name is made
        return [str(path if whole else path.with_name(f"{path.name}.{kind}"))]
    if output is not None and Path(output).is_file():
        raise UsageError(f"{output} is a file: several timelines need a folder")
    return targets_of(inputs, output, f".timeline.{kind or 'json'}")
