"""What ferpipe raises, and the exit code that goes with each kind.

Everything a user can cause is a `FerpipeError`; the command line prints its message on
one line and never a traceback.  Anything else that escapes is a bug in ferpipe.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ferpipe.redaction import redact

__all__ = [
    "ConfigError",
    "FerpipeError",
    "Problem",
    "RunError",
    "StageError",
    "UsageError",
    "on_one_line",
    "printable",
    "redact",
    "remedy",
    "spoken",
]

_CONTROLS = {
    # Those that end a line, and those that turn the direction of what follows.
    **{
        code: f"\\u{code:04x}"
        for code in (*range(0x200E, 0x2010), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
    },
    **{code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"},
}


def printable(text: str) -> str:
    """`text` with its control characters written out, so that no name can steer the terminal."""
    return text.translate(_CONTROLS)


def on_one_line(text: str) -> str:
    """`text` as `printable` gives it, its line breaks written out too: a name may have some."""
    return printable(text).replace("\n", "\\n")


_surface = "python"
"""How ferpipe is used in this process: through the command line or from Python."""


def remedy(command: str, python: str) -> str:
    """What to do about an error, in the words of the command line or of Python, whichever is in use:
    `remedy("add --overwrite", "pass overwrite=True")`.
    """
    return command if _surface == "command" else python


@contextmanager
def spoken(surface: Literal["command", "python"]) -> Iterator[None]:
    """Have `remedy` speak so meanwhile, in every thread."""
    global _surface  # noqa: PLW0603 -- a run's threads do not inherit a context variable
    before, _surface = _surface, surface
    try:
        yield
    finally:
        _surface = before


class FerpipeError(Exception):
    """The base of everything ferpipe raises on purpose; `exit_code` is what a process ends with.

    message, more: a line each; a line break in one is written out.
    """

    exit_code = 1
    trace: str = ""
    """The lines of code that a stage's exception went through, where there was one."""

    def __init__(self, message: str, *more: str) -> None:
        super().__init__("\n".join(on_one_line(redact(line)) for line in (message, *more)))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy without `__init__`, whose arguments a subclass chooses as it likes."""
        return _restored, (type(self), self.args, self.__dict__)


ErrorT = TypeVar("ErrorT", bound=FerpipeError)


def _restored(kind: type[ErrorT], args: tuple[Any, ...], state: dict[str, Any]) -> ErrorT:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class UsageError(FerpipeError):
    """An error that the user can correct: a wrong option, a missing file."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a pipeline.

    `where` names the stage or key; `line` and `column` count from 1 and are None where the
    pipeline was built from objects; `hint` says what to do.
    """

    message: str
    where: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = f"{place}: " if place else ""
        what = f"{self.where}: {self.message}" if self.where else self.message
        text = head + what + (f" ({self.hint})" if self.hint else "")
        return printable(redact(" ".join(text.splitlines())))


class ConfigError(UsageError):
    """A pipeline is wrong; `problems` holds every mistake found, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(*(map(str, problems) if problems else [""]))


class RunError(FerpipeError):
    """A run failed."""


class StageError(RunError):
    """A stage failed: which one, in which call, at which frame.

    `frame` is the index of the frame in its source, None outside `process`; `time` is in
    microseconds of stream time.
    """

    def __init__(
        self,
        stage: str,
        call: str,
        message: str,
        *,
        frame: int | None = None,
        time: int | None = None,
    ) -> None:
        self.stage = stage
        self.call = call
        self.frame = frame
        self.time = time
        at = f" at frame {frame} ({(time or 0) / 1e6:.3f} s)" if frame is not None else ""
        super().__init__(f"stage '{stage}' failed in {call}{at}: {message}")
