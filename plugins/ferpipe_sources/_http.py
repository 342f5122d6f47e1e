"""HTTP as a source needs it: what an address is, and a file on a server that is read on after a cut."""

from __future__ import annotations

import http.client
import io
import ssl
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

import av
from av.container import InputContainer

from ferpipe import UsageError
from ferpipe_sources._local import BUFFER

__all__ = ["Answer", "RemoteFile", "as_ffmpeg", "ask"]

PLAYLISTS = ("mpegurl", "dash+xml", "smil", "xspf", "sdp")
"""Parts of media types of lists, which FFmpeg reads."""

TRIES = 6
"""Attempts in a row to go on where a file was cut."""

FIRST_WAIT = 0.2
"""Seconds before the first of them; doubled with each."""

SKIP = 1 << 18
"""Bytes that are read and discarded rather than requested again."""

CODES: dict[int, type[av.error.FFmpegError]] = {
    400: av.error.HTTPBadRequestError,
    401: av.error.HTTPUnauthorizedError,
    403: av.error.HTTPForbiddenError,
    404: av.error.HTTPNotFoundError,
}

CODES_OF_SERVERS = 500

REDIRECTS = range(300, 400)

OTHER = "the server has another file there now, or gives no parts of it"

Response = http.client.HTTPResponse


@dataclass(frozen=True)
class Answer:
    """What a server answers with at an address.

    length: bytes of the whole file, None where the server does not say (or it has no end).
    ranges: whether it gives parts.  kind: the media type, lower case, with its parameters.
    """

    response: Response
    length: int | None
    ranges: bool
    kind: str

    @property
    def is_pictures(self) -> bool:
        """Whether it is a camera that sends JPEG after JPEG."""
        return self.kind.startswith("multipart/x-mixed-replace")

    @property
    def is_file(self) -> bool:
        """Whether it is a video file of known length: no list of other files, and no snapshot of a camera."""
        path = urlsplit(self.response.url).path.lower()
        other = self.is_pictures or self.kind.startswith("image/") or path.endswith((".m3u8", ".m3u", ".mpd"))
        return bool(self.length) and not other and not any(each in self.kind for each in PLAYLISTS)


