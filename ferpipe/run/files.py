"""Which files a run may write, and which it has read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

from ferpipe.errors import UsageError, remedy
from ferpipe.output import Output, part_of
from ferpipe.resources import resolve

__all__ = ["Files"]

Identity = tuple[int, int]
"""Device and number of a file: the same for all its names, hard links included."""


class Files:
    """The files of one run.

    output_dir: where given, nothing is written outside it, links and `..` resolved.
    overwrite: whether existing files may be replaced.
    """

    def __init__(self, output_dir: str | None = None, *, overwrite: bool = False) -> None:
        self._root = None if output_dir is None else _resolved(_expanded(output_dir), output_dir)
        self._overwrite = overwrite
        self._read: dict[Path, str] = {}
        self._readers: dict[Identity, str] = {}
        self._claimed: dict[Path, str] = {}
        self._outputs: dict[Path, Output] = {}
        self._lock = Lock()
        self.finished: list[str] = []
        self.about: dict[str, tuple[str, ...]] = {}

    def input(self, stage: str, path: str | Path) -> Path:
        """The file that `stage` reads for `path`; remembered, so that nothing writes over it.

        Raises UsageError for what cannot be the name of a file.
        """
        try:
            found = resolve(path)
        except RuntimeError as error:
            raise UsageError(_no_name(path, error)) from None
        real = _resolved(found, path)
        with self._lock:
            if (writer := self._claimed.get(real)) is not None:
                raise UsageError(f"{found} is what '{writer}' writes: choose another name for that output")
            self._read[real] = stage
            if (identity := _identity(real)) is not None:
                self._readers[identity] = stage
        return found

    def output(self, stage: str, path: str | Path) -> Path:
        """The name under which `stage` writes `path`, as `create` settles it."""
        return self.create(stage, path).target

    def create(self, stage: str, path: str | Path, *, progress: Callable[[], None] | None = None) -> Output:
        """The file that `stage` writes for `path`, its folder made, its `.part` locked until `release`.

        progress: called after each write.  Raises UsageError.
        """
        named = _expanded(path)
        target = named if self._root is None or named.is_absolute() else self._root / named
        real = _resolved(target, path)
        _refuse_name(real, path)
        if self._root is not None and not real.is_relative_to(self._root):
            raise UsageError(f"{path} is outside the output folder {self._root}: give a path below it")
        return self._claim(stage, target, real, overwrite=self._overwrite, progress=progress)

    def figures(self, option: str, path: Path, *, overwrite: bool) -> Output:
        """The file for `path` of the command line's own `option`, for which no folder is a fence."""
        real = _resolved(_expanded(path), path)
        _refuse_name(real, path)
        return self._claim(option, path, real, overwrite=overwrite)

    def release(self, stages: Iterable[str]) -> None:
        """Close what these stages have not finished; what was written of it stays as `.part`."""
        names = frozenset(stages)
        with self._lock:
            for real, output in self._outputs.items():
                if self._claimed[real] in names:
                    output.close()

    def _claim(
        self,
        stage: str,
        target: Path,
        real: Path,
        *,
        overwrite: bool,
        progress: Callable[[], None] | None = None,
    ) -> Output:
        with self._lock:
            earlier = self._outputs.get(real)
            if earlier is not None and self._claimed[real] == stage and not earlier.closed:
                return earlier
            self._refuse(target, real, overwrite=overwrite)
            try:
                real.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(
                    f"the folder {real.parent} cannot be created ({error.strerror}): choose another output"
                ) from error
            # Folders that the name only passes through need not be there.
            final = real if ".." in target.parts or target.is_symlink() else target
            self._outputs[real] = output = Output(final, overwrite=overwrite, progress=progress)
            self._claimed[real] = stage
        return output

    def _refuse(self, target: Path, real: Path, *, overwrite: bool) -> None:
        if reader := self._reader(real):
            raise UsageError(f"{target} is what '{reader}' reads: choose another name for the output")
        for taken, writer in self._claimed.items():
            if real == taken or real == part_of(taken) or part_of(real) == taken:
                raise UsageError(f"{target} is written by '{writer}' already: choose another name")
        if real.is_dir():
            raise UsageError(f"{target} is a folder: give the name of a file")
        if real.exists() and not real.is_file():
            raise UsageError(
                f"{target} is a pipe or device, which would be replaced: give the name of a file"
            )
        if real.is_file() and not overwrite:
            raise UsageError(f"{target} exists: choose another name or {_overwrite()}")
        if reader := self._reader(part_of(real)):
            raise UsageError(
                f"{target} would be written through {part_of(real)}, which '{reader}' reads: "
                "choose another name"
            )
        for beside in _written_beside(real):
            self._refuse_beside(target, beside)
            if beside.exists() and not overwrite:
                raise UsageError(f"{beside} exists: choose another name or {_overwrite()}")

    def _refuse_beside(self, target: Path, beside: Path) -> None:
        """What is written on the way to `target` must be a file of its own, or new."""
        if reader := self._reader(beside):
            raise UsageError(
                f"{target} would be written through {beside}, which '{reader}' reads: choose another name"
            )
        if beside.is_symlink() or (beside.is_file() and beside.stat().st_nlink > 1):
            raise UsageError(f"{target} would be written through {beside}, which is a link: remove it first")

    def _reader(self, real: Path) -> str | None:
        """The stage that reads this file, under whatever name."""
        if real in self._read:
            return self._read[real]
        identity = _identity(real)
        return None if identity is None else self._readers.get(identity)

    def wrote(self, path: str | Path, about: Iterable[str] = ()) -> None:
        """Remember a finished output for the report, and the lines that say what is in it."""
        with self._lock:
            if str(path) not in self.finished:
                self.finished.append(str(path))
            if lines := tuple(about):
                self.about[str(path)] = lines


def _overwrite() -> str:
    return remedy("add --overwrite", "pass overwrite=True")


def _written_beside(real: Path) -> Iterator[Path]:
    """Names that FFmpeg writes beside a playlist: its next version, and the segments."""
    if real.suffix == ".m3u8":
        yield real.with_name(real.name + ".tmp")
        with suppress(OSError):
            yield from (found for found in real.parent.iterdir() if _is_segment(found.name, real))


def _is_segment(name: str, playlist: Path) -> bool:
    number, _, ending = name.removeprefix(playlist.stem).partition(".")
    return (
        playlist.suffix == ".m3u8"
        and name.startswith(playlist.stem)
        and number.isdigit()
        and ending in {"ts", "ts.tmp"}
    )


def _expanded(path: str | Path) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UsageError(_no_name(path, error)) from None


def _resolved(path: Path, named: str | Path) -> Path:
    """`path` with its links resolved; raises UsageError where no file can have that name."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageError(_no_name(named, error)) from None


def _refuse_name(real: Path, named: str | Path) -> None:
    """Raise UsageError where the system would not take the name, with the `.part` it gets at first."""
    try:
        nearest = next(folder for folder in real.parents if folder.is_dir())
        with suppress(FileNotFoundError, PermissionError):
            (nearest / f"{real.name}.part").lstat()
    except (OSError, ValueError) as error:
        raise UsageError(_no_name(named, error)) from None


def _no_name(path: str | Path, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return f"{str(path)[:80]!r} cannot be the name of a file here ({reason}): choose another"


def _identity(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
