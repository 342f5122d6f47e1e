"""Options that every verb which runs a pipeline has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["RunOptions", "run_options"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What the command line says of a run."""

    sets: tuple[str, ...]
    plugin: tuple[Path, ...]
    local_plugins: bool
    executor: str | None
    output_dir: Path | None
    overwrite: bool
    trace: Path | None
    stats: Path | None
    quiet: bool

    @property
    def overrides(self) -> list[str]:
        """As `--set` options, those that have an option of their own last."""
        given = list(self.sets)
        if self.executor is not None:
            given.append(f"run.executor={self.executor}")
        return given


_OPTIONS = [
    click.option(
        "--set",
        "sets",
        multiple=True,
        metavar="STAGE.OPTION=VALUE",
        help="Change an option of a stage, or 'run.SETTING'; may be repeated.",
    ),
    click.option(
        "--plugin",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A Python file with further stages; may be repeated.",
    ),
    click.option(
        "--local-plugins/--no-local-plugins",
        default=True,
        help="--no-... for a stranger's pipeline: no plugin files, which are code, no variables of the "
        "environment, no Keras models, nothing sent over the network.",
    ),
    click.option(
        "--executor",
        type=click.Choice(["inline", "threads"]),
        help="One thread, or a thread a stage (the default).",
    ),
    click.option(
        "--output-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Write files below this folder and nowhere else.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace outputs that exist."),
    click.option(
        "--trace",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write a trace of every call, which opens in Perfetto; of several videos, NAME.VIDEO.json each.",
    ),
    click.option(
        "--stats",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Write the run's figures as JSON; of several videos, NAME.VIDEO.json each.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
]


def run_options(function: F) -> F:
    """Add the options; the command gets them as one `RunOptions` named `options`."""

    def wrapped(**given: Any) -> Any:
        chosen = {name: given.pop(name) for name in RunOptions.__dataclass_fields__}
        return function(options=RunOptions(**chosen), **given)

    wrapped.__doc__ = function.__doc__
    wrapped.__name__ = function.__name__
    wrapped.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]
