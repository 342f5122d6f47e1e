"""The formats of `convert` as a sink: the file grows with the frames."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from pydantic import Field, model_validator
from typing_extensions import Self

from ferpipe import Context, FileOptions, FileSink, Output, Packet
from ferpipe.timeline import TimelineBuilder, header_from, record_of
from ferpipe_report.convert.inputs import Input
from ferpipe_report.convert.parquet import pyarrow
from ferpipe_report.convert.run import FORMATS, beside, format_of, one
from ferpipe_report.convert.streams import Stream, stream_of
from ferpipe_report.convert.tables import TABLES
from ferpipe_report.writing import pieces

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

    While the run lasts, `<path>.part` has everything up to the frame before the last one. Tables (csv,
    openface.csv, fex.csv) and lists of stretches (vtt, srt, events.tsv) are written in their own format;
    stretches stand in the order in which they ended. The formats that are complete only with their last
    byte (parquet, eaf, TextGrid, boris) are a timeline in lines of JSON until the run ends, from which
    `ferpipe convert <path>.part -o NAME` saves what a killed run has found. The memory does not grow with
    the number of frames.
    What the format cannot hold is in the closing report.  Raises RunError where the disk does not take it.
    """

    Options = ConvertOptions
    needs = frozenset({"faces"})
    formats: ClassVar[tuple[str, ...]] = FORMATS
    _ended = False
    _lost: tuple[str, ...] = ()
    _beside: tuple[Output, ...] = ()
    _stream: Stream | None = None

    def open(self, context: Context) -> None:
        """Lock the file and those beside it."""
        if self._form == "parquet":
            pyarrow()
        super().open(context)
        target = self._open_output.target
        self._beside = tuple(context.create(path) for path in beside(self._form, target))

    def begin(self, first: Packet | None) -> None:
        """What stands before the first frame."""
        header = header_from(self.context, first)
        builder = TimelineBuilder(header)
        name = header["source"]["name"] if header["source"] else self.context.name
        self._stream = stream_of(self._form, self._open_output, name, builder)

    def write(self, packet: Packet) -> None:
        """What is known with this frame."""
        self._open_output.check()
        record = record_of(packet)
        self._growing.frame(record)
        if left_out := len(packet.faces) - len(record["faces"]):
            self.context.count("unsound_faces", left_out)

    def flush(self) -> Iterable[Packet]:
        """No frame will follow; that the source was seen to its end is for the run to say."""
        self._ended = self.context.complete
        return super().flush()

    def end(self) -> None:
        """Finish the file, in one step where it was not in its format, and those beside it."""
        output = self._open_output
        rest = self._growing.end(complete=self._ended)
        lost = [TABLES[self._form].lost] if rest is None else self._finish(output, rest)
        self._lost = tuple(f"omitted, since .{self._form} cannot hold it: {note}" for note in lost)

    def _finish(self, output: Output, recording: Input) -> list[str]:
        files, lost = one(self._form, recording, output.target, self._video())
        for each in self._beside:
            for piece in pieces(files[each.target]):
                each.write(piece)
        output.renew(pieces(files[output.target]))
        for each in self._beside:
            self.context.wrote(each.commit())
        return lost

    def about(self) -> Iterable[str]:
        """What is not in the file."""
        return self._lost

    def close(self) -> None:
        """Finish the files, or leave what was written as `.part`."""
        try:
            super().close()
        finally:
            for each in self._beside:
                each.close()

    @property
    def _growing(self) -> Stream:
        assert self._stream is not None  # noqa: S101 -- `begin` made it
        return self._stream

    @property
    def _form(self) -> str:
        form = self.options.format or format_of(Path(self.options.path).name)
        assert form is not None  # noqa: S101 -- the options have one
        return form

    def _video(self) -> Path | None:
        paths = [stream.path for stream in self.context.streams.values() if stream.path is not None]
        return Path(paths[0]) if len(paths) == 1 else None
