"""How a failure ends: clear lines on stderr, and the exit code that goes with them."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from ferpipe.cli._interrupts import was_interrupted
from ferpipe.cli._streams import prepared, silent_output
from ferpipe.errors import FerpipeError, printable, redact

__all__ = ["debugging", "guarded"]

_DEBUG = "FERPIPE_DEBUG"


def guarded(command: click.Command, args: Sequence[str] | None) -> int:
    """Run a click command; whatever it raises becomes lines on stderr and an exit code."""
    with prepared():
        return _guarded(command, args)


def _guarded(command: click.Command, args: Sequence[str] | None) -> int:
    try:
        code = command.main(args=args, prog_name="ferpipe", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        silent_output()
        return 1
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(error)
    except SystemExit:  # of a plugin's command
        raise
    except BaseException as error:  # noqa: BLE001 -- the last net: a traceback is for FERPIPE_DEBUG
        # Ctrl-C inside an import or a plugin comes out as whatever was made of it.
        return _interrupted(KeyboardInterrupt()) if was_interrupted() else _judged(error)
    return code if isinstance(code, int) else 0


def _judged(error: BaseException) -> int:
    if isinstance(error, click.ClickException):
        return _refused(error)
    if isinstance(error, FerpipeError):
        return _failed(error, str(error), error.exit_code)
    if isinstance(error, OSError):
        return _failed(error, _of_a_file(error), 1)
    return _failed(error, _internal(error), 1)


def debugging() -> bool:
    """Whether the user wants tracebacks."""
    return os.environ.get(_DEBUG, "0") not in {"", "0"}


def _failed(error: BaseException, message: str, code: int) -> int:
    if debugging():
        sys.stderr.write(redact("".join(traceback.format_exception(error))))
    for line in message.splitlines() or [type(error).__name__]:
        print(f"ferpipe: {printable(line)}", file=sys.stderr)  # noqa: T201
    return code


def _of_a_file(error: OSError) -> str:
    """A full disk or a read-only folder: an error that the user can correct, if it names a file."""
    if error.filename is None or error.strerror is None:
        return _internal(error)
    return redact(f"cannot use '{os.fsdecode(error.filename)}': {error.strerror}")


def _internal(error: BaseException) -> str:
    what = redact(" ".join(str(error).split()))
    return f"internal error: {type(error).__name__}: {what}; run again with {_DEBUG}=1 for the traceback"


def _refused(error: click.ClickException) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":  # of click 8.2 and later
        error.show()
        return error.exit_code
    message = redact(error.format_message())
    context = getattr(error, "ctx", None)
    if context is not None:
        message = f"{message.rstrip('.')} (see '{context.command_path} --help')"
    return _failed(error, message, error.exit_code)


def _interrupted(error: BaseException) -> int:
    # click turns Ctrl-C into Abort; an Abort of its own is an unanswered question.
    by_hand = isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt)
    return _failed(error, "interrupted" if by_hand else "nothing was done", 130 if by_hand else 1)
