"""A stage that writes a file."""

from __future__ import annotations

from collections.abc import Iterable
from io import RawIOBase
from typing import TypeVar

from pydantic import Field

from ferpipe.output import Output
from ferpipe.packet import Packet
from ferpipe.stages import Context, Options, Stage

__all__ = ["FileOptions", "FileSink"]


class FileOptions(Options):
    """Where the file goes; a sink adds its own options."""

    path: str = Field(min_length=1, description="The file to write.")


FileOptionsT = TypeVar("FileOptionsT", bound=FileOptions)


class FileSink(Stage[FileOptionsT]):
    """The base of sinks that write one file: override `write`, and `begin` and `end` where there is a
    head or a foot.

    While the run lasts, the file is `<path>.part`, locked against a second writer.  It gets its name in
    `close`, and the closing report names it.  Where the sink itself fails, what was written is kept as
    `.part`.  An existing file is refused unless the run may overwrite.
    """

    _output: Output | None = None
    _begun = False
    _broken = False

    def begin(self, first: Packet | None) -> None:
        """Write the head; `first` is the first packet, None where there is none at all."""

    def write(self, packet: Packet) -> None:
        """Write one packet's part, by `put` or into `file`."""
        raise NotImplementedError(f"{type(self).__name__} does not override write")

    def end(self) -> None:
        """Write the foot."""

    def about(self) -> Iterable[str]:
        """A few lines on what is in the file, for the closing report."""
        return ()

    def put(self, data: str | bytes) -> None:
        """Write `data`, a text as UTF-8.  Raises RunError where the disk does not take it."""
        self._open_output.write(data.encode() if isinstance(data, str) else data)

    @property
    def file(self) -> RawIOBase:
        """The file, binary and unbuffered, for libraries that want one."""
        return self._open_output.file

    def open(self, context: Context) -> None:
        """Make the `.part`."""
        super().open(context)
        self._output = context.create(self.options.path)

    def process(self, packet: Packet) -> Packet:
        """Write the packet and give it on."""
        self._guarded(packet)
        return packet

    def flush(self) -> Iterable[Packet]:
        """Begin the file where no packet has."""
        if not self._begun:
            self._guarded(None)
        return ()

    def close(self) -> None:
        """Finish the file, or leave it as `.part` where this sink failed or was never given anything."""
        output = self._output
        if output is None:
            return
        try:
            if self._begun and not self._broken:
                self.end()
                self.context.wrote(output.commit(), self.about())
        finally:
            self._output = None
            output.close()

    def _guarded(self, packet: Packet | None) -> None:
        try:
            if not self._begun:
                self.begin(packet)
                self._begun = True
            if packet is not None:
                self.write(packet)
        except BaseException:
            self._broken = True
            raise

    @property
    def _open_output(self) -> Output:
        if self._output is None:
            raise RuntimeError("the file is open from the sink's open to its close")
        return self._output
