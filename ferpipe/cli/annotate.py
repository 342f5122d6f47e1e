"""`ferpipe annotate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ferpipe.cli._group import VERBS
from ferpipe.cli._options import RunOptions, run_options
from ferpipe.cli._presets import analysis, define, model_options
from ferpipe.errors import UsageError

__all__ = ["command"]


@click.command("annotate", short_help=VERBS["annotate"])
@click.argument("video")
@click.option(
    "-o", "--output", help="The annotated video; next to VIDEO, named VIDEO.annotated.mp4, where left out."
)
@click.option("--timeline", "timeline_path", help="Write the emotion timeline too (.json, .jsonl or .csv).")
@click.option("--blur", is_flag=True, help="Make the faces unrecognisable.")
@model_options
@run_options
def command(
    video: str,
    output: str | None,
    timeline_path: str | None,
    detector: str,
    model: str,
    options: RunOptions,
    *,
    blur: bool,
    every: int,
) -> int:
    """Draw faces and emotions into a video.

    VIDEO is a video file or the URL of a stream. Its sound is kept.
    """
    from ferpipe.analysis import is_still
    from ferpipe.cli._running import execute
    from ferpipe.plugins import registry_with

    if is_still(video):
        raise UsageError(
            f"{video} is not a video: 'ferpipe timeline' takes pictures, 'ferpipe explain' draws them"
        )
    registry = registry_with(options.plugin, "--plugin")
    stages = analysis(video, detector, model, every, registry)
    if blur and detector == "blazeface":
        _hide_more(stages)
    stages += [
        {"use": "overlay", "with": {"blur": "soft"}} if blur else {"use": "overlay"},
        {"use": "video", "with": {"path": output or _beside(video)}},
    ]
    if timeline_path is not None:
        stages.append({"use": "timeline", "with": {"path": timeline_path}})
    return execute(define(stages, options, registry), options)


def _hide_more(stages: list[dict[str, Any]]) -> None:
    """Have BlazeFace and the tracker find more: a thing hidden by mistake does no harm, a face shown does."""
    more = {"blazeface": {"threshold": 0.3, "max_faces": 100}, "track": {"carry": 0.5}}
    for stage in stages:
        if stage["use"] in more:
            stage["with"] = {**stage.get("with", {}), **more[stage["use"]]}


def _beside(video: str) -> str:
    if "://" in video:
        return "stream.annotated.mp4"
    return str(Path(video).with_name(f"{Path(video).stem}.annotated.mp4"))
