"""The group of verbs: ferpipe's own from a table, those of plugins from entry points."""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

import click

from ferpipe import __version__
from ferpipe.cli._interrupts import raises
from ferpipe.errors import UsageError, redact
from ferpipe.text import message_of, shown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["VERBS", "cli"]

VERBS = {
    "run": "Run a pipeline.",
    "annotate": "Draw faces and emotions into videos.",
    "timeline": "Write the emotion timeline of videos or stills.",
    "validate": "Check pipelines without running them.",
    "graph": "Show a pipeline as a tree or as Mermaid.",
    "schema": "Print the JSON Schema of pipelines with the installed stages.",
    "plugins": "List the stages, their options and where they come from.",
    "plugin": "Create the package of a new plugin.",
    "models": "List the models, or download one.",
    "doctor": "Check what is installed and what is missing, and how to fix it.",
    "completion": "Print the script that completes ferpipe's commands in your shell.",
}
"""The verbs and their short help, so that `--help` imports none of them."""

_GROUP = "ferpipe.commands"
_FINISHING = {"models", "plugin"}
"""Verbs that have something to finish or to clear away after Ctrl-C; the runs see to it themselves."""


class Verbs(click.Group):
    """Commands that are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        """Ferpipe's own verbs in the table's order, then those of plugins by name."""
        return [*VERBS, *_plugin_verbs()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The verb, None where there is none.  Raises UsageError where its plugin is broken."""
        if cmd_name in VERBS:
            command: click.Command = import_module(f"ferpipe.cli.{cmd_name}").command
            return command
        point = _plugin_verbs().get(cmd_name)
        return None if point is None else _load(point)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the arguments begin with; a misspelt one is answered with the nearest."""
        name = args[0]
        if not name.startswith("-") and name not in self.list_commands(ctx):
            near = get_close_matches(name, self.list_commands(ctx), 1)
            hint = f": did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"there is no command '{name}'{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; click would answer Ctrl-C with an empty line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise click.Abort from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The table of verbs; a plugin's verb that cannot be loaded is a line with the cause."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))
        if rows := [(name, _short_help(point)) for name, point in _plugin_verbs().items()]:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs that begin so; the table serves, since each keystroke waits for it."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=VERBS.get(name)) for name in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ferpipe", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """What faces show over time, from video.

    A pipeline of stages (source, detector, tracker, aligner, classifier, smoother, sinks) turns a
    video, a camera or a stream into an annotated video and an exact emotion timeline.
    """
    if ctx.invoked_subcommand not in VERBS.keys() - _FINISHING:
        raises()


@cache
def _plugin_verbs() -> dict[str, EntryPoint]:
    """Verbs of installed plugins by name; none takes the place of ferpipe's own."""
    from ferpipe.plugins import points_of

    points = sorted(points_of(_GROUP)[0], key=lambda point: (point.name, point.value))
    return {point.name: point for point in points if point.name not in VERBS and _is_allowed(point)}


def _is_allowed(point: EntryPoint) -> bool:
    """Whether FERPIPE_PLUGINS lets this verb be imported: by its own name, by its distribution's,
    or by that of a plugin of the same distribution.
    """
    given = os.environ.get("FERPIPE_PLUGINS")
    if given is None:
        return True
    names = {point.name}
    if point.dist is not None:
        beside = (other.name for other in point.dist.entry_points if other.group == "ferpipe")
        names |= {point.dist.name, *beside}
    return bool(names & {name.strip() for name in given.split(",")})


def _load(point: EntryPoint) -> click.Command:
    whose = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    try:
        command: Any = point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise UsageError(
            f"the command '{point.name}' of {whose} cannot be loaded: {message_of(error)}"
        ) from error
    if not isinstance(command, click.Command):
        raise UsageError(f"the command '{point.name}' of {whose} is not a click command: {shown(command)}")
    return command


def _short_help(point: EntryPoint) -> str:
    try:
        return _load(point).get_short_help_str(80)
    except UsageError as error:
        return redact(f"broken: {error}")
