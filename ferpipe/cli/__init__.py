"""The command line: one module a verb, each with a click command named `command`.

Verbs are imported when they are used, and `ferpipe --help` imports none of ferpipe's own.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run `ferpipe` with `args` (those of the process where None) and give its exit code.

    0 is success, 1 a run that failed, 2 a mistake in what was asked, 130 an interrupt, 143 a
    termination.  Nothing is raised but SystemExit.
    """
    from ferpipe.cli._errors import guarded
    from ferpipe.cli._group import cli
    from ferpipe.errors import spoken

    with spoken("command"):
        return guarded(cli, args)
