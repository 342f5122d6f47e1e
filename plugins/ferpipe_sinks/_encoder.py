"""A video file that can be played at every moment of its making."""

from __future__ import annotations

from fractions import Fraction
from io import RawIOBase
from typing import Any, BinaryIO, cast

import av
import cv2
from av.container import OutputContainer
from av.packet import Packet as Coded
from av.video.stream import VideoStream

from ferpipe.packet import MICROSECONDS, Image
from ferpipe_sinks._hardware import HARDWARE, form_of, settings

__all__ = ["CONTAINERS", "Encoder", "lookahead"]

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Container formats by the ending of a file's name."""

_TICK = Fraction(1, MICROSECONDS)

_MATRIX_BT601, _PRIMARIES_BT709, _LIMITED_RANGE = 6, 1, 1
"""Code points of ISO/IEC 23091-2; OpenCV converts with the matrix of BT.601 in limited range."""

# A hybrid file is written as fragments, which stay playable whenever the writing stops, and is
# turned into a plain one at the end.  The delayed header knows when the first picture is shown.
_CRASH_SAFE = {
    "movflags": "hybrid_fragmented+delay_moov",
    "frag_duration": str(MICROSECONDS // 2),
    "flush_packets": "1",
    "max_interleave_delta": str(MICROSECONDS // 2),
    "cluster_time_limit": "500",
}


_DELAY = 0.4
"""Seconds of pictures that an encoder may keep back; after a kill they are gone."""

_MOST_AHEAD, _LEAST_AHEAD, _USUAL_AHEAD = 10, 4, 4
"""Pictures that it looks at before it codes one; with fewer than the least, not looking is better."""


def lookahead(rate: float | None) -> int:
    """How many pictures an encoder may look ahead at `rate` a second (None: nobody knows)."""
    wanted = _USUAL_AHEAD if rate is None else min(_MOST_AHEAD, int(_DELAY * rate))
    return wanted if wanted >= _LEAST_AHEAD else 0


class Encoder:
    """Encodes BGR pictures of one size, at times in microseconds, into `file`.

    FFmpeg is given the open file and never a name, which it might take for an address.

    ahead: how many pictures the encoder may look ahead; those in hardware do not.
    options: preset, crf and threads, as the stage `video` has them.
    Raises av.FFmpegError where the encoder refuses, OSError where the disk does.
    """

    def __init__(
        self, file: RawIOBase, form: str, size: tuple[int, int], codec: str, *, ahead: int = 0, **options: Any
    ) -> None:
        threads = options.pop("threads", 0)
        chosen = (
            settings(codec, options["crf"])
            if codec in HARDWARE
            else options | _prompt(codec, ahead, options["preset"])
        )
        self.container: OutputContainer = av.open(
            cast("BinaryIO", file),
            "w",
            format=form,
            options={k: v for k, v in _CRASH_SAFE.items() if _knows(form, k)},
        )
        self._stream = cast(
            "VideoStream",
            self.container.add_stream(codec, options={key: str(value) for key, value in chosen.items()}),
        )
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = form_of(codec)
        self._stream.time_base = _TICK
        context = self._stream.codec_context
        context.time_base = _TICK
        context.thread_count = threads
        # Threads that work on different pictures would keep back as many.
        context.thread_type = "SLICE"
        # Pictures out of order would come late, after a kill not at all, and save a tenth of the size.
        context.max_b_frames = 0
        context.colorspace, context.color_range = _MATRIX_BT601, _LIMITED_RANGE
        context.color_primaries = context.color_trc = _PRIMARIES_BT709
        if codec == "libx265" and form != "matroska":
            context.codec_tag = "hvc1"
        self._step = 0
        self._last: int | None = None

    def add(self, image: Image, time: int) -> None:
        """Add a picture ((H, W, 3) uint8 BGR, of the encoder's size) shown from `time` on."""
        planes = cast("Image", cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420))
        # from_numpy_buffer, which would save the copy, cuts heights down to a multiple of four.
        frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
        frame.pts, frame.time_base = time, _TICK
        self._step = self._step if self._last is None else time - self._last
        self._last = time
        self._mux(self._stream.encode(frame))

    def begin(self) -> None:
        """Write the head, when every stream is there: a folder that is gone shows now and not later."""
        self.container.start_encoding()

    def finish(self) -> None:
        """Encode what the encoder kept back."""
        self._mux(self._stream.encode(None))

    def close(self) -> None:
        """Complete the file."""
        self.container.close()

    def _mux(self, packets: list[Coded[VideoStream]]) -> None:
        for packet in packets:
            # Only the last picture's counts: it stays as long as the one before it.
            packet.duration = self._step
            self.container.mux_one(packet)


def _prompt(codec: str, ahead: int, preset: str) -> dict[str, str]:
    """Options of the encoder that bound what it keeps back to `ahead` pictures, and a few."""
    if codec == "libx265":
        return {"x265-params": f"log-level=error:rc-lookahead={ahead}:frame-threads=1"}
    # Fast presets do not share out bits by what later pictures use again (mbtree). It costs little and
    # halves the size: superfast with it is as good and as small as veryfast, in 0.6 to 0.7 of the time.
    mbtree = ":mbtree=1" if ahead and preset != "ultrafast" else ""
    return {"rc-lookahead": str(ahead), "x264-params": f"sync-lookahead=0{mbtree}"}


def _knows(form: str, option: str) -> bool:
    return option in {"flush_packets", "max_interleave_delta"} or (
        (option == "cluster_time_limit") == (form == "matroska")
    )
