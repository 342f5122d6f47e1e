"""`ferpipe annotate`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from ferpipe.cli._group import VERBS
from ferpipe.cli._inputs import Input, expand, figures_of, is_a_folder, run_each, targets_of
from ferpipe.cli._options import RunOptions, run_options
from ferpipe.cli._presets import analysis, define, model_options
from ferpipe.cli._report import ReportAfter
from ferpipe.errors import UsageError

__all__ = ["command"]

ENDING = ".annotated.mp4"


@click.command("annotate", short_help=VERBS["annotate"])
@click.argument("videos", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    help="The annotated video, or a folder for several. Default: VIDEO.annotated.mp4 beside each VIDEO.",
)
@click.option(
    "--timeline",
    "timeline_path",
    help="Also write the emotion timeline (.json, .jsonl or .csv); a folder for several VIDEOS.",
)
@click.option(
    "--report", "report_path", help="Also write the page of 'ferpipe report' (.html), one for all VIDEOS."
)
@click.option("--blur", is_flag=True, help="Make the faces unrecognisable.")
@model_options
@run_options
def command(
    videos: tuple[str, ...],
    output: str | None,
    timeline_path: str | None,
    report_path: str | None,
    detector: str,
    model: str,
    options: RunOptions,
    *,
    blur: bool,
    every: int,
) -> int:
    """Draw faces and emotions into videos.

    VIDEOS are video files, folders and quoted patterns of them, or URLs of streams. Their sound is kept.
    A failure does not keep the others from being done.
    """
    from ferpipe.cli._running import execute, say
    from ferpipe.plugins import registry_with

    inputs = _only_videos(expand(videos, say), say)
    targets = _targets(videos, inputs, output, ENDING)
    timelines: list[str | None]
    timelines = [None] * len(inputs) if timeline_path is None else _timelines(videos, inputs, timeline_path)
    report = None
    if report_path is not None:
        report = ReportAfter(report_path, options)
        if timeline_path is None:
            timelines = [*targets_of(inputs, report.folder, ".timeline.json")]
    each = figures_of(options, targets, ENDING)
    registry = registry_with(options.plugin, "--plugin")

    def run(source: str | list[str], target: str, timeline: str | None, own: RunOptions) -> int:
        stages = analysis(source, detector, model, every, registry)
        if blur and detector == "blazeface":
            _hide_more(stages)
        stages += [
            {"use": "overlay", "with": {"blur": "soft"}} if blur else {"use": "overlay"},
            {"use": "video", "with": {"path": target}},
        ]
        if timeline is not None:
            stages.append({"use": "timeline", "with": {"path": timeline}})
        return execute(define(stages, own, registry), own)

    rows = zip(inputs, targets, timelines, each, strict=True)
    runs = [partial(run, one.source, target, timeline, own) for one, target, timeline, own in rows]
    code = run_each(runs, alone=len(inputs) == 1, say=say)
    if report is None or code != 0:
        return code
    # Hidden faces stay hidden: the report then shows the annotated video, not the original.
    originals = [str(one.source) for one in inputs]
    shown = [
        report.place(target) if blur or "://" in original else Path(original).absolute()
        for original, target in zip(originals, targets, strict=True)
    ]
    return report.write([report.place(timeline) for timeline in timelines if timeline is not None], shown)


def _only_videos(inputs: list[Input], say: Callable[[str], None]) -> list[Input]:
    """`inputs` without pictures, which are named in a line; raises UsageError where nothing else is there."""
    videos = [each for each in inputs if not each.is_pictures]
    for each in inputs if videos else ():
        if each.is_pictures:
            shown = each.source if isinstance(each.source, str) else f"{len(each.source)} pictures"
            say(f"ferpipe: warning: {shown}: skipped, since 'ferpipe annotate' takes videos")
    if not videos:
        first = inputs[0].source
        raise UsageError(
            f"{first} is not a video: 'ferpipe timeline' takes pictures, 'ferpipe explain' draws them"
        )
    return videos


def _targets(videos: tuple[str, ...], inputs: list[Input], output: str | None, ending: str) -> list[str]:
    if len(inputs) == 1 and output is not None and not is_a_folder(output, videos):
        return [output]
    if output is not None and Path(output).is_file():
        raise UsageError(f"{output} is a file: several outputs need a folder")
    return targets_of(inputs, output, ending)


def _timelines(videos: tuple[str, ...], inputs: list[Input], path: str) -> list[str | None]:
    return [*_targets(videos, inputs, path, ".timeline.json")]


def _hide_more(stages: list[dict[str, Any]]) -> None:
    """Have BlazeFace and the tracker find more: a thing hidden by mistake does no harm, a face shown does."""
    more = {"blazeface": {"threshold": 0.3, "max_faces": 1000, "follow": False}, "track": {"carry": 0.5}}
    for stage in stages:
        if stage["use"] in more:
            stage["with"] = {**stage.get("with", {}), **more[stage["use"]]}
