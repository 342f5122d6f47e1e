"""A made-up model, and real servers on this machine: one that publishes it, and some that break off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

FILE = "face_detection_yunet_2023mar.onnx"
WEIGHTS = bytes(range(256)) * 700
"""What the made-up model holds."""


class Quiet(BaseHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Folder(Quiet, SimpleHTTPRequestHandler):
    """The files in a folder."""


class Truncated(Quiet):
    """Promises the whole file and closes after a part of it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(WEIGHTS)))
        self.end_headers()
        self.wfile.write(WEIGHTS[:100_000])


class Hangup(Quiet):
    """Closes without an answer."""

    def do_GET(self) -> None:
        self.close_connection = True


class Chunked(Quiet):
    """Sends in chunks and breaks off inside one."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"1000\r\n" + WEIGHTS[:100])
        self.close_connection = True


def redirect(elsewhere: str) -> type[BaseHTTPRequestHandler]:
    """Sends everything on to the address `elsewhere`, as GitHub does."""

    class Redirect(Quiet):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", elsewhere + self.path)
            self.end_headers()

    return Redirect


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler] | partial[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
