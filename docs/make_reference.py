"""Write the pages of docs/ that are made from the code: cli.md, stages.md and hooks.md.

python docs/make_reference.py            # write them
python docs/make_reference.py --check    # end with 1 where one is out of date
"""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from ferpipe import hookspecs
from ferpipe.cli._group import VERBS, cli
from ferpipe.plugins import Registry
from ferpipe.plugins.describe import Option, describe
from ferpipe.stage import Stage

HERE = Path(__file__).resolve().parent
MADE = "<!-- Made by docs/make_reference.py: change the code, then run `make docs`. -->"
ROOMS = {
    "ferpipe_sources": "Sources",
    "ferpipe_faces": "Faces: detectors, tracker, aligner",
    "ferpipe_emotion": "Emotion: classifiers and smoother",
    "ferpipe_sinks": "Sinks",
}


# -- the command line ----------------------------------------------------------------------------


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
    parts = [f"{'#' * depth} {path}", f"```\n{_usage(path, command)}\n```", _paragraphs(command.help)]
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
    told = _one_line(option.help)
    if option.show_default:
        default = option.show_default if isinstance(option.show_default, str) else option.default
        told += f" Default: {default}."
    if isinstance(option.type, click.Choice):
        told += f" One of {', '.join(map(str, option.type.choices))}."
    if option.envvar:
        told += f" Also from `{option.envvar}`."
    return f"| {names} | {_cell(told)} |"


# -- the stages ----------------------------------------------------------------------------------


def stages_page() -> str:
    """Every first-party stage: what it does, needs and gives, and its options."""
    parts = [
        "# The stages",
        MADE,
        (
            "What ships with ferpipe. `ferpipe plugins` lists what is installed on your machine, plugins "
            "included, and `ferpipe plugins NAME` describes one. *Needs* and *gives* are the kinds of "
            "finding that a packet must carry into a stage and carries out of it; the whole pipeline is "
            "checked by them before anything opens. Time is in seconds and lengths are in pixels unless an "
            "option says otherwise."
        ),
    ]
    found = stages()
    for package, title in ROOMS.items():
        parts.append(f"## {title}")
        for name, stage in found.items():
            if stage.__module__.split(".")[0] == package:
                parts += _stage(name, stage)
    return "\n\n".join(parts) + "\n"


def stages() -> dict[str, type[Stage[Any]]]:
    """The first-party stages by name, in the order in which their plugins give them."""
    registry = Registry(allow=["ferpipe"])
    return {name: registry.stage(name) for name in registry.names()}


def _stage(name: str, stage: type[Stage[Any]]) -> list[str]:
    told = describe(stage)
    needs = ", ".join(f"`{kind}`" for kind in told.needs) or "nothing"
    gives = ", ".join(f"`{kind}`" for kind in told.gives) or "nothing new"
    parts = [f"### {name}", _paragraphs(stage.__doc__), f"Needs {needs}. Gives {gives}."]
    if told.options:
        parts.append(
            "| option | type | default | what it does |\n|---|---|---|---|\n"
            + "\n".join(_stage_row(option) for option in told.options)
        )
    return parts


def _stage_row(option: Option) -> str:
    default = "required" if option.required else f"`{json.dumps(option.default)}`"
    kind, told = _cell(option.type), _cell(option.description)
    return f"| `{option.name}` | {kind} | {default} | {told} |"


# -- the hooks -----------------------------------------------------------------------------------


def hooks_page() -> str:
    """Every hook with its documentation."""
    parts = [
        "# The hooks",
        MADE,
        (
            "A plugin is a module that an entry point of the group `ferpipe` names, or a Python file named "
            "in a pipeline or by `--plugin`. It implements any of these hooks, each marked with "
            "`ferpipe.hookimpl`. [plugins.md](plugins.md) builds a plugin step by step."
        ),
    ]
    for name, hook in hooks().items():
        returns = inspect.get_annotations(hook)["return"]
        parts += [
            f"## {name}",
            f"```python\n@hookimpl\ndef {name}() -> {returns}: ...\n```",
            _paragraphs(hook.__doc__),
        ]
    return "\n\n".join(parts) + "\n"


def hooks() -> dict[str, Any]:
    """The hook specifications by name."""
    return {name: hook for name, hook in vars(hookspecs).items() if name.startswith("ferpipe_")}


# -- words ---------------------------------------------------------------------------------------


def _paragraphs(text: str | None) -> str:
    cleaned = inspect.cleandoc(text or "").replace("\b\n", "")
    return "\n\n".join(_one_line(paragraph) for paragraph in cleaned.split("\n\n"))


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "stages.md": stages_page,
    "hooks.md": hooks_page,
}


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` only look; gives the exit code."""
    stale = [name for name, page in PAGES.items() if _read(HERE / name) != page()]
    for name in stale:
        if "--check" not in arguments:
            (HERE / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"docs/{name} {'is out of date' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
