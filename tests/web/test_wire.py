"""Bytes that no client of good will sends: none gets a 500 or a second answer, or leaves a file."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.patience import PATIENCE
from support.web import Program, log_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
HOST = b"Host: 127.0.0.1\r\n"
CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


def get(path: bytes, headers: bytes = b"") -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n"


def post(headers: bytes, body: bytes = b"", path: bytes = b"/api/analyze") -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + headers + b"\r\n" + body


# Each is followed by INNER, which must not be taken for a request of its own.
INNER = get(b"/smuggled")
SMUGGLED = {
    "length and chunks": post(b"Content-Length: 4\r\n" + CHUNKED, b"0\r\n\r\n"),
    "two lengths": post(b"Content-Length: 4\r\nContent-Length: 0\r\n"),
    "two lengths in one": post(b"Content-Length: 0, 4\r\n"),
    "a signed length": post(b"Content-Length: +0\r\n"),
    "a length in another script": post(b"Content-Length: \xb2\r\n"),
    "a very long length": post(b"Content-Length: " + b"9" * 5000 + b"\r\n"),
    "a coding before chunked": post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "a space before the colon": post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
    "a bad chunk": post(CHUNKED, b"-1\r\n\r\n"),
    "a huge chunk": post(CHUNKED, b"f" * 40 + b"\r\n"),
    "a control character": get(b"/healthz", b"X: a\0b\r\n"),
    "no host": b"GET /api/live HTTP/1.1\r\n\r\n",
    "two hosts": get(b"/api/live", b"Host: evil.example\r\n"),
    "no protocol": b"GET /api/live\r\n" + HOST + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "a huge header": get(b"/healthz", b"X: " + b"x" * 100_000 + b"\r\n"),
    "many headers": get(b"/healthz", b"X: y\r\n" * 20_000),
    "a huge address": get(b"/" + b"a" * 100_000),
}
ODD = {
    "an absolute address elsewhere": b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "a folded header": post(b"X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" + CLOSE),
    "an upgrade to h2c": get(b"/healthz", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"),
    "a socket where there is none": get(b"/api/live", UPGRADE + KEY + b"Sec-WebSocket-Version: 13\r\n"),
    "a socket without a key": get(b"/api/live/view", UPGRADE),
    "a socket of an old version": get(b"/api/live/view", UPGRADE + KEY + b"Sec-WebSocket-Version: 0\r\n"),
    "a body with GET": get(b"/api/live", b"Content-Length: 2\r\n" + CLOSE) + b"{}",
    "an odd expectation": post(b"Expect: 200-maybe\r\nContent-Length: 0\r\n" + CLOSE, path=b"/api/live/stop"),
    "a path of surrogates": get(b"/api/jobs/%ed%a0%80", CLOSE),
    "a path that is no UTF-8": get(b"/page/%ff%fe/%00", CLOSE),
    "a path of raw bytes": get("/api/jobs/жук".encode(), CLOSE),
    "digits of another script": get(b"/api/jobs/%d9%a2%d9%a0/report.html", CLOSE),
    "dots of full width": get(b"/page/%ef%bc%8e%ef%bc%8e/settings.py", CLOSE),
    "a query of nulls": get(b"/api/live/picture.jpg?width=%00%ff", CLOSE),
    "a cookie of bytes": get(b"/api/live", b"Cookie: ferpipe_token=\xff\xfe; ; =\r\n" + CLOSE),
    "a token of bytes": get(b"/api/live", b"Authorization: Bearer \xff\xfe\r\n" + CLOSE),
    "an origin that is none": post(
        b"Origin: http://[::1\r\nContent-Length: 0\r\n" + CLOSE, path=b"/api/live/stop"
    ),
    "a host that is none": b"GET /api/live HTTP/1.1\r\nHost: [::1\r\n" + CLOSE + b"\r\n",
}
PART, END = b"--x\r\nContent-Disposition: form-data; ", b"--x--\r\n"
FORMS = {
    "two files": (PART + b'name="file"; filename="a"\r\n\r\n\xff\xd8\xff\r\n') * 2 + END,
    "a name that is a path": PART + b'name="file"; filename="../../\xff\0"\r\n\r\nno\r\n' + END,
    "a name in another coding": PART + b"name=file; filename*=UTF-16''%ff%fe\r\n\r\nno\r\n" + END,
    "a part without a header": b"--x\r\n\r\nno\r\n" + END,
    "a header without an end": PART + b"a" * 100_000,
    "very many headers": b"--x\r\n" + b"A: b\r\n" * 50_000 + b"\r\nno\r\n" + END,
    "very many parts": (PART + b'name="a"\r\n\r\n1\r\n') * 10_000 + END,
    "a boundary in the middle": PART + b'name="file"; filename="a"\r\n\r\n--x\r\n' + END,
    "more after the end": END + b"y" * 1000,
}


def answers(program: Program, sent: bytes) -> list[int]:
    """The status of each answer to raw bytes, until the server closes the connection or stays silent."""
    got = bytearray()
    with socket.create_connection(("127.0.0.1", program.port)) as connection:
        connection.settimeout(3)
        try:
            connection.sendall(sent)
            while chunk := connection.recv(65536):
                got += chunk
        except (TimeoutError, ConnectionError):
            pass
    return [int(part[1:4]) for part in bytes(got).split(b"HTTP/1.1")[1:]]


def test_no_request_is_smuggled_and_none_fails(serve: Callable[..., Program]) -> None:
    program = serve()
    for name, raw in SMUGGLED.items():
        codes = answers(program, raw + INNER)
        assert 404 not in codes, f"{name}: what came behind it was taken for a request: {codes}"
        assert all(400 <= code < 500 for code in codes), (name, codes)
    for name, raw in ODD.items():
        codes = answers(program, raw)
        assert len(codes) <= 1, (name, codes)
        assert all(200 <= code < 500 or code == 503 for code in codes), (name, codes)
    log = log_of(program)
    assert "Traceback" not in log, log


def test_no_form_fails_or_leaves_anything(serve: Callable[..., Program]) -> None:
    program = serve()
    for name, body in FORMS.items():
        for path in (b"/api/jobs", b"/api/analyze"):
            length = b"Content-Length: %d\r\n" % len(body)
            head = b"Content-Type: multipart/form-data; boundary=x\r\n" + length + CLOSE
            codes = answers(program, post(head, body, path))
            assert len(codes) <= 1, (name, codes)
            assert all(400 <= code < 500 or code == 201 for code in codes), (name, path, codes)
    for job in program.get("/api/jobs")["jobs"]:
        while httpx.delete(program.url + f"/api/jobs/{job['id']}").status_code == 200:
            pass
    assert not list((program.data / "jobs").glob("*"))
    log = log_of(program)
    assert "Traceback" not in log, log


def test_ranges_are_bounded(serve: Callable[..., Program], tmp_path: Path) -> None:
    name = "20260101-000000-abcdef"
    folder = tmp_path / "data" / "recordings" / name
    folder.mkdir(parents=True)
    manifest = {"id": name, "state": "done", "started": "2026-01-01T00:00:00Z", "seconds": 1.0, "error": None}
    (folder / "recording.json").write_text(json.dumps({**manifest, "frames": 1}))
    (folder / "video.mp4").write_bytes(bytes(100_000))
    program = serve()
    address = f"{program.url}/api/recordings/{name}/video.mp4"
    for asked in (
        "bytes=0-0,-1",
        "bytes=" + ",".join("0-" for _ in range(1500)),
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 6000, 2)),
        "bytes=5-1",
        "bytes=-0",
        "bytes=-",
        "bytes=99999999999999999999999-",
        "bytes=0-" + "9" * 5000,
        "bytes=\xb2-",
        "lines=1-2",
        "bytes=a-b",
        "bytes=" + "," * 5000,
    ):
        answer = httpx.get(address, headers={"range": asked.encode("latin-1")}, timeout=PATIENCE)
        assert answer.status_code in (200, 206, 400, 416), (asked[:40], answer.status_code)
        assert len(answer.content) < 2_000_000, asked[:40]
    assert httpx.get(address, headers={"range": "bytes=10-19"}).content == bytes(10)
    log = log_of(program)
    assert "Traceback" not in log, log


def test_a_body_that_comes_slowly_is_given_up_and_leaves_nothing(serve: Callable[..., Program]) -> None:
    program = serve()
    with socket.create_connection(("127.0.0.1", program.port)) as connection:
        connection.sendall(
            b"POST /api/jobs HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n\0\0\0\x18ftyp"
        )
        connection.settimeout(4 * PATIENCE)
        began = time.monotonic()
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - began > 5
    assert not list((program.data / "jobs").glob("*"))
