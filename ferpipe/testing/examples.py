"""Packets for a stage whose author gives none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferpipe.packet import Box, Chip, Emotion, Face, Packet
from ferpipe.stages import Options, Stage
from ferpipe.testing.drive import make_packet

__all__ = ["default_packets"]

_NAMES = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
_POINTS = np.array([[26, 18], [36, 18], [31, 24], [27, 30], [35, 30]], np.float32)
_SURE = Emotion(("happy", "sad"), (0.75, 0.25), "happy", (0.7, 0.3))


_OF_FACES = frozenset({"faces", "tracks", "emotions", "smoothed", "face.chip"})


def default_packets(stage: type[Stage[Any]], options: Options) -> list[Packet]:
    """Three black frames of 64x48; with a face that has what the stage needs, where it needs faces."""
    needs, _ = stage.contract(options)
    face = _face(needs) if needs & _OF_FACES else None
    packets = [make_packet(time=time, index=index) for index, time in enumerate((0, 40_000, 80_000))]
    return packets if face is None else [packet.replace(faces=(face,)) for packet in packets]


def _face(needs: frozenset[str]) -> Face:
    face = Face(Box(20, 10, 22, 26), 0.9, _POINTS.copy(), _NAMES)
    if "tracks" in needs:
        face = face.replace(track=1)
    if needs & {"emotions", "smoothed"}:
        face = face.replace(emotion=_SURE)
    if "face.chip" in needs:
        face = face.replace(data={"chip": Chip(np.full((48, 48), 128, np.uint8), np.eye(2, 3))})
    return face