def ask(url: str, timeout: float, start: int = 0) -> Answer:
    """Ask for `url` from byte `start` on; `timeout` seconds for each wait.

    User and password of the address are used (basic and digest).  Certificates are not checked, as
    FFmpeg does not: cameras have none that could be.  Leads to no other scheme than http and https.
    Raises OSError or http.client.HTTPException.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit(parts._replace(netloc=host, fragment=""))
    opener = urllib.request.OpenerDirector()
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=unchecked),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ]
    if parts.username is not None:
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, bare, unquote(parts.username), unquote(parts.password or ""))
        handlers += [urllib.request.HTTPBasicAuthHandler(known), urllib.request.HTTPDigestAuthHandler(known)]
    for handler in handlers:
        opener.add_handler(handler)
    headers = {"User-Agent": "ferpipe", "Accept": "*/*"}
    if start:
        headers["Range"] = f"bytes={start}-"
    response: Response = opener.open(urllib.request.Request(bare, headers=headers), timeout=timeout)  # noqa: S310 -- http and https alone have a handler
    return _answer(response)


def as_ffmpeg(error: Exception) -> Exception:
    """`error` as FFmpeg would raise it, so that whoever explains errors need not know both."""
    if isinstance(error, urllib.error.HTTPError):
        if error.code in REDIRECTS:  # those that could be followed were
            return UsageError(
                "the server redirects in a circle, or to an address that is not http or https; check the url"
            )
        kind = CODES.get(error.code) or (
            av.error.HTTPOtherClientError if error.code < CODES_OF_SERVERS else av.error.HTTPServerError
        )
        return kind(error.code, f"HTTP status {error.code}")
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, OSError):
        return error.reason
    return error


def _answer(response: Response) -> Answer:
    headers = response.headers
    length: str | None = headers.get("Content-Length")
    if response.status == http.client.PARTIAL_CONTENT:
        length = headers.get("Content-Range", "").rpartition("/")[2]
    ranges = response.status == http.client.PARTIAL_CONTENT or "bytes" in headers.get("Accept-Ranges", "")
    whole = int(length) if length is not None and length.isascii() and length.isdecimal() else None
    return Answer(response, whole, ranges, headers.get("Content-Type", "").lower())


class RemoteFile(io.RawIOBase):
    """A file on a web server for PyAV to read: where the connection is cut, it goes on at that byte.

    `cut` says why it could not go on; reading then ends as a file does that is cut short.
    """

    def __init__(
        self, url: str, shown: str, open_timeout: float, read_timeout: float, *, retry: bool
    ) -> None:
        super().__init__()
        self.name = shown
        self.cut: str | None = None
        self._url = url
        self._timeouts = open_timeout, read_timeout
        self._retry = retry
        self._aborted = threading.Event()
        self._answer: Answer | None = None
        self._at = self._reached = 0
        self._length = 0
        self._ranges = False

    def open(self) -> InputContainer:
        """Ask for the file, and have FFmpeg find out what it is; nothing else is opened."""
        try:
            answer = self._answer = ask(self._url, self._timeouts[0])
        except (OSError, http.client.HTTPException) as error:
            raise as_ffmpeg(error) from error
        if not answer.is_file:
            raise UsageError("what the server sends is no file of known length any more; check the url")
        self._length, self._ranges = answer.length or 0, answer.ranges
        settings = {"protocol_whitelist": "none"}
        return av.open(
            self if self._ranges else _Forward(self),
            "r",
            container_options=settings,
            metadata_errors="replace",
            buffer_size=BUFFER,
        )

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """Whether the server gives parts."""
        return self._ranges

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        """Read on at another place; it is requested from the server when that is read."""
        self._at = max(0, offset + (0, self._at, self._length)[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; none at the end, when it is cut for good, or after `abort`."""
        if self._at >= self._length or self.cut is not None:
            return b""
        wait, why = FIRST_WAIT, ""
        for attempt in range(TRIES if self._retry and self._ranges else 1):
            if attempt and self._aborted.wait(wait):
                return b""
            wait *= 2 if attempt else 1
            data, why = self._once(size)
            if data:
                self._at += len(data)
                self._reached = self._at
                return data
            self._drop()
            if why == OTHER:
                break
        self.cut = why
        return b""

    def abort(self) -> None:
        """End what is waited for; any thread may call it."""
        self._aborted.set()

    def close(self) -> None:
        """Let go of the connection."""
        self._drop()
        super().close()

    def _once(self, size: int) -> tuple[bytes, str]:
        """One attempt: bytes, or why there are none."""
        try:
            if self._answer is not None and not self._skipped(self._answer.response):
                self._drop()
            if self._answer is None:
                answer = self._answer = ask(self._url, self._timeouts[1], self._at)
                if answer.length != self._length or (self._at and not answer.ranges):
                    return b"", OTHER
            data = self._answer.response.read(size if size > 0 else BUFFER)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return b"", _reason(error)
        return data, "the connection was cut"

    def _skipped(self, response: Response) -> bool:
        """Whether the response stands where reading goes on, after a little of it was thrown away."""
        ahead = self._at - self._reached
        return not ahead or (0 < ahead <= SKIP and len(response.read(ahead)) == ahead)

    def _drop(self) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.response.close()


class _Forward:
    """A file that cannot be sought in, which PyAV sees by what it lacks."""

    def __init__(self, file: RemoteFile) -> None:
        self.name, self.read = file.name, file.read


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code}"
    if isinstance(error, TimeoutError):
        return "the server sends nothing more"
    return str(getattr(error, "reason", None) or error or type(error).__name__)
