"""Outputs: never over what exists unless asked, never over an input, never half."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

from ferpipe import Output, UsageError

__all__ = ["Content", "Outputs", "pieces", "unusable"]

Content = bytes | Iterable[bytes]
"""What a file holds, whole or in pieces."""


def pieces(content: Content) -> Iterable[bytes]:
    """The pieces of a file."""
    return (content,) if isinstance(content, bytes) else content


def unusable(target: Path, error: OSError) -> UsageError:
    """The error of a name that the system does not take."""
    return UsageError(f"'{target}' cannot be written ({error.strerror}): choose another name")


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

        Raises UsageError where one is an input, a folder, exists, is there twice, or is being written by
        somebody else.
        """
        for target in targets:
            try:
                output = self._locked(target)
            except OSError as error:
                raise unusable(target, error) from error
            self._claimed[target] = output
            self.callback(output.close)

    def write(self, contents: Mapping[Path, Content]) -> None:
        """Write all of them, then give all their names.  Raises UsageError, and RunError of the disk."""
        self.claim(target for target in contents if target not in self._claimed)
        for target, content in contents.items():
            for piece in pieces(content):
                self._claimed[target].write(piece)
        for target in contents:
            self._claimed[target].commit()

    def _locked(self, target: Path) -> Output:
        if target.resolve() in {each.resolve() for each in self._claimed}:
            raise UsageError(f"'{target}' is given for two outputs: choose another name for one of them")
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
