"""A camera that misbehaves on demand: RTSP 1.0 (RFC 2326) and H.264 over RTP (RFC 6184), real sockets.

It does what the RTSP server from PyPI cannot: ask for a password, send by UDP, lose packets, send too
slowly, pause in the middle of a packet, and serve another video to whoever connects next.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import socket
import struct
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import av
from typing_extensions import Self

PAYLOAD = 1200
REALM, NONCE = "camera", "0123456789abcdef"


class Video:
    """The NAL units of an H.264 file without B-frames, picture by picture."""

    def __init__(self, path: Path) -> None:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            self.step = float(1 / stream.average_rate)
            self.parameters = list(_parameter_sets(bytes(stream.codec_context.extradata)))
            self.pictures = [
                (packet.is_keyframe, list(_units(bytes(packet), 4, 0)))
                for packet in container.demux(stream)
                if packet.size
            ]


def _units(data: bytes, width: int, at: int) -> Iterator[bytes]:
    while at + width <= len(data):
        size = int.from_bytes(data[at : at + width], "big")
        yield data[at + width : at + width + size]
        at += width + size


def _parameter_sets(record: bytes) -> Iterator[bytes]:
    """SPS and PPS of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15)."""
    at = 5
    for mask in (0x1F, 0xFF):
        number, at = record[at] & mask, at + 1
        for _ in range(number):
            size = int.from_bytes(record[at : at + 2], "big")
            yield record[at + 2 : at + 2 + size]
            at += 2 + size


class Camera:
    """Serves `video` to everyone who connects, from its beginning, for ever.

    login: (user, password) that it asks for.  scheme: Digest or Basic.  loss: share of the UDP
    packets that never arrive.  trickle: bytes a second instead of pictures in time.  silent: no
    picture is sent.  torn: seconds to pause in the middle of one packet, once.
    All may be changed while it runs.
    """

    def __init__(self, video: Path, *, login: tuple[str, str] | None = None, scheme: str = "Digest") -> None:
        self.video, self.login, self.scheme = video, login, scheme
        self.loss = self.trickle = self.torn = 0.0
        self.silent = False
        self.began = 0.0  # when the last client's first picture was sent, on the system's monotonic clock
        self.requests: list[str] = []
        self.lost = 0
        self._chance = random.Random(7)  # noqa: S311 -- which packets are lost is no secret
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def url(self, credentials: str = "") -> str:
        return f"rtsp://{credentials}127.0.0.1:{self.port}/live"

    def cut(self) -> None:
        """Break off every connection."""
        for client in tuple(self._open):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.add(client)
        with client, contextlib.suppress(OSError):
            _Session(self, client).serve()
        self._open.discard(client)

    def admits(self, method: str, uri: str, header: str) -> bool:
        """Whether an Authorization header (RFC 2617) is the right one."""
        if self.login is None:
            return True
        user, password = self.login
        if self.scheme == "Basic":
            _, _, given = header.partition("Basic ")
            return b64decode(given or "") == f"{user}:{password}".encode()
        known, asked = _md5(f"{user}:{REALM}:{password}"), _md5(f"{method}:{uri}")
        response = _md5(f"{known}:{NONCE}:{asked}")
        return f'response="{response}"' in header

    def loses(self) -> bool:
        if self._chance.random() >= self.loss:
            return False
        self.lost += 1
        return True


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class _Session:
    """One client: its requests in order, and its pictures in a thread."""

    def __init__(self, camera: Camera, client: socket.socket) -> None:
        self._camera, self._client = camera, client
        self._video = Video(camera.video)
        self._udp: tuple[socket.socket, tuple[str, int]] | None = None
        self._sending = threading.Lock()
        self._ended = threading.Event()
        self._numbers = count(1)

    def serve(self) -> None:
        pending = b""
        try:
            while data := self._client.recv(4096):
                pending += data
                while b"\r\n\r\n" in pending:
                    if pending[:1] == b"$":  # a receiver report between the requests
                        pending = pending[4 + int.from_bytes(pending[2:4], "big") :]
                        continue
                    head, _, pending = pending.partition(b"\r\n\r\n")
                    self._answer(head.decode())
        finally:
            self._ended.set()
            if self._udp is not None:
                self._udp[0].close()

    def _answer(self, request: str) -> None:
        method, uri, _ = request.split(maxsplit=2)
        self._camera.requests.append(method)
        headers = dict(re.findall(r"^([\w-]+):\s*(.*?)\r?$", request, re.MULTILINE))
        if method != "OPTIONS" and not self._camera.admits(method, uri, headers.get("Authorization", "")):
            nonce = f', nonce="{NONCE}"' if self._camera.scheme == "Digest" else ""
            asked = f'WWW-Authenticate: {self._camera.scheme} realm="{REALM}"{nonce}\r\n'
            self._reply("401 Unauthorized", headers, asked)
        elif method == "DESCRIBE":
            self._reply("200 OK", headers, "Content-Type: application/sdp\r\n", self._description())
        elif method == "SETUP":
            self._reply("200 OK", headers, f"Transport: {self._transport(headers['Transport'])}\r\n")
        else:
            self._reply("200 OK", headers)
        if method == "PLAY":
            threading.Thread(target=self._play, daemon=True).start()

    def _reply(self, status: str, headers: dict[str, str], more: str = "", body: str = "") -> None:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        head = f"RTSP/1.0 {status}\r\nCSeq: {headers['CSeq']}\r\nSession: 1\r\n{more}{length}\r\n"
        with self._sending:
            self._client.sendall((head + body).encode())

    def _description(self) -> str:
        sets = ",".join(b64encode(one).decode() for one in self._video.parameters)
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
            f"a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; sprop-parameter-sets={sets}\r\n"
            "a=control:track\r\n"
        )

    def _transport(self, asked: str) -> str:
        if "TCP" in asked:
            return asked
        port = int(asked.split("client_port=")[1].split("-", maxsplit=1)[0])
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind(("127.0.0.1", 0))
        self._udp = sender, ("127.0.0.1", port)
        mine = sender.getsockname()[1]
        return f"RTP/AVP;unicast;client_port={port}-{port + 1};server_port={mine}-{mine + 1}"

    def _play(self) -> None:
        began = self._camera.began = time.monotonic()
        with contextlib.suppress(OSError):
            for number in count():
                if self._ended.wait(max(0.0, began + number * self._video.step - time.monotonic())):
                    return
                if not self._camera.silent:
                    self._send_picture(number)

    def _send_picture(self, number: int) -> None:
        is_key, units = self._video.pictures[number % len(self._video.pictures)]
        payloads = [p for unit in (*(self._video.parameters if is_key else ()), *units) for p in _parts(unit)]
        stamp = round(number * self._video.step * 90_000)
        for i, payload in enumerate(payloads):
            marker = 0x80 if i == len(payloads) - 1 else 0
            head = struct.pack(
                ">BBHII", 0x80, 96 | marker, next(self._numbers) & 0xFFFF, stamp & 0xFFFFFFFF, 1
            )
            self._send(head + payload)

    def _send(self, packet: bytes) -> None:
        camera = self._camera
        if self._udp is not None:
            if not camera.loses():
                self._udp[0].sendto(packet, self._udp[1])
            return
        framed = b"$\0" + len(packet).to_bytes(2, "big") + packet
        with self._sending:
            if camera.torn and len(packet) > 500:
                pause, camera.torn = camera.torn, 0.0
                self._client.sendall(framed[:300])
                self._ended.wait(pause)
                framed = framed[300:]
            while camera.trickle and framed and not self._ended.wait(1 / camera.trickle):
                self._client.sendall(framed[:1])
                framed = framed[1:]
            self._client.sendall(framed)


def _parts(unit: bytes) -> Iterator[bytes]:
    """A NAL unit as it is, or in fragments (FU-A)."""
    if len(unit) <= PAYLOAD:
        yield unit
        return
    head, body = unit[0], unit[1:]
    for at in range(0, len(body), PAYLOAD):
        first, last = 0x80 * (at == 0), 0x40 * (at + PAYLOAD >= len(body))
        yield bytes([(head & 0xE0) | 28, first | last | (head & 0x1F)]) + body[at : at + PAYLOAD]
