"""The formats of `convert` as a sink: the file stands when the run ends."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator
from typing_extensions import Self

from ferpipe import Context, FileOptions, FileSink, Output, Packet
from ferpipe.timeline import header_from, load, record_of
from ferpipe_report.convert.parquet import pyarrow
from ferpipe_report.convert.run import FORMATS, beside, format_of, one

__all__ = ["ConvertOptions", "ConvertSink"]


class ConvertOptions(FileOptions):
    """Where the file goes, and in which format."""

    format: str | None = Field(
        None,
        description=f"The format ({', '.join(FORMATS)}), if the name of the file does not determine it.",
    )

    @model_validator(mode="after")
    def _has_a_format(self) -> Self:
        if self.format is not None and self.format not in FORMATS:
            raise ValueError(f"there is no format '{self.format}': use one of {', '.join(FORMATS)}")
        if self.format is None and format_of(Path(self.path).name) is None:
            endings = ", ".join(f".{form}" for form in FORMATS)
            raise ValueError(f"'{self.path}' does not end in one of {endings}: rename it, or give a format")
        return self


class ConvertSink(FileSink[ConvertOptions]):
    """Writes what other tools read: Parquet, ELAN, Praat, subtitles, BORIS, BIDS, OpenFace, py-feat.

    These formats are complete only at the end: a stretch is known when it is over, a table's footer when
    its rows are.  While the run lasts, `<path>.part` is a timeline in lines of JSON, each from the moment
    its frame came, so that `ferpipe convert <path>.part -o NAME` saves what a killed run has found.
    What the format cannot hold is in the closing report.  Raises RunError where the disk does not take it.
    """

    Options = ConvertOptions
    needs = frozenset({"faces"})
    formats: ClassVar[tuple[str, ...]] = FORMATS
    _ended = False
    _lost: tuple[str, ...] = ()
    _beside: tuple[Output, ...] = ()

    def open(self, context: Context) -> None:
        """Lock the file and those beside it."""
        if self._form == "parquet":
            pyarrow()
        super().open(context)
        target = self._open_output.target
        self._beside = tuple(context.create(path) for path in beside(self._form, target))

    def begin(self, first: Packet | None) -> None:
        """The header as the first line."""
        self._line(header_from(self.context, first))

    def write(self, packet: Packet) -> None:
        """A frame as a line."""
        self._open_output.check()
        record = record_of(packet)
        self._line(record)
        if left_out := len(packet.faces) - len(record["faces"]):
            self.context.count("unsound_faces", left_out)

    def flush(self) -> Iterable[Packet]:
        """No frame will follow; that the source was seen to its end is for the run to say."""
        self._ended = self.context.complete
        return super().flush()

    def end(self) -> None:
        """Replace the lines by the format, in one step, and finish the files beside it."""
        output = self._open_output
        timeline = replace(load(output.part), complete=self._ended)
        name = timeline.source["name"] if timeline.source else self.context.name
        files, lost = one(self._form, name, timeline, output.target, self._video())
        for each in self._beside:
            each.write(files[each.target])
        output.renew([files[output.target]])
        for each in self._beside:
            self.context.wrote(each.commit())
        self._lost = tuple(f"omitted, since .{self._form} cannot hold it: {note}" for note in lost)

    def about(self) -> Iterable[str]:
        """What is not in the file."""
        return self._lost

    def close(self) -> None:
        """Finish the files, or leave the lines as `.part`."""
        try:
            super().close()
        finally:
            for each in self._beside:
                each.close()

    @property
    def _form(self) -> str:
        form = self.options.format or format_of(Path(self.options.path).name)
        assert form is not None  # noqa: S101 -- the options have one
        return form

    def _video(self) -> Path | None:
        paths = [stream.path for stream in self.context.streams.values() if stream.path is not None]
        return Path(paths[0]) if len(paths) == 1 else None

    def _line(self, value: Any) -> None:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self.put(f"{text}\n")
