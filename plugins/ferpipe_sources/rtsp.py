"""Network cameras and streams: RTSP, and whatever else FFmpeg reads from an address."""

from __future__ import annotations

import errno
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import cv2  # noqa: F401 -- before PyAV, whose copy of libxcb would make OpenCV's windows hang

# isort: split
import av
from av.container import InputContainer
from pydantic import Field, field_validator

from ferpipe import Context, StreamInfo, UsageError, redact
from ferpipe_sources._http import Answer, RemoteFile, as_ffmpeg, ask
from ferpipe_sources._live import LiveOptions, LiveSource
from ferpipe_sources._parts import Part, parts_of
from ferpipe_sources._pipe import Pipe
from ferpipe_sources._reader import Connection

__all__ = ["RtspOptions", "RtspSource"]

SCHEMES = frozenset("fifo http https rtmp rtmps rtp rtsp rtsps srt tcp udp".split())  # noqa: SIM905 -- reads as a list of words

WEB = "crypto,data,http,httpproxy,https,tcp,tls"
"""What an answer over HTTP, such as a playlist, may lead to: no local file, and no port that is opened."""

PROTOCOLS = {
    "http": WEB,
    "https": WEB,
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmp,rtmps,tcp,tls",
    "rtp": "rtp,srtp,udp",
    "rtsp": "http,httpproxy,https,rtp,rtsp,srtp,tcp,tls,udp",
    "rtsps": "http,httpproxy,https,rtp,rtsp,srtp,tcp,tls,udp",
    "srt": "srt,udp",
    "tcp": "tcp",
    "udp": "udp",
}
"""What an address may lead to, by its scheme."""

OPENS_PORTS = frozenset({"rtp", "udp"})
"""Schemes of which the receiver opens a port, where anybody can send to."""

CALLING = {"mode": "caller", "listen": "0", "transtype": ""}
"""Keys of a query that can make FFmpeg listen, and the values that do not."""

PROBE = "1000000"
"""Microseconds of stream that FFmpeg may look at before the first frame (it would take 5 s)."""

FINAL = (
    av.error.HTTPBadRequestError,
    av.error.HTTPForbiddenError,
    av.error.HTTPNotFoundError,
    av.error.HTTPUnauthorizedError,
    UsageError,
)
"""Errors that the user must correct.  Others are temporary, such as a camera with too many viewers."""


class RtspOptions(LiveOptions):
    """Which address, and how to read it."""

    url: str = Field(
        description=(
            "The address: rtsp, rtmp, http(s), udp, srt, ..., or fifo:///a/named/pipe. Its password is "
            "never shown."
        )
    )
    transport: Literal["tcp", "udp"] = Field("tcp", description="Transport protocol of an RTSP server.")
    read_timeout: float = Field(5.0, gt=0, le=300, description="Seconds that one read may wait for data.")
    live: bool | None = Field(
        None,
        description=(
            "Whether the stream is live: the newest frame wins. false is for a recording on a server: every"
            " frame counts, and it ends. Default: a file of known length on a web server is a recording, and"
            " everything else is live."
        ),
    )

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if not url.isprintable() or " " in url:
            raise ValueError("an address has no spaces and no control characters; write a space as %20")
        try:
            parts = urlsplit(url)
        except ValueError:  # whose text has the password in it
            raise ValueError(
                "this address cannot be read; write what is special in the password as %40 for @, %5B for ["
            ) from None
        if not parts.scheme or "://" not in url:
            raise ValueError(
                "this is no address such as rtsp://camera/stream; a file is read with 'use: file'"
            )
        if parts.scheme.lower() not in SCHEMES:
            raise ValueError(f"{parts.scheme}:// is not read here; known are {', '.join(sorted(SCHEMES))}")
        return url


