"""`ferpipe graph`: what a pipeline looks like."""

from __future__ import annotations

import click

from ferpipe.cli._complete import pipelines

__all__ = ["command"]


@click.command()
@click.argument("name", metavar="PIPELINE", shell_complete=pipelines)
@click.option(
    "--mermaid", "as_mermaid", is_flag=True, help="Print a Mermaid flowchart, for use in documents."
)
@click.option("--set", "overrides", metavar="STAGE.OPTION=VALUE", multiple=True, help="Change an option.")
@click.option("--plugin", "plugins", metavar="FILE", multiple=True, help="A plugin file to load.")
@click.option("--no-local-plugins", is_flag=True, help="Refuse pipelines that name plugin files.")
def command(
    name: str,
    overrides: tuple[str, ...],
    plugins: tuple[str, ...],
    *,
    as_mermaid: bool,
    no_local_plugins: bool,
) -> None:
    """Show a pipeline as a tree or as Mermaid.

    PIPELINE is a YAML file or the name of a ready pipeline.  Each line is a stage with the kinds
    that it gives.
    """
    from ferpipe.graph import mermaid, tree
    from ferpipe.pipeline import Pipeline

    pipeline = Pipeline.from_yaml(name, overrides=overrides, plugins=plugins, trusted=not no_local_plugins)
    click.echo((mermaid if as_mermaid else tree)(pipeline.graph), nl=False)
