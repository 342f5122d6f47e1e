"""What decodes is bounded: bombs and slow clients end alone, and leave nothing."""

from __future__ import annotations

import os
import random
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection

import cv2
import httpx
import numpy as np
import pytest
from skimage import data
from support.web import SAMPLE, Program, coded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
FACE = coded(cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR))


def bomb(width: int, height: int) -> bytes:
    """A PNG of `width` by `height` grey pixels, which are all black."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(width + 1)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def requests() -> Iterator[tuple[str, str, bytes, dict[str, str]]]:
    """A thousand requests that are wrong in some way, the same each time."""
    random_ = random.Random(16)  # noqa: S311 -- the same each time
    film, odd = (
        SAMPLE.read_bytes()[:20_000],
        ["/api/jobs/%2e%2e/x", "/api/recordings/..%2f..", "/%00", "/page/%ff"],
    )
    kinds = [
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "image/jpeg",
        "text/x",
        "",
    ]
    posts = [
        "/api/analyze",
        "/api/jobs",
        "/api/live/start",
        "/api/people/merge",
        "/api/people/split",
        "/api/login",
    ]
    for n in range(1000):
        path = random_.choice(posts if n % 5 else odd)
        content = random_.choice([FACE, film, b"{}", b'{"into": 1e400}', b"[" * 5000, os.urandom(200), b""])
        content = content[: random_.randrange(len(content) + 1)] if n % 3 else content
        if n % 7 == 0 and content:
            place = random_.randrange(len(content))
            content = content[:place] + bytes([random_.randrange(256)]) + content[place + 1 :]
        yield (
            random_.choice(["POST", "PUT", "DELETE", "GET"] if n % 4 == 0 else ["POST"]),
            path,
            content,
            {"content-type": random_.choice(kinds)},
        )


def test_a_thousand_malformed_requests(serve: Callable[..., Program]) -> None:
    program = serve()
    codes: dict[int, int] = {}
    with httpx.Client(base_url=program.url, timeout=60) as client:
        for method, path, content, headers in requests():
            answer = client.request(method, path, content=content, headers=headers)
            codes[answer.status_code] = codes.get(answer.status_code, 0) + 1
            assert answer.status_code < 500 or answer.status_code == 503, (method, path, headers, answer.text)
            if answer.status_code >= 400:
                assert list(answer.json()) == ["error"]
            if answer.status_code == 201:
                client.delete(f"/api/jobs/{answer.json()['id']}")
        for job in client.get("/api/jobs").json()["jobs"]:
            client.delete(f"/api/jobs/{job['id']}")
            client.delete(f"/api/jobs/{job['id']}")
        assert client.get("/healthz").status_code == 200
    assert len(codes) >= 6
    assert not list((program.data / "jobs").glob("*/*")), "nothing is left"
    left = [
        path for folder in (program.data / "tmp").iterdir() for path in folder.rglob("*") if path.is_file()
    ]
    assert not [path for path in left if path.suffix not in (".tflite", ".npz")]


def test_bombs_end_alone(serve: Callable[..., Program]) -> None:
    program = serve()
    with httpx.Client(base_url=program.url, timeout=90) as client:
        assert client.post("/api/analyze", content=FACE).json()["faces"][0]["label"] == "happy"
        for width, height in ((60_000, 60_000), (9_000, 9_000)):
            answer = client.post(
                "/api/analyze", content=bomb(width, height) if width < 20_000 else large_head()
            )
            assert answer.status_code == 422
            assert "large" in answer.json()["error"]
        assert client.post("/api/analyze", content=FACE[: len(FACE) // 2]).status_code in (200, 422)
        assert client.post("/api/analyze", content=FACE).status_code == 200


def large_head() -> bytes:
    """A PNG that claims to be huge."""
    small = bytearray(bomb(8, 8))
    small[16:24] = struct.pack(">II", 60_000, 60_000)
    small[29:33] = struct.pack(">I", zlib.crc32(bytes(small[12:29])))
    return bytes(small)


def test_a_decoder_that_dies_is_replaced(serve: Callable[..., Program]) -> None:
    program = serve()
    with httpx.Client(base_url=program.url, timeout=90) as client:
        assert client.post("/api/analyze", content=FACE).status_code == 200
        for child in children(program.process.pid):
            os.kill(child, 9)
        codes = [client.post("/api/analyze", content=FACE).status_code for _ in range(2)]
        assert codes in ([200, 200], [422, 200])


def children(pid: int) -> list[int]:
    from pathlib import Path

    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_slow_clients_are_let_go_and_hold_nobody_up(serve: Callable[..., Program]) -> None:
    program = serve()
    address = ("127.0.0.1", program.port)
    silent = [socket.create_connection(address) for _ in range(50)]
    for number, each in enumerate(silent):
        each.sendall(b"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " if number % 2 else b"")
    assert httpx.get(program.url + "/healthz", timeout=5).status_code == 200
    end = time.monotonic() + 40
    for each in silent:
        each.settimeout(max(0.1, end - time.monotonic()))
        assert each.recv(1) == b"", "closed by the server"
        each.close()


def test_a_connection_that_is_used_stays_open(serve: Callable[..., Program]) -> None:
    with closing(HTTPConnection("127.0.0.1", serve().port, timeout=20)) as connection:
        sockets = set()
        for _ in range(14):  # seconds: longer than the head of one request may take
            connection.request("GET", "/healthz")
            sockets.add(connection.sock)
            assert connection.getresponse().read()
            time.sleep(1)
        assert len(sockets) == 1


def test_noise_in_the_camera_ends_nothing(serve: Callable[..., Program]) -> None:
    import json

    from websockets.sync.client import connect

    program = serve()
    with connect(f"{program.socket}/api/camera") as camera:
        assert json.loads(camera.recv(timeout=60))["type"] == "ready"
        noise = np.random.default_rng(16)
        for number in range(20):
            content = noise.bytes(500) if number % 2 else FACE[: 100 + 97 * number]
            camera.send(struct.pack(">Id", number, float("nan")) + content)
            answer = json.loads(camera.recv(timeout=20))
            assert (answer["id"], answer["type"] in ("error", "result")) == (number, True)
            assert not answer.get("fatal")
        camera.send(struct.pack(">Id", 99, 1.0) + FACE)
        answer = json.loads(camera.recv(timeout=20))
        assert (answer["id"], len(answer["faces"])) == (99, 1)
        with (
            connect(f"{program.socket}/api/camera") as second,
            connect(f"{program.socket}/api/camera") as third,
        ):
            assert json.loads(second.recv(timeout=60))["type"] == "ready"
            refused = json.loads(third.recv(timeout=20))
            assert (refused["type"], refused["fatal"]) == ("error", True)
