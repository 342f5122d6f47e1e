"""`ferpipe models`: what is there, and what a pull would bring."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ferpipe.models import Shelf

__all__ = ["command"]


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:  # noqa: FBT001
    """List the models, or download one.

    Models lie in the folder that FERPIPE_MODELS names (or the user's data folder), in what ferpipe
    ships, and in what plugins bring.
    """
    if context.invoked_subcommand is not None:
        return
    from ferpipe.models import find
    from ferpipe.plugins import Registry

    registry = Registry()
    shelves = find(registry.model_dirs())
    if as_json:
        click.echo(json.dumps(_document(shelves), indent=2))
        return
    _print(shelves)
    for note in registry.broken():
        click.echo(f"broken: {note}")


@command.command()
@click.argument("name")
@click.option(
    "--from",
    "base",
    envvar="FERPIPE_MODEL_MIRROR",
    metavar="URL",
    help="The URL of a folder that holds the file, such as a mirror.",
)
def pull(name: str, base: str | None) -> None:
    """Download a model that others publish, and check its SHA-256.

    NAME is one that 'ferpipe models' offers, such as 'yunet'.
    """
    from ferpipe import models

    path = models.pull(name, base=base)
    click.echo(f"{name} ({models.REMOTE[name].licence}) is at {path}")


def _document(shelves: tuple[Shelf, ...]) -> dict[str, Any]:
    from ferpipe.models import REMOTE

    present = [
        {
            "name": shelf.name,
            "kind": shelf.kind,
            "path": str(shelf.path),
            "state": shelf.state,
            "size": shelf.size,
            "licence": shelf.licence,
            "classes": shelf.facts.get("classes"),
            "scores": shelf.facts.get("scores"),
        }
        for shelf in shelves
    ]
    remote = [
        {
            "name": model.name,
            "kind": model.kind,
            "size": model.size,
            "licence": model.licence,
            "from": model.base,
        }
        for model in _absent(shelves, REMOTE.values())
    ]
    return {"models": present, "pull": remote}


def _print(shelves: tuple[Shelf, ...]) -> None:
    from ferpipe.cli._tables import console, print_rows
    from ferpipe.models import REMOTE

    screen = console()
    rows = [
        (
            shelf.name,
            shelf.kind,
            shelf.state,
            _size(shelf.size),
            shelf.licence,
            _scores(shelf),
            str(shelf.path),
        )
        for shelf in shelves
    ]
    print_rows(screen, ("model", "kind", "state", "size", "licence", "scores", "where"), rows)
    for model in _absent(shelves, REMOTE.values()):
        screen.print(
            f"'ferpipe models pull {model.name}' downloads a {model.kind} "
            f"({_size(model.size)}, {model.licence}) from {model.base}",
            markup=False,
            soft_wrap=True,
        )


def _absent(shelves: tuple[Shelf, ...], remotes: Any) -> list[Any]:
    whole = {shelf.name for shelf in shelves if shelf.state == "ok"}
    return [remote for remote in remotes if remote.name not in whole]


def _size(size: int | None) -> str:
    return "-" if size is None else f"{size / 1e6:.2f} MB"


def _scores(shelf: Shelf) -> str:
    """The plain numbers of the side file, one level deep."""
    scores = shelf.facts.get("scores")
    if not isinstance(scores, dict):
        return "-"
    parts = []
    for data, value in scores.items():
        if isinstance(value, dict):
            value = value.get("accuracy")  # noqa: PLW2901 -- the one number that a line has room for
        if isinstance(value, int | float):
            parts.append(f"{data} {value:.4g}")
    return ", ".join(parts) or "-"
