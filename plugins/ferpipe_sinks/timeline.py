"""Timelines: who looked how, and when, as a file."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, model_validator
from typing_extensions import Self

from ferpipe import Context, Options, Output, Packet, Stage
from ferpipe.timeline import FORMATS, Format, Writer, format_of, header_from, record_of

__all__ = ["TimelineOptions", "TimelineSink"]


class TimelineOptions(Options):
    """Where the timeline goes, and how exact its probabilities are."""

    path: str = Field(
        min_length=1, description="The file to write; its suffix .json, .jsonl or .csv determines the format."
    )
    format: Format | None = Field(
        None, description="The format, if the name of the file does not determine it."
    )
    digits: int = Field(4, ge=1, le=9, description="Number of decimals of probabilities and scores.")

    @model_validator(mode="after")
    def _has_a_format(self) -> Self:
        if self.format is None and format_of(self.path) is None:
            endings = ", ".join(f".{form}" for form in FORMATS)
            raise ValueError(f"'{self.path}' does not end in one of {endings}: rename it, or give a format")
        return self


class TimelineSink(Stage[TimelineOptions]):
    """Writes the emotion timeline, a record a frame, as a .json, .jsonl or .csv file.

    While the run lasts, the records stand in `<path>.part`, each from the moment its frame came (in a
    .csv, the next one); `ferpipe.timeline.load` reads that file too.  Takes tracks, emotions,
    measures and notes where there are any.  A face whose box is not finite is omitted and counted
    as `unsound_faces`.
    Raises RunError where the disk does not take it.
    """

    Options = TimelineOptions
    needs = frozenset({"faces"})
    _output: Output | None = None
    _writer: Writer | None = None
    _ended = False

    def open(self, context: Context) -> None:
        """Settle the name of the file; it is written from the first frame on."""
        super().open(context)
        self._output = context.create(self.options.path)

    def process(self, packet: Packet) -> Packet:
        """Write the record of one frame."""
        if self._writer is None:
            self._writer = self._begin(packet)
        record = record_of(packet, self.options.digits)
        self._writer.write(record)
        if left_out := len(packet.faces) - len(record["faces"]):
            self.context.count("unsound_faces", left_out)
        return packet

    def flush(self) -> Iterable[Packet]:
        """No frame will follow; that the source was seen to its end is for the run to say."""
        self._ended = self.context.complete
        if self._writer is None:
            self._writer = self._begin(None)
        return ()

    def close(self) -> None:
        """Finish the file; it says whether the source was seen to its end."""
        writer, self._writer = self._writer, None
        if writer is not None and writer.close(complete=self._ended):
            self.context.wrote(writer.target, writer.findings())
        if self._output is not None:
            self._output.close()

    def _begin(self, packet: Packet | None) -> Writer:
        assert self._output is not None  # noqa: S101 -- `open` made it
        form = self.options.format or format_of(self.options.path) or "json"
        return Writer(self._output, form, header_from(self.context, packet))
