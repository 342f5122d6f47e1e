"""The annotated live picture for players elsewhere: RTSP, RTMP, HLS, UDP."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from time import monotonic
from typing import Literal

import numpy as np
from pydantic import Field, field_validator

from ferpipe import Context, Options, Packet, Stage, UsageError, redact, remedy
from ferpipe.packet import Image
from ferpipe_sinks._ffmpeg import Sender
from ferpipe_sinks._letterbox import even_size, fitted

__all__ = ["StreamOptions", "StreamSink"]

_FORMATS = {
    "rtsp": ("-rtsp_transport", "tcp", "-f", "rtsp"),
    "rtsps": ("-rtsp_transport", "tcp", "-f", "rtsp"),
    "rtmp": ("-f", "flv"),
    "rtmps": ("-f", "flv"),
    "udp": ("-f", "mpegts"),
    "srt": ("-f", "mpegts"),
}

_HLS = ("-f", "hls", "-hls_time", "1", "-hls_list_size", "6", "-hls_flags", "delete_segments+temp_file")

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0
"""Seconds before ffmpeg is started again, doubled each time."""

_HEALTHY = 10.0
"""Seconds after which a connection that breaks counts as a new trouble."""


class StreamOptions(Options):
    """Where the picture is sent, and how it is encoded."""

    url: str = Field(
        min_length=1, description="The address, rtsp://, rtmp://, udp:// or srt://, or an .m3u8 file for HLS."
    )
    fps: float = Field(25.0, gt=0, le=120, description="Frames per second that are sent.")
    bitrate: str = Field(
        "2500k", pattern=r"^\d+[kM]?$", description="The maximum bit rate, such as 2500k or 4M."
    )
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast"] = Field(
        "ultrafast",
        description="The preset: a faster one costs less time and looks worse at the same bit rate.",
    )

    @field_validator("url")
    @classmethod
    def _can_be_sent_to(cls, url: str) -> str:
        scheme = url.partition("://")[0].lower() if "://" in url else ""
        if scheme not in _FORMATS and not (not scheme and url.endswith(".m3u8")):
            known = ", ".join(f"{name}://" for name in _FORMATS)
            raise ValueError(f"this is neither one of {known} nor an .m3u8 file")
        if not scheme and "%" in Path(url).name:
            raise ValueError("the name of a playlist cannot have a '%', which FFmpeg replaces: rename it")
        if scheme and (not url.isprintable() or " " in url):
            raise ValueError("an address has no spaces and no control characters; write a space as %20")
        return url


class StreamSink(Stage[StreamOptions]):
    """Sends the annotated picture to an RTSP, RTMP, UDP or SRT address, or into an HLS folder.

    The picture of the moment is sent at a steady rate through the ffmpeg of imageio-ffmpeg.  A viewer
    or a server that is away or slow never holds up the run: pictures that cannot be sent are
    `unsent`, and ffmpeg is started again, ever less often, counted as `restarts`.
    """

    Options = StreamOptions
    needs = frozenset({"frame"})
    _thread: threading.Thread | None = None

    def open(self, context: Context) -> None:
        """Find ffmpeg, and settle where the picture goes."""
        super().open(context)
        self._ffmpeg = _find_ffmpeg()
        self._is_hls = "://" not in self.options.url
        self._target = str(context.output(self.options.url)) if self._is_hls else self._address(context)
        self._slot = threading.Condition()
        self._newest: Image | None = None
        self._is_new = self._ended = False
        self._sender: Sender | None = None
        self._failure: Exception | None = None

    def process(self, packet: Packet) -> Packet:
        """Put the picture where the sending thread finds it; never waits.

        Raises what that thread has raised on an earlier picture.
        """
        self._report_failure()
        if self._thread is None:
            self._size = even_size(packet.picture)
            self._thread = threading.Thread(target=self._run, name=f"{self.context.name}-send", daemon=True)
            self._thread.start()
        with self._slot:
            if self._is_new:
                self.context.count("unsent")
            self._newest, self._is_new = packet.picture, True
            self._slot.notify()
        return packet

    def close(self) -> None:
        """End the stream within two seconds, whatever ffmpeg is doing."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._slot:
            self._ended = True
            self._slot.notify()
        thread.join(1.5)
        sender = self._sender
        if thread.is_alive() and sender is not None:
            sender.stop()
            thread.join(0.4)
        if self._is_hls and Path(self._target).exists():
            self.context.wrote(self._target)
        self._report_failure()

    def _report_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _address(self, context: Context) -> str:
        if not context.trusted:
            raise UsageError(
                f"it would send pictures to {redact(self.options.url)}, and the pipeline is run with "
                f"{remedy('--no-local-plugins', 'trusted=False')}: omit that if you trust it, or send "
                "to an .m3u8 file"
            )
        return self.options.url

    def _run(self) -> None:
        """Keep an ffmpeg going until the end of the run."""
        wait = _FIRST_WAIT
        while not self._ended:
            try:
                healthy = self._send()
            except Exception as error:  # noqa: BLE001 -- a thread of its own: nobody else would see it
                self._failure, healthy = error, False
                if self._sender is not None:
                    self._sender.stop()
            if self._ended:
                return
            wait = _FIRST_WAIT if healthy else min(2 * wait, _LONGEST_WAIT)
            self.context.count("restarts")
            self._pause(wait)

    def _send(self) -> bool:
        """Feed one ffmpeg until it goes or the run ends; True where it was well for a while."""
        try:
            sender = self._sender = Sender(
                self._command(), Path(self._target).parent if self._is_hls else None
            )
        except OSError as error:
            why = error.strerror or str(error)
            self.context.log.warning("ffmpeg cannot be started (%s): %s; retrying", self._ffmpeg, why)
            return False
        period, sent = 1 / self.options.fps, 0
        started = due = monotonic()
        while (picture := self._next(due)) is not None and sender.write(picture):
            sent += 1
            due = max(started + sent * period, monotonic() - period)
            if not sender.is_running:
                break
        sender.finish()
        healthy = monotonic() - started > _HEALTHY
        if not self._ended:
            where = redact(self._target)
            self.context.log.warning("the stream to %s failed: %s; retrying", where, sender.last_words())
        return healthy

    def _next(self, due: float) -> Image | None:
        """The newest picture once it is `due`; None when the run ends.  Standing pictures are repeated."""
        with self._slot:
            self._slot.wait_for(lambda: self._ended, max(0.0, due - monotonic()))
            self._slot.wait_for(lambda: self._ended or self._newest is not None)
            # What came last is sent even when the run has ended meanwhile.
            if self._newest is None or (self._ended and not self._is_new):
                return None
            picture, self._is_new = self._newest, False
        return np.ascontiguousarray(fitted(picture, self._size))

    def _pause(self, seconds: float) -> None:
        with self._slot:
            self._slot.wait_for(lambda: self._ended, seconds)

    def _command(self) -> list[str]:
        width, height = self._size
        options = self.options
        kind = _HLS if self._is_hls else _FORMATS[options.url.partition("://")[0].lower()]
        return [
            *(self._ffmpeg, "-hide_banner", "-loglevel", "error", "-y"),
            *("-f", "rawvideo", "-pixel_format", "bgr24", "-video_size", f"{width}x{height}"),
            *("-framerate", f"{options.fps:g}", "-i", "pipe:0"),
            *("-c:v", "libx264", "-preset", options.preset, "-tune", "zerolatency", "-pix_fmt", "yuv420p"),
            *(
                "-g",
                f"{max(1, round(options.fps)):d}",
                "-maxrate",
                options.bitrate,
                "-bufsize",
                options.bitrate,
            ),
            *kind,
            # Without the prefix, a name such as "tcp:x.m3u8" would be an address.  The folder stays out,
            # since FFmpeg puts numbers in where a '%' is.
            f"file:./{Path(self._target).name}" if self._is_hls else self._target,
        ]


def _find_ffmpeg() -> str:
    import imageio_ffmpeg

    try:
        found = str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise UsageError(
            "stream needs ffmpeg, and imageio-ffmpeg has none for this machine: install ffmpeg"
        ) from error
    path = shutil.which(found)
    if path is None:
        raise UsageError(
            f"stream needs ffmpeg, and '{found}' cannot be run: correct or unset IMAGEIO_FFMPEG_EXE"
        )
    return os.path.abspath(path)  # noqa: PTH100 -- it is started in another folder; links stay
