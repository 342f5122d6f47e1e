"""`ferpipe run`."""

from __future__ import annotations

import click

from ferpipe.cli._complete import pipelines
from ferpipe.cli._group import VERBS
from ferpipe.cli._options import RunOptions, run_options

__all__ = ["command"]


@click.command("run", short_help=VERBS["run"])
@click.argument("pipeline", shell_complete=pipelines)
@run_options
def command(pipeline: str, options: RunOptions) -> int:
    """Run a pipeline.

    PIPELINE is a YAML file, or the name of a ready pipeline such as 'webcam'.
    """
    from ferpipe.cli._running import execute
    from ferpipe.pipeline import Pipeline

    return execute(
        Pipeline.from_yaml(
            pipeline, overrides=options.overrides, plugins=options.plugin, trusted=options.local_plugins
        ),
        options,
    )
