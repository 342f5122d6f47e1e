"""`ferpipe plugin new`: start a plugin."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

__all__ = ["command"]


@click.group()
def command() -> None:
    """Start a plugin of your own."""


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
def new(name: str, into: Path) -> None:
    """Write an installable package with one stage and a test that passes.

    NAME is the stage's; the package is called ferpipe-NAME.
    """
    from ferpipe.plugins.scaffold import scaffold

    folder = scaffold(name, into)
    click.echo(f"wrote {folder}")
    click.echo(f"next: cd {shlex.quote(str(folder))} && pip install -e '.[dev]' && pytest")
