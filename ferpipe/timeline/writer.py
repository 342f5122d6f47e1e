"""Write a timeline as it happens, so that a run that is killed loses at most the frame at hand.

The file grows in its own format: when the run ends, only the findings are added.  Neither the time
that takes nor the memory grows with the number of frames.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from ferpipe.errors import RunError
from ferpipe.output import Output
from ferpipe.timeline.builder import TimelineBuilder
from ferpipe.timeline.findings import findings
from ferpipe.timeline.layouts import Document, Layout, Lines, Table
from ferpipe.timeline.model import FrameRecord, Header

__all__ = ["FORMATS", "Format", "Writer", "format_of"]

Format = Literal["json", "jsonl", "csv"]
"""How a timeline is laid out in its file."""

FORMATS: tuple[Format, ...] = ("json", "jsonl", "csv")
"""Every `Format`, which is also the ending of its files."""

_LAYOUTS: dict[Format, Callable[[Output], Layout]] = {"json": Document, "jsonl": Lines, "csv": Table}


def format_of(path: str | Path) -> Format | None:
    """The format that a file name asks for by its extension; None where it asks for none."""
    ending = Path(path).suffix.lower().removeprefix(".")
    return next((form for form in FORMATS if form == ending), None)


class Writer:
    """Writes one timeline to `target`: an `Output`, or a path, at which a file is then replaced.

    Raises RunError where the disk does not take it; what was written so far then stays, readable,
    in the `.part` file.
    """

    def __init__(self, target: Path | Output, form: Format, header: Header) -> None:
        self.output = target if isinstance(target, Output) else Output(target, overwrite=True)
        self.target, self.part = self.output.target, self.output.part
        self.form = form
        self._announced = list(header["classes"])
        self._builder = TimelineBuilder(header)
        self._failure: RunError | None = None
        self._layout = _LAYOUTS[form](self.output)
        self._guard(lambda: self._layout.begin(header))

    def write(self, record: FrameRecord) -> None:
        """Write one frame; it is in the file when this returns (in a `.csv`, the one before it)."""
        self._guard(self.output.check)
        self._guard(lambda: self._layout.frame(record))
        self._settle(self._builder.push(record))

    def close(self, *, complete: bool = True) -> bool:
        """Finish the file and give it its name; `complete` says that the source was seen to its end.

        False where an earlier failure, which was raised then, left the file unfinished.
        """
        try:
            if self._failure is None:
                self._finish(complete=complete)
        finally:
            self.output.close()
        return self._failure is None

    def findings(self) -> list[str]:
        """A few lines for people: who looked how for how long."""
        return findings(self._builder.findings, self._builder.classes)

    def _finish(self, *, complete: bool) -> None:
        self._settle(self._builder.end())
        closing = self._closing(complete=complete)
        self._guard(lambda: self._layout.end(closing))
        self._guard(self.output.check)
        self.output.commit()

    def _settle(self, settled: tuple[FrameRecord, int] | None) -> None:
        if settled is not None:
            self._guard(lambda: self._layout.settled(*settled, self._builder.classes))

    def _closing(self, *, complete: bool) -> dict[str, Any]:
        classes, found = self._builder.classes, self._builder.findings
        return {
            **({"classes": classes} if classes != self._announced else {}),
            "complete": complete,
            "summary": found.summary(classes),
            "tracks": found.tracks(classes),
        }

    def _guard(self, work: Callable[[], object]) -> None:
        """Do `work`; after a failure the file is left as it is, so that it stays readable."""
        if self._failure is not None:
            raise self._failure
        try:
            work()
        except OSError as error:
            self._failure = self.output.failure(error, "the timeline")
            raise self._failure from error
