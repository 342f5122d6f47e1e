"""`ferpipe completion`: the shell's completion script."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["command"]

_VARIABLE = "_FERPIPE_COMPLETE"
_INSTALL = {
    "bash": "ferpipe completion bash > ~/.local/share/bash-completion/completions/ferpipe",
    "zsh": "ferpipe completion zsh > ~/.ferpipe-complete.zsh; echo '. ~/.ferpipe-complete.zsh' >> ~/.zshrc",
    "fish": "ferpipe completion fish > ~/.config/fish/completions/ferpipe.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_INSTALL)))
def command(shell: str) -> None:
    """Print the script that completes ferpipe's commands in your shell.

    The first lines of the script say how to install it.
    """
    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover -- click has brought all three since 8.0
        raise click.UsageError(f"this version of click cannot complete in {shell}")
    script = kind(click.Command("ferpipe"), {}, "ferpipe", _VARIABLE).source_vars()
    click.echo(f"# Install once, then open a new shell:\n#   {_INSTALL[shell]}\n")
    click.echo(kind.source_template % script)
