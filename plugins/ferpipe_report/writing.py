"""Outputs: never over what exists unless asked, never over an input, never half."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from ferpipe import Output, UsageError

__all__ = ["Content", "Outputs", "pieces"]

Content = bytes | Iterable[bytes]
"""What a file holds, whole or in pieces."""


def pieces(content: Content) -> Iterable[bytes]:
    """The pieces of a file."""
    return (content,) if isinstance(content, bytes) else content


class Outputs(ExitStack):
    """The files of one command: each is locked from `claim` on, and gets its name when all are written.

    inputs: what the command reads, which nothing is written over, nor through its `.part`.
    overwrite: whether existing files may be replaced.
    """

    def __init__(self, inputs: Iterable[Path], *, overwrite: bool) -> None:
        super().__init__()
        self._read = {path.resolve() for path in inputs}
        self._overwrite = overwrite
        self._claimed: dict[Path, Output] = {}

    def claim(self, targets: Iterable[Path]) -> None:
        """Lock each target; its folder is made where it is missing.

        Raises UsageError where one is an input, a folder, exists, or is being written by somebody else.
        """
        for target in targets:
            if target not in self._claimed:
                self._claimed[target] = output = self._locked(target)
                self.callback(output.close)

    def write(self, contents: Mapping[Path, Content]) -> None:
        """Write all of them, then give all their names.  Raises UsageError, and RunError of the disk."""
        self.claim(contents)
        for target, content in contents.items():
            for piece in pieces(content):
                self._claimed[target].write(piece)
        for target in contents:
            self._claimed[target].commit()

    def _locked(self, target: Path) -> Output:
        if target.resolve() in self._read:
            raise UsageError(f"'{target}' is an input: choose another name for the output")
        if target.is_dir():
            raise UsageError(f"'{target}' is a folder: give the name of a file")
        if target.exists() and not self._overwrite:
            raise UsageError(f"'{target}' exists: choose another name or add --overwrite")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the folder '{target.parent}' cannot be created ({error.strerror}): choose another output"
            ) from error
        output = Output(target, overwrite=self._overwrite)
        if output.part.resolve() in self._read:
            output.close()
            raise UsageError(
                f"'{target}' would be written through '{output.part}', which is an input: choose another name"
            )
        return output
