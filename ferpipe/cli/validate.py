"""`ferpipe validate`: is this pipeline right, and if not, everything that is wrong."""

from __future__ import annotations

import click

from ferpipe.cli._complete import pipelines
from ferpipe.errors import ConfigError, Problem

__all__ = ["command"]


@click.command()
@click.argument("names", metavar="PIPELINE...", nargs=-1, required=True, shell_complete=pipelines)
@click.option("--set", "overrides", metavar="STAGE.OPTION=VALUE", multiple=True, help="Change an option.")
@click.option("--plugin", "plugins", metavar="FILE", multiple=True, help="A plugin file to load.")
@click.option("--no-local-plugins", is_flag=True, help="Refuse pipelines that name plugin files.")
def command(
    names: tuple[str, ...], overrides: tuple[str, ...], plugins: tuple[str, ...], *, no_local_plugins: bool
) -> None:
    """Check pipelines without running them.

    PIPELINE is a YAML file or the name of a ready pipeline.  Prints the stages of each, or every
    mistake with file, line and column; then the exit code is 2.
    """
    from ferpipe.pipeline import Pipeline

    problems: list[Problem] = []
    for name in names:
        try:
            trusted = not no_local_plugins
            pipeline = Pipeline.from_yaml(name, overrides=overrides, plugins=plugins, trusted=trusted)
        except ConfigError as error:
            problems += error.problems
            continue
        stages = " -> ".join(node.name for node in pipeline.graph.nodes)
        click.echo(f"{name}: ok: {stages}")
        for warning in pipeline.warnings:
            click.echo(f"warning: {warning}", err=True)
    if problems:
        raise ConfigError(problems)
