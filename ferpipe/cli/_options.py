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
        help="A Python file with more stages; may be repeated.",
    ),
    click.option(
        "--local-plugins/--no-local-plugins",
        default=True,
        help=(
            "--no-local-plugins runs an untrusted pipeline safely: it loads no plugin files (they are code)"
            " and no Keras models, reads no environment variables and sends nothing over the network."
        ),
    ),
    click.option(
        "--executor",
        type=click.Choice(["inline", "threads"]),
        help="Run in one thread (inline), or with one thread for each stage (threads, the default).",
    ),
    click.option(
        "--output-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Write files only below this folder.",
    ),
    click.option("--overwrite", is_flag=True, help="Overwrite existing outputs."),
    click.option(
        "--trace",
        type=click.Path(path_type=Path, dir_okay=False),
        help=(
            "Write a trace of every call, to open in Perfetto. With several videos, each gets its own "
            "NAME.VIDEO.json."
        ),
    ),
    click.option(
        "--stats",
        type=click.Path(path_type=Path, dir_okay=False),
        help=(
            "Write the statistics of the run as JSON. With several videos, each gets its own NAME.VIDEO.json."
        ),
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print errors only."),
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