class RtspSource(LiveSource[RtspOptions]):
    """Reads a network camera or stream, and connects again by itself when it breaks off.

    The password of the address is removed from everything that is shown.  A camera that is down
    at the start is waited for; a wrong path or password at the start ends the run at once.
    Frames without time stamps of their own (HTTP cameras that send JPEGs, bare H.264) are stamped by
    arrival, JPEGs with an `X-Timestamp` by that.  A file on a web server is read on at the same byte where
    the connection is cut; a recording that ends too early counts `truncated`, and the run is incomplete.
    """

    Options = RtspOptions

    def __init__(self, options: RtspOptions | None = None) -> None:
        super().__init__(options)
        self._pictures = False
        self._file: RemoteFile | None = None

    def open(self, context: Context) -> None:
        """Name the stream; only a web server is asked what it has there."""
        super().open(context)
        options = self.options
        if not context.trusted:
            refuse_listening(options)
        live = options.live
        if urlsplit(options.url).scheme.lower() in {"http", "https"}:
            context.alive("connecting")
            answer = self._what()
            self._patient = answer is not None and answer.is_file and live is not True
            self._pictures = answer is not None and answer.is_pictures
            live = not self._patient if live is None else live
        self.live = live is not False
        self.ends = not self.live
        shown = redact(self.options.url)
        self.stream = StreamInfo(name=urlsplit(shown).path.strip("/") or shown, uri=shown, live=self.live)

    def connection(self) -> Connection:
        """The address, with time-outs on everything."""
        options, parts = self.options, urlsplit(self.options.url)
        latest = self.live and self.context.live
        depth = 1 if latest else 8
        read = min(options.read_timeout, options.stall_timeout)
        if self._pictures:
            return Connection(self._connect, redact(options.url), depth, latest, pictures=self._parts)
        if self._patient:
            file = self._file = RemoteFile(
                options.url, redact(options.url), options.open_timeout, read, retry=options.reconnect
            )
            return Connection(file.open, file.name, depth, latest, abort=file.abort, close=file.close)
        if parts.scheme.lower() == "fifo":
            pipe = Pipe(Path(unquote(parts.path)), options.open_timeout, read)
            return Connection(pipe.open, options.url, depth, latest, abort=pipe.abort, close=pipe.close)
        return Connection(self._connect, redact(options.url), depth, latest)

    def cut_short(self) -> str | None:
        """Why the file on a web server could not be read to its end."""
        cut = None if self._file is None else self._file.cut
        return None if cut is None else f"{self.stream.uri}: {cut}"

    def _what(self) -> Answer | None:
        """What the web server has at the address; None if it does not answer, as a camera that is down.

        Raises UsageError for a redirection that cannot be followed: FFmpeg would try it for ever.
        """
        try:
            answer = ask(self.options.url, self.options.open_timeout)
        except (OSError, http.client.HTTPException, ValueError) as error:
            refusal = as_ffmpeg(error)
            if isinstance(refusal, UsageError):
                raise UsageError(self.explain(refusal)) from None
            return None
        answer.response.close()
        return answer

    def _parts(self) -> Iterator[Part]:
        options = self.options
        timeout = min(options.read_timeout, options.stall_timeout, options.open_timeout)
        try:
            answer = ask(options.url, timeout)
        except (OSError, http.client.HTTPException) as error:
            raise as_ffmpeg(error) from error
        with answer.response as response:
            yield from parts_of(cast("IO[bytes]", response), response.headers.get("Content-Type", ""))

    @property
    def _is_rtsp(self) -> bool:
        return self.options.url.lower().startswith(("rtsp:", "rtsps:"))

    def _connect(self) -> InputContainer:
        options = self.options
        allowed = PROTOCOLS[urlsplit(options.url).scheme.lower()]
        settings = {"protocol_whitelist": allowed, "analyzeduration": PROBE, "fpsprobesize": "0"}
        if self._is_rtsp:
            settings |= {"rtsp_transport": options.transport, "allowed_media_types": "video"}
        if options.url.lower().startswith("udp:"):
            settings["overrun_nonfatal"] = "1"
        read = min(options.read_timeout, options.stall_timeout)
        return av.open(
            options.url,
            "r",
            container_options=settings,
            metadata_errors="replace",
            timeout=(options.open_timeout, read),
        )

    def is_final(self, error: Exception) -> bool:
        """A refusal for cause: wrong password, wrong path, not a video.

        Asking again would not help, and locks the account of many a camera.  An RTSP server
        that is just coming up may send nonsense; it is asked again.
        """
        nonsense = isinstance(error, av.error.InvalidDataError) and not self._is_rtsp
        return nonsense or lacks_transport(error) or isinstance(error, FINAL)

    def explain(self, error: Exception) -> str:
        """One line for the user."""
        return f"{redact(self.options.url)}: {reason(error)}"


def refuse_listening(options: RtspOptions) -> None:
    """Raise UsageError for an address by which this machine would open a port for others."""
    parts = urlsplit(options.url)
    listens = parts.scheme.lower() in OPENS_PORTS or (
        options.transport == "udp" and parts.scheme.lower().startswith("rtsp")
    )
    for key, value in parse_qsl(parts.query.replace("?", "&"), keep_blank_values=True):
        word = key.strip().lower()
        local = word.startswith("local") or word in {"adapter", "sources", "block"}
        listens |= local or (word in CALLING and value.strip().lower() not in {CALLING[word], ""})
        listens |= word in {"listen", "udp", "multicast", "udp_multicast"} and value.strip() != "0"
    if listens:
        raise UsageError(
            f"{redact(options.url)}: reading it opens a port on this machine, and the pipeline is run with "
            "--no-local-plugins; give an address that is connected to"
        )


def lacks_transport(error: Exception) -> bool:
    """Whether an RTSP server refused the transport (461)."""
    return isinstance(error, av.error.FFmpegError) and error.errno == errno.EPROTONOSUPPORT


def reason(error: Exception) -> str:
    """What `error` means, and what to do about it."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return (
            "authentication failed: the server wants another user name or password; "
            "put them into the url as user:password@host"
        )
    if isinstance(error, av.error.HTTPNotFoundError):
        return "the server has no such stream (404); check the path of the url"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused; check that the camera is on, and the port"
    if isinstance(error, av.error.TimeoutError | av.error.ExitError):
        return "the server did not answer in time; check the address, or raise open_timeout"
    if isinstance(error, av.error.InvalidDataError):
        return "what the server sends is not a video stream; check the url"
    if isinstance(error, av.error.HTTPOtherClientError | av.error.HTTPServerError):
        return "the server refuses for now (it may have too many viewers, or no picture yet)"
    if lacks_transport(error):
        return "the server does not send that way; try the other 'transport' (tcp or udp)"
    if isinstance(error, av.error.FFmpegError):
        return f"the stream cannot be read ({error.strerror}); check the host and the network"
    return str(error)
