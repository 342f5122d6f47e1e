"""The chain of stages behind `annotate` and `timeline`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ferpipe.errors import UsageError

if TYPE_CHECKING:
    from ferpipe.cli._options import RunOptions
    from ferpipe.config import Definition
    from ferpipe.plugins import Registry

__all__ = ["analysis", "define", "model_options", "source_of"]

STILLS = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm"}
F = TypeVar("F", bound=Callable[..., Any])


def model_options(function: F) -> F:
    """Add `--detector`, `--model` and `--every`."""
    for option in (
        click.option(
            "--every", type=click.IntRange(1), default=1, help="Detect faces on every n-th frame only."
        ),
        click.option("--model", default="base", show_default=True, help="Emotion network: a name or a file."),
        click.option(
            "--detector",
            type=click.Choice(["blazeface", "yunet", "haar"]),
            default="blazeface",
            show_default=True,
            help="Face detector.",
        ),
    ):
        function = option(function)
    return function


def is_still(path: str) -> bool:
    """Whether `path` names a picture, a folder or a pattern of pictures."""
    given = Path(path)
    return given.suffix.lower() in STILLS or given.is_dir() or is_pattern(path)


def is_pattern(path: str) -> bool:
    """Whether `path` is a pattern rather than a file whose name has such characters."""
    return any(c in path for c in "*?[") and not Path(path).exists()


def source_of(path: str) -> dict[str, Any]:
    """The source stage for what a user names: a video, pictures, or a stream."""
    if "://" in path:
        return {"use": "rtsp", "with": {"url": path}}
    if is_still(path):
        return {"use": "images", "with": {"path": path}}
    if not Path(path).exists():
        raise UsageError(f"{path} does not exist: give a video, a picture, a folder of pictures or a URL")
    return {"use": "file", "with": {"path": path}}


def analysis(path: str, detector: str, model: str, every: int) -> list[dict[str, Any]]:
    """Source, detector, tracker, aligner, classifier and smoother; fewer for stills."""
    classify = "litert" if not model.endswith((".keras", ".h5", ".hdf5")) else "keras"
    classifier = {"use": classify, "with": {"model": model}}
    if is_still(path):
        # Pictures have no time between them: nobody is followed, nothing is smoothed, all are looked at.
        return [source_of(path), {"use": detector}, {"use": "align"}, classifier]
    return [
        source_of(path),
        {"use": detector, "with": {"every": every}} if every > 1 else {"use": detector},
        {"use": "track"},
        {"use": "align"},
        classifier,
        {"use": "smooth"},
    ]


def define(stages: list[dict[str, Any]], options: RunOptions, registry: Registry) -> Definition:
    """The proven pipeline of `stages`, with what the command line changes."""
    from ferpipe.config import from_dict

    return from_dict(
        {"version": 1, "stages": stages},
        registry=registry,
        overrides=options.overrides,
        variables=False,
        local_plugins=options.local_plugins,
    )
