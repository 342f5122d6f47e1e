"""`ferpipe timeline`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from ferpipe.cli._group import VERBS
from ferpipe.cli._inputs import Input, expand, figures_of, is_a_folder, run_each, targets_of
from ferpipe.cli._options import RunOptions, run_options
from ferpipe.cli._presets import analysis, define, model_options
from ferpipe.errors import UsageError

__all__ = ["command"]


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
    type=click.Choice(["json", "jsonl", "csv"]),
    help="The format, if the name of the output does not determine it. Default: json.",
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
    targets = _targets(videos, inputs, output, kind)
    each = figures_of(options, targets, f".timeline.{kind or 'json'}")
    registry = registry_with(options.plugin, "--plugin")

    def run(source: str | list[str], target: str, own: RunOptions) -> int:
        stages = analysis(source, detector, model, every, registry)
        sink = {"path": target, "format": kind} if kind else {"path": target}
        stages.append({"use": "timeline", "with": sink})
        return execute(define(stages, own, registry), own)

    runs = [
        partial(run, one.source, target, own) for one, target, own in zip(inputs, targets, each, strict=True)
    ]
    return run_each(runs, alone=len(inputs) == 1, say=say)


def _targets(videos: tuple[str, ...], inputs: list[Input], output: str | None, kind: str | None) -> list[str]:
    """Where each timeline goes."""
    if len(inputs) == 1 and output is not None and not is_a_folder(output, videos):
        path = Path(output)
        whole = path.suffix or kind is None or path.exists()  # of a device, no other name is made
        return [str(path if whole else path.with_name(f"{path.name}.{kind}"))]
    if output is not None and Path(output).is_file():
        raise UsageError(f"{output} is a file: several timelines need a folder")
    return targets_of(inputs, output, f".timeline.{kind or 'json'}")
