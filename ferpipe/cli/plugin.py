"""`ferpipe plugin new`: start a plugin."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

__all__ = ["command"]


@click.group()
def command() -> None:
    """Create the package of a new plugin."""


@command.command()
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the working directory",
    metavar="DIR",
    help="The folder in which to create the package's folder.",
)
@click.option(
    "--kind",
    type=click.Choice(["stage", "source", "sink", "classifier", "detector"]),
    default="stage",
    show_default=True,
    help="What the stage is.",
)
def new(name: str, into: Path, kind: str) -> None:
    """Write an installable package with one stage and tests that pass.

    NAME is the stage's; the package is called ferpipe-NAME. It comes with a licence, types that mypy accepts,
    and a file for continuous integration.
    """
    from ferpipe.plugins.scaffold import scaffold

    folder = scaffold(name, into, kind)
    click.echo(f"wrote {folder}")
    click.echo(f"next: cd {shlex.quote(str(folder))} && pip install -e '.[dev]' && pytest")
