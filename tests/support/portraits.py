"""Packets of one face and the stream they belong to, for tests of the timeline."""

from __future__ import annotations

from ferpipe import Box, Emotion, Face, Packet, StreamInfo
from ferpipe.testing import make_packet

STREAM = StreamInfo("cam", "file", width=64, height=48, duration=10_000_000, frames=250, size=1234)


def portrait(time: int, label: str | None = "happy", *, track: int | None = 1, p: float = 0.8) -> Packet:
    emotion = None if label is None else Emotion((label, "other"), (p, 1 - p), label)
    return make_packet(
        time=time, index=time // 40_000, faces=(Face(Box(1, 2, 3, 4), 0.9, track=track, emotion=emotion),)
    )
