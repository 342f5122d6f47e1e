"""Which files a run may write, and which it has read."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from ferpipe.errors import UsageError
from ferpipe.resources import resolve

__all__ = ["Files"]


class Files:
    """The files of one run.

    output_dir: where given, nothing is written outside it, links and `..` resolved.
    overwrite: whether existing files may be replaced.
    """

    def __init__(self, output_dir: str | None = None, *, overwrite: bool = False) -> None:
        self._root = Path(output_dir).expanduser().resolve() if output_dir is not None else None
        self._overwrite = overwrite
        self._read: dict[Path, str] = {}
        self._claimed: dict[Path, str] = {}
        self._lock = Lock()
        self.finished: list[str] = []

    def input(self, stage: str, path: str | Path) -> Path:
        """The file that `stage` reads for `path`; remembered, so that nothing writes over it."""
        found = resolve(path)
        with self._lock:
            self._read[found.resolve()] = stage
        return found

    def output(self, stage: str, path: str | Path) -> Path:
        """The file that `stage` writes for `path`, its folder made; raises UsageError."""
        named = Path(path).expanduser()
        target = named if self._root is None or named.is_absolute() else self._root / named
        real = target.resolve()
        if self._root is not None and not real.is_relative_to(self._root):
            raise UsageError(f"{path} lies outside the output folder {self._root}: give a path below it")
        with self._lock:
            self._refuse(stage, target, real)
            self._claimed[real] = stage
        try:
            real.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"the folder {real.parent} cannot be made ({error.strerror}): choose another output"
            ) from error
        return target

    def _refuse(self, stage: str, target: Path, real: Path) -> None:
        if real in self._read:
            raise UsageError(
                f"{target} is what '{self._read[real]}' reads: choose another name for the output"
            )
        if self._claimed.get(real, stage) != stage:
            raise UsageError(f"{target} is written by '{self._claimed[real]}' already: choose another name")
        if real.is_dir():
            raise UsageError(f"{target} is a folder: give the name of a file")
        if real.is_file() and not self._overwrite and real not in self._claimed:
            raise UsageError(f"{target} exists: choose another name or add --overwrite")

    def wrote(self, path: str | Path) -> None:
        """Remember a finished output for the report."""
        with self._lock:
            if str(path) not in self.finished:
                self.finished.append(str(path))
