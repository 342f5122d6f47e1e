"""One way for every file that ferpipe writes: a locked `.part`, which gets its name at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from errno import ELOOP, ENOENT
from io import RawIOBase
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from typing_extensions import Self

from ferpipe.errors import RunError, UsageError, remedy
from ferpipe.part_file import open_part

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Output", "part_of"]


def part_of(target: Path) -> Path:
    """The name under which `target` is written until it is finished."""
    return target.with_name(target.name + ".part")


class Output:
    """A file that is written as `NAME.part` and gets its name by `commit`.

    The `.part` is locked from the start, so that a second writer is refused; it is always a regular
    file of one name, never a link, pipe or device.  Until the first byte is written, what an earlier
    run left there stays.  `close` without `commit` keeps what was written as `.part`.

    overwrite: whether a `target` or a `.part` with content may be replaced.
    progress: called after each write.
    Raises UsageError where the file cannot be written.
    """

    def __init__(
        self, target: str | Path, *, overwrite: bool = False, progress: Callable[[], None] | None = None
    ) -> None:
        self.target = Path(target)
        self.part = part_of(self.target)
        self._overwrite = overwrite
        self._progress = progress
        if not overwrite and self.target.exists():
            raise UsageError(f"{self.target} exists: choose another name or {_overwrite()}")
        try:
            self._file, self._made = open_part(self.part, self.target)
        except OSError as error:
            raise UsageError(_no_output(self.target, error)) from error
        self._begun = False
        if not overwrite:
            self._refuse_content()

    @classmethod
    def save(cls, target: str | Path, content: Buffer | str, *, overwrite: bool = False) -> Path:
        """Write a whole file in one step, text as UTF-8.  Raises as `Output`, `write` and `commit` do."""
        with cls(target, overwrite=overwrite) as output:
            output.write(content.encode() if isinstance(content, str) else content)
        return Path(target)

    def __repr__(self) -> str:
        return f"<Output {self.target}{' (closed)' if self.closed else ''}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Commit where nothing was raised."""
        try:
            if kind is None:
                self.commit()
        finally:
            self.close()

    @property
    def closed(self) -> bool:
        """Whether it was committed or closed."""
        return self._file.closed

    @property
    def file(self) -> RawIOBase:
        """The file, binary and unbuffered, to read, write and seek in; each write is whole.

        Raises OSError where the disk does not take it.
        """
        if not self._begun:
            self._file.truncate(0)
            self._file.progress = self._progress
            self._begun = True
        return self._file

    def write(self, data: Buffer) -> None:
        """Write all of `data`.  Raises RunError, which says where the rest is kept."""
        try:
            self.file.write(data)
        except OSError as error:
            raise self.failure(error) from error

    def check(self) -> None:
        """Raise FileNotFoundError where nothing of what is written will be found."""
        found = None
        with suppress(OSError):
            found = self.part.lstat()
        if found is None or not os.path.samestat(found, os.fstat(self._file.fileno())):
            raise FileNotFoundError(ENOENT, "its folder, or what was written of it, is no longer there")

    def renew(self, chunks: Iterable[Buffer]) -> None:
        """Replace everything that was written by `chunks`, which may be made from it, in one step."""
        _ = self.file
        fresh = Output(self.part, overwrite=True, progress=self._progress)
        try:
            fresh._refuse_content()
            for chunk in chunks:
                fresh.file.write(chunk)
            self.check()
            fresh.part.replace(self.part)
            self._file, fresh._file = fresh._file, self._file
        finally:
            fresh.close()

    def commit(self) -> Path:
        """Give the file its name, in one step, and close it.

        Raises RunError where the disk does not take it, or did not take something before, or where a
        file of that name has appeared meanwhile and must not be replaced; what was written is kept as
        `.part`.
        """
        _ = self.file
        try:
            self.check()
            if self._file.failure is not None:
                raise self._file.failure
            if os.name == "nt":  # pragma: no cover -- which renames no open file
                self._file.close()
            if self._overwrite:
                self.part.replace(self.target)
            else:
                _place(self.part, self.target)
        except OSError as error:
            raise self.failure(error) from error
        finally:
            self._file.close()
        return self.target

    def close(self) -> None:
        """Stop writing: what was written is kept as `.part`, an empty file is removed."""
        if self._file.closed:
            return
        with suppress(OSError):
            if (self._begun or self._made) and not self._file.size():
                self.check()
                self.part.unlink()
        with suppress(OSError):
            self._file.close()

    def failure(self, error: Exception, what: str = "") -> RunError:
        """The error to raise for one of the disk or an encoder: what could not be written, why, what is left.

        what: the kind of file, such as "the video".
        """
        named = f"{what} '{self.target}'" if what else f"'{self.target}'"
        why = getattr(error, "strerror", None) or str(error)
        if isinstance(error, FileExistsError):
            why = "a file of that name has appeared meanwhile, and is left as it is"
        kept = ""
        with suppress(OSError):
            kept = f"; what was written is in '{self.part}'" if self.part.stat().st_size else ""
        return RunError(f"cannot write {named}: {why}{kept}")

    def _refuse_content(self) -> None:
        if self._file.size():
            self._file.close()
            raise UsageError(
                f"{self.part} exists, perhaps the output of a run that was cut short: "
                f"move or remove it, or {_overwrite()}"
            )


def _overwrite() -> str:
    return remedy("add --overwrite", "pass overwrite=True")


def _place(part: Path, target: Path) -> None:
    """Rename `part` where there is no `target`.  Raises FileExistsError where there is one."""
    try:
        os.link(part, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # a disk without hard links
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        part.replace(target)
    else:
        part.unlink()


def _no_output(target: Path, error: OSError) -> str:
    why = "it is a link" if error.errno == ELOOP else error.strerror or str(error)
    return f"{target} cannot be written ({why}): choose another output"
