"""`ferpipe plugins`: the stages, their options and where they come from."""

from __future__ import annotations

import json
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferpipe.cli import _complete
from ferpipe.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from ferpipe.plugins import Registry, StageEntry
    from ferpipe.plugins.describe import Option

__all__ = ["command"]


@click.command()
@click.argument("name", required=False, shell_complete=_complete.stages)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
@click.option(
    "--plugin",
    "files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Load this plugin file too. It is code, and it runs.",
)
def command(name: str | None, as_json: bool, files: tuple[Path, ...]) -> None:  # noqa: FBT001
    """List the stages, their options and where they come from.

    With NAME, the full description of one stage.
    """
    from ferpipe.plugins import Registry

    registry = Registry(files=files)
    entries = [_entry(registry, name)] if name else list(registry.entries())
    if as_json:
        click.echo(json.dumps(_document(registry, entries), indent=2))
    elif name:
        _print_one(registry, name)
    else:
        _print_all(registry, entries)


def _entry(registry: Registry, name: str) -> StageEntry:
    if name not in registry.names():
        near = get_close_matches(name, registry.names(), 1)
        hint = f": did you mean '{near[0]}'?" if near else f": there are {', '.join(registry.names())}"
        raise UsageError(f"there is no stage '{name}'{hint}")
    from ferpipe.plugins import StageEntry

    return StageEntry(name, registry.origin(name), registry.stage(name))


def _document(registry: Registry, entries: list[StageEntry]) -> dict[str, Any]:
    return {
        "stages": [_stage_document(entry) for entry in entries],
        "broken": [{"origin": note.origin, "cause": note.cause} for note in registry.broken()],
        "left_out": list(registry.left_out()),
    }


def _stage_document(entry: StageEntry) -> dict[str, Any]:
    from ferpipe.plugins.describe import describe

    head = {"name": entry.name, "origin": entry.origin, "error": entry.error}
    return head if entry.stage is None else {**head, **asdict(describe(entry.stage))}


def _print_all(registry: Registry, entries: list[StageEntry]) -> None:
    from ferpipe.cli._tables import console

    screen = console()
    for origin in dict.fromkeys(entry.origin for entry in entries):
        screen.print(origin, style="bold", markup=False)
        _print_table(screen, [entry for entry in entries if entry.origin == origin])
    troubles = [f"{entry.origin}: stage '{entry.name}': {entry.error}" for entry in entries if entry.error]
    for line in [*troubles, *map(str, registry.broken())]:
        screen.print(f"broken: {line}", style="red", markup=False, soft_wrap=True)
    for line in registry.left_out():
        screen.print(f"not allowed by FERPIPE_PLUGINS: {line}", style="yellow", markup=False, soft_wrap=True)
    screen.print("'ferpipe plugins NAME' describes a stage and its options.", style="dim", markup=False)


def _print_table(screen: Console, entries: list[StageEntry]) -> None:
    from ferpipe.cli._tables import print_rows
    from ferpipe.plugins.describe import describe

    rows = []
    for entry in entries:
        if entry.stage is not None:
            described = describe(entry.stage)
            options = ", ".join(_short(option) for option in described.options)
            gives = (*described.gives, *(measure.name for measure in described.measures))
            rows.append((entry.name, _contract(described.needs, gives), described.summary, options))
    print_rows(screen, ("stage", "needs -> gives", "what it does", "options"), rows)


def _print_one(registry: Registry, name: str) -> None:
    from ferpipe.cli._tables import console, print_rows
    from ferpipe.plugins.describe import describe

    described = describe(registry.stage(name))
    screen = console()
    screen.print(f"{name} ({registry.origin(name)})", style="bold", markup=False)
    screen.print(described.summary, markup=False)
    screen.print(f"needs -> gives: {_contract(described.needs, described.gives)}", markup=False)
    if described.measures:
        measures = [
            (m.name, m.unit or "-", m.range or "any", f"a {m.of}", m.about) for m in described.measures
        ]
        print_rows(screen, ("measure", "unit", "range", "of", "what it is"), measures)
    rows = [(option.name, option.type, _default(option), option.description) for option in described.options]
    print_rows(screen, ("option", "type", "default", "what it does"), rows)


def _contract(needs: tuple[str, ...], gives: tuple[str, ...]) -> str:
    return f"{', '.join(needs) or '-'} -> {', '.join(gives) or '-'}"


def _short(option: Option) -> str:
    return option.name if option.required else f"{option.name}={_default(option)}"


def _default(option: Option) -> str:
    return "required" if option.required else json.dumps(option.default)
