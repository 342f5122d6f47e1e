"""What `annotate` and `timeline` share: their options, and the pipeline made from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ferpipe.cli._complete import detectors

if TYPE_CHECKING:
    from ferpipe.cli._options import RunOptions
    from ferpipe.pipeline import Pipeline
    from ferpipe.plugins import Registry

__all__ = ["analysis", "define", "model_options"]

F = TypeVar("F", bound=Callable[..., Any])


def model_options(function: F) -> F:
    """Add `--detector`, `--model` and `--every`."""
    for option in (
        click.option(
            "--every", type=click.IntRange(1), default=1, help="Detect faces only on every n-th frame."
        ),
        click.option(
            "--model", default="base", show_default=True, help="The emotion network: a name or a file."
        ),
        click.option(
            "--detector",
            metavar="STAGE",
            default="blazeface",
            show_default=True,
            shell_complete=detectors,
            help="The face detector: blazeface, yunet, haar, or a plugin's.",
        ),
    ):
        function = option(function)
    return function


def analysis(
    path: str | list[str], detector: str, model: str, every: int, registry: Registry
) -> list[dict[str, Any]]:
    """The stages of `ferpipe.analysis.chain`, as a pipeline file has them.

    Raises UsageError where the detector is none, or takes no `every`.
    """
    from ferpipe.analysis import chain, check_detector

    check_detector(detector, registry, every)
    items = chain(path, detector, model, every)
    return [
        {"use": item[0], "with": dict(item[1])} if isinstance(item, tuple) else {"use": item}
        for item in items
    ]


def define(stages: list[dict[str, Any]], options: RunOptions, registry: Registry) -> Pipeline:
    """The pipeline of `stages`, with what the command line changes."""
    from ferpipe.pipeline import Pipeline

    return Pipeline.from_dict(
        {"version": 1, "stages": stages},
        registry=registry,
        overrides=options.overrides,
        trusted=options.local_plugins,
    )
