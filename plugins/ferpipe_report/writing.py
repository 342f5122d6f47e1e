"""Outputs: never over what exists unless asked, never over an input, never half."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ferpipe import RunError, UsageError

__all__ = ["refuse_existing", "write"]


def refuse_existing(targets: Iterable[Path], inputs: Iterable[Path], *, overwrite: bool) -> None:
    """Raise UsageError where an output is an input, a folder, or exists and may not be replaced."""
    read = [path.resolve() for path in inputs]
    for target in targets:
        if target.resolve() in read:
            raise UsageError(f"'{target}' is an input: choose another name for the output")
        if target.is_dir():
            raise UsageError(f"'{target}' is a folder: give the name of a file")
        if target.exists() and not overwrite:
            raise UsageError(f"'{target}' exists: choose another name or add --overwrite")


def write(target: Path, content: bytes) -> None:
    """Write `content` to `<target>.part`, then give it its name; raises RunError where that fails."""
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise RunError(f"cannot write '{target}': {error.strerror or error}") from error
