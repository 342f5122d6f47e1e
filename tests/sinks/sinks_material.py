"""Pictures and films to write, made here."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from ferpipe import Box, Emotion, Face, Packet
from ferpipe.testing import make_packet

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


def picture(width: int = 160, height: int = 96, shade: int = 90) -> np.ndarray:
    """A smooth picture, so that a codec keeps its colours."""
    ramp = np.linspace(40, 200, width, dtype=np.uint8)
    image = np.empty((height, width, 3), np.uint8)
    image[..., 0], image[..., 1], image[..., 2] = shade, ramp, 255 - ramp
    return image


def face(x: float, y: float, w: float, h: float, label: str = "happy", *, track: int | None = 1) -> Face:
    likely = tuple(0.7 if name == label else 0.05 for name in CLASSES)
    return Face(Box(x, y, w, h), 0.9, track=track, emotion=Emotion(CLASSES, likely, label))


def film(times: list[int], **options: int) -> list[Packet]:
    """Packets at `times`, each of its own shade, so that frames can be told apart."""
    return [
        make_packet(picture(shade=20 + (i * 7) % 200, **options), time=time, index=i)
        for i, time in enumerate(times)
    ]


def decoded(path: Path, form: str | None = None) -> list[tuple[int, np.ndarray]]:
    """Time in microseconds and BGR picture of every frame."""
    with av.open(str(path), format=form) as container:
        return [
            (round(frame.pts * frame.time_base * 1_000_000), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(video=0)
        ]


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]
