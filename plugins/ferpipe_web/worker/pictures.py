"""Single pictures and the frames of a browser's camera, decoded and analysed in a bounded process."""

from __future__ import annotations

import struct
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from ferpipe import FerpipeError, Session, UsageError
from ferpipe.packet import Image
from ferpipe.timeline import measure_record
from ferpipe_web.chains import last_of, read, session_chain, still_chain
from ferpipe_web.worker.channel import Channel, Message
from ferpipe_web.worker.people import People
from ferpipe_web.worker.records import facts
from ferpipe_web.worker.wording import public

__all__ = ["PictureWorker", "decode"]

cv2.setNumThreads(1)
_HEAD = struct.Struct(">Id")


class PictureWorker:
    """Answers one picture after the other: `role` is `stills`, or `camera` for a stream of them."""

    def __init__(self, channel: Channel, config: dict[str, Any]) -> None:
        self._channel = channel
        self._is_camera = config["role"] == "camera"
        pipeline = read(config)
        chain = session_chain(pipeline) if self._is_camera else still_chain(pipeline)
        at = last_of(chain)
        self._session: Session = chain.session(at=at)
        self._people = People()
        self._last = -1.0
        self._begun: float | None = None
        self._measures = [measure_record(each) for each in chain.graph.arrivals[at].measures.values()]

    def serve(self) -> None:
        """Until the server closes the pipe."""
        # The first picture is the one that loads everything.
        packet = self._session.process(np.zeros((48, 64, 3), np.uint8), 0.0, discontinuity=True, name="warm")
        report = self._session.report
        notes = {} if report is None else report.notes
        classes = next((note["classes"] for note in notes.values() if "classes" in note), ())
        del packet
        self._channel.write({"type": "ready", "classes": list(classes), "measures": self._measures})
        with self._session:
            while (message := self._channel.read()) is not None:
                self._channel.write(self._answer(message))

    def _answer(self, message: Message) -> dict[str, Any]:
        began = perf_counter()
        try:
            found = self._look(message)
        except MemoryError:
            return {"type": "error", "error": "the picture needs more memory than is allowed"}
        except FerpipeError as error:
            return {"type": "error", "error": public(str(error))}
        return {"type": "result", **found, "ms": round((perf_counter() - began) * 1000, 2)}

    def _look(self, message: Message) -> dict[str, Any]:
        image = decode(message.body)
        if self._is_camera:
            packet = self._session.process(image, self._time(message.header["seconds"]))
        else:
            self._last += 1.0
            packet = self._session.process(image, self._last + 2.0, discontinuity=True, name="picture")
        if packet is None:
            height, width = image.shape[:2]
            return {"width": width, "height": height, "faces": [], "measures": {}}
        if self._is_camera:
            return facts(self._people.apply(packet), self._people)
        found = facts(packet)
        return {key: found[key] for key in ("width", "height", "faces", "measures")}

    def _time(self, seconds: float) -> float:
        """The browser's clock from its first frame; strictly increasing, whatever it says."""
        self._begun = seconds if self._begun is None else self._begun
        self._last = max(self._last + 0.001, seconds - self._begun, 0.001)
        return self._last + 0.1


def decode(data: bytes) -> Image:
    """(H, W, 3) BGR of a JPEG, PNG, WebP, BMP or TIFF, upright by its EXIF tag.

    Raises UsageError for anything else, and for a picture of too many pixels.
    """
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        large = "too large" if "CV_IO_MAX_IMAGE" in str(error) or "pixels" in str(error) else "damaged"
        raise UsageError(f"the picture is {large}: send a smaller or another one") from None
    if image is None:
        raise UsageError("the picture cannot be read: send a JPEG, PNG, WebP, BMP or TIFF")
    decoded: Image = image  # type: ignore[assignment]
    return decoded
