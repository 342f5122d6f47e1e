"""The report after a run: the verb of the plugin that brings it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferpipe.errors import UsageError

if TYPE_CHECKING:
    from ferpipe.cli._options import RunOptions

__all__ = ["ReportAfter"]


class ReportAfter:
    """A report of the timelines and videos that runs are about to write.

    Raises UsageError where no plugin brings the verb, where the name does not end in `.html`, or where the
    report exists and may not be replaced: before the runs, so that nothing is done for nothing.
    """

    def __init__(self, path: str, options: RunOptions) -> None:
        from ferpipe.cli._group import cli

        self._options = options
        self._path = self.place(path)
        self.folder = str(Path(path).parent)
        self._command = cli.get_command(click.Context(cli), "report")
        if self._command is None:
            raise UsageError("--report needs a plugin that brings the command 'report': reinstall ferpipe")
        if self._path.suffix.lower() not in {".html", ".htm"}:
            raise UsageError(f"'{path}' is not the name of a page: end it in .html")
        if self._path.exists() and not options.overwrite:
            raise UsageError(f"{self._path} exists: choose another name or add --overwrite")

    def place(self, path: str) -> Path:
        """Where an output of the runs lies."""
        return Path(self._options.output_dir or "") / path

    def write(self, timelines: Sequence[Path], videos: Sequence[Path]) -> int:
        """Write the report and give its exit code."""
        assert self._command is not None  # noqa: S101 -- looked up when this was made
        words = [*timelines, *(word for video in videos for word in ("--video", video)), "-o", self._path]
        flags = {"--overwrite": self._options.overwrite, "--quiet": self._options.quiet}
        words += [flag for flag, given in flags.items() if given]
        code = self._command.main([*map(str, words)], prog_name="ferpipe report", standalone_mode=False)
        return code if isinstance(code, int) else 0
