"""The page of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points

import click

from docs.reference.words import MADE, cell, one_line, paragraphs
from ferpipe.cli._group import VERBS, cli


def cli_page() -> str:
    """Every verb with its arguments and options, as `ferpipe VERB --help` has them."""
    parts = [
        "# The command line",
        MADE,
        (
            "Every verb answers `--help`. Exit codes: 0 is success, 1 a run that failed, 2 a mistake in "
            "what was asked, 130 an interrupt, 143 a termination."
        ),
        "| verb | what it does |\n|---|---|\n"
        + "\n".join(f"| [`{name}`](#ferpipe-{name}) | {_short(verb)} |" for name, verb in verbs()),
    ]
    for name, verb in verbs():
        parts += _command(f"ferpipe {name}", verb)
    return "\n\n".join(parts) + "\n"


def verbs() -> list[tuple[str, click.Command]]:
    """Ferpipe's own verbs, also those that its first-party plugins bring."""
    context = click.Context(cli)
    own = [
        point.name
        for point in entry_points(group="ferpipe.commands")
        if point.dist is not None and point.dist.name == "ferpipe"
    ]
    found = [(name, cli.get_command(context, name)) for name in [*VERBS, *sorted(set(own) - set(VERBS))]]
    return [(name, command) for name, command in found if command is not None]


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every verb and every verb below a verb, by what one types."""
    for name, verb in verbs():
        yield f"ferpipe {name}", verb
        if isinstance(verb, click.Group):
            yield from ((f"ferpipe {name} {below}", command) for below, command in verb.commands.items())


def _short(command: click.Command) -> str:
    return command.get_short_help_str(200)


def _command(path: str, command: click.Command, depth: int = 2) -> list[str]:
    parts = [f"{'#' * depth} {path}", f"```\n{_usage(path, command)}\n```", paragraphs(command.help)]
    rows = [_option_row(param) for param in command.params if isinstance(param, click.Option)]
    if rows:
        parts.append("| option | what it does |\n|---|---|\n" + "\n".join(rows))
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            parts += _command(f"{path} {name}", below, depth + 1)
    return parts


def _usage(path: str, command: click.Command) -> str:
    arguments = [_metavar(param) for param in command.params if isinstance(param, click.Argument)]
    more = ["COMMAND"] if isinstance(command, click.Group) else []
    return " ".join([path, "[OPTIONS]", *arguments, *more])


def _metavar(argument: click.Argument) -> str:
    if argument.metavar:
        return argument.metavar
    name = (argument.name or "").upper()
    if isinstance(argument.type, click.Choice):
        name = "{" + "|".join(map(str, argument.type.choices)) + "}"
    name = name if argument.required else f"[{name}]"
    return f"{name}..." if argument.nargs == -1 else name


def _option_row(option: click.Option) -> str:
    value = f" {option.metavar}" if option.metavar else ""
    names = ", ".join(f"`{name}{value}`" for name in [*option.opts, *option.secondary_opts])
    about = one_line(option.help)
    if option.show_default:
        default = option.show_default if isinstance(option.show_default, str) else option.default
        about += f" Default: {default}."
    if isinstance(option.type, click.Choice):
        about += f" One of {', '.join(map(str, option.type.choices))}."
    if option.envvar:
        about += f" Also from `{option.envvar}`."
    return f"| {names} | {cell(about)} |"
