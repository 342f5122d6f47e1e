"""The file of a multipart form, as it comes: nothing of it is kept in memory or spooled to the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ferpipe_web.errors import Refusal

__all__ = ["FilePart", "boundary_of"]


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of a multipart form; None for another content type.  Raises Refusal without one."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        return None
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 70:
        raise Refusal(400, "the multipart body has no boundary")
    return boundary


class FilePart:
    """Reads the part `file` out of a form; `name` is its file name, once its first bytes are there."""

    def __init__(self, boundary: bytes) -> None:
        self.name: str | None = None
        self._found: list[bytes] = []
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._inside = self._seen = self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_begin": self._begin_header,
                "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._finish,
            },
        )

    async def chunks(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The bytes of the file.  Raises Refusal for a form that is damaged or has no `file`."""
        async for chunk in body:
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise Refusal(400, "the multipart body is damaged") from None
            found, self._found = self._found, []
            for part in found:
                yield part
        if not self._ended:
            raise Refusal(400, "the multipart body is damaged, or ends early")
        if not self._seen:
            raise Refusal(422, "the form has no part named 'file' with a file in it")

    def _begin_header(self) -> None:
        self._field.clear()
        self._value.clear()

    def _end_header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)

    def _begin(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._inside = options.get(b"name") == b"file" and b"filename" in options and not self._seen
        if self._inside:
            self._seen = True
            self.name = options[b"filename"].decode("utf-8", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._found.append(data[start:end])

    def _end(self) -> None:
        self._inside = False

    def _finish(self) -> None:
        self._ended = True
