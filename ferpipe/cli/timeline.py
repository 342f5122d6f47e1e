"""`ferpipe timeline`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ferpipe.cli._group import VERBS
from ferpipe.cli._options import RunOptions, run_options
from ferpipe.cli._presets import analysis, define, is_pattern, model_options
from ferpipe.errors import FerpipeError, UsageError

__all__ = ["command"]

_INTERRUPTED = {130, 143}


@click.command("timeline", short_help=VERBS["timeline"])
@click.argument("videos", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    help="A file for one VIDEO, a folder (for one, DIR/) for several; next to each VIDEO where left out.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["json", "jsonl", "csv"]),
    help="The format, where the output's name does not say it; json otherwise.",
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

    VIDEOS are video files, pictures, folders of pictures, or URLs of streams. Each gets a timeline
    of its own. A failure does not keep the others from being done.
    """
    from ferpipe.cli._running import execute, say
    from ferpipe.plugins import registry_with

    targets = _targets(videos, output, kind)
    registry = registry_with(options.plugin, "--plugin")
    worst = 0
    for video, target in zip(videos, targets, strict=True):
        try:
            stages = [*analysis(video, detector, model, every), {"use": "timeline", "with": {"path": target}}]
            definition = define(stages, options, registry)
        except FerpipeError as error:
            if len(videos) == 1:
                raise
            say(f"ferpipe: {error}")
            worst = max(worst, error.exit_code)
            continue
        code = execute(definition, options)
        if code in _INTERRUPTED:
            return code
        worst = max(worst, code)
    return worst


def _targets(videos: tuple[str, ...], output: str | None, kind: str | None) -> list[str]:
    """Where each timeline goes."""
    is_folder = output is not None and (Path(output).is_dir() or output.endswith(("/", os.sep)))
    if len(videos) == 1 and output is not None and not is_folder:
        path = Path(output)
        return [str(path if path.suffix or kind is None else path.with_name(f"{path.name}.{kind}"))]
    if output is not None and Path(output).is_file():
        raise UsageError(f"{output} is a file: several timelines need a folder")
    targets = [_target(video, output, kind or "json") for video in videos]
    twice = {target for target in targets if targets.count(target) > 1}
    if twice:
        raise UsageError(f"{min(twice)} would be written twice: give the videos separately")
    return targets


def _target(video: str, folder: str | None, kind: str) -> str:
    path = Path("stream") if "://" in video else Path(video)
    stem = "pictures" if is_pattern(video) else path.stem
    home = Path(folder) if folder is not None else path.parent
    return str(home / f"{stem}.timeline.{kind}")
