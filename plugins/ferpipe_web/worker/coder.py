"""JPEGs of what is shown: coded once for each size, and only while somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import cv2

from ferpipe import Packet
from ferpipe.packet import Image

__all__ = ["Coder", "jpeg"]

cv2.setNumThreads(1)
_QUALITY = 80


class Coder:
    """Codes the newest packet for every width that is wanted; one that comes meanwhile replaces another.

    done: called with the width, a header and the JPEG.
    """

    def __init__(self, done: Callable[[int, dict[str, Any], bytes], None]) -> None:
        self.widths: frozenset[int] = frozenset()
        self._done = done
        self._newest: tuple[int, Packet] | None = None
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._work, name="coder", daemon=True).start()

    def put(self, number: int, packet: Packet) -> None:
        """Hand in a packet; costs nothing where nobody looks."""
        if not self.widths:
            return
        with self._changed:
            self._newest = (number, packet)
            self._changed.notify()

    def close(self) -> None:
        """Code nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._newest is None and not self._closed:
                    self._changed.wait()
                if self._closed or self._newest is None:
                    return
                (number, packet), self._newest = self._newest, None
            for width in sorted(self.widths):
                picture = resized(packet.picture, width)
                data = jpeg(picture)
                captured = packet.frame.captured
                header = {
                    "type": "picture",
                    "slot": width,
                    "id": number,
                    "time": packet.frame.seconds,
                    "width": picture.shape[1],
                    "height": picture.shape[0],
                    "age_ms": None if captured is None else round((monotonic() - captured) * 1000, 1),
                }
                self._done(width, header, data)


def resized(picture: Image, width: int) -> Image:
    """(H, W, 3), not wider than `width`; never enlarged."""
    height, full = picture.shape[:2]
    if full <= width:
        return picture
    size = (width, max(1, round(height * width / full)))
    smaller: Image = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return smaller


def jpeg(picture: Image) -> bytes:
    """The picture as a JPEG."""
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise RuntimeError("OpenCV could not code a picture")
    return data.tobytes()
