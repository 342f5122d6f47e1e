"""`ferpipe timeline`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from ferpipe.cli._group import VERBS
from ferpipe.cli._options import RunOptions, run_options
from ferpipe.cli._presets import analysis, define, model_options
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
    each = _figures_of(options, targets)
    registry = registry_with(options.plugin, "--plugin")
    worst = 0
    for video, target, own in zip(videos, targets, each, strict=True):
        try:
            stages = analysis(video, detector, model, every, registry)
            stages.append({"use": "timeline", "with": {"path": target}})
            code = execute(define(stages, own, registry), own)
        except FerpipeError as error:
            if len(videos) == 1:
                raise
            say(f"ferpipe: {error}")
            worst = max(worst, error.exit_code)
            continue
        if code in _INTERRUPTED:
            return code
        worst = max(worst, code)
    return worst


def _figures_of(options: RunOptions, targets: list[str]) -> list[RunOptions]:
    """The options of each run: of several, each has `--stats` and `--trace` of its own name."""
    if len(targets) == 1:
        return [options]
    stems = [Path(target).stem.removesuffix(".timeline") for target in targets]
    if (options.stats or options.trace) and len(set(stems)) < len(stems):
        raise UsageError("--stats and --trace need videos of different names: give the videos separately")
    return [
        replace(options, stats=_named(options.stats, stem), trace=_named(options.trace, stem))
        for stem in stems
    ]


def _named(path: Path | None, stem: str) -> Path | None:
    return None if path is None else path.with_name(f"{path.stem}.{stem}{path.suffix}")


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
    from ferpipe.analysis import is_pattern

    path = Path("stream") if "://" in video else Path(video)
    stem = "pictures" if is_pattern(video) else path.stem
    home = Path(folder) if folder is not None else path.parent
    return str(home / f"{stem}.timeline.{kind}")
