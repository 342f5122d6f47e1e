"""Blinks on a real clip, against a count by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe import Pipeline

CLOSED = {1: ((8, 8), (19, 20), (28, 28), (37, 37), (49, 50)), 2: ((42, 43),)}
"""First and last frame with closed eyes, a track: counted in enlarged pictures of the eyes in all frames."""


@pytest.mark.slow
@pytest.mark.usefixtures("landmarker")
def test_blinks_are_those_that_were_counted_by_hand(media: Path) -> None:
    clip = str(media / "intel_head-pose-female-and-male.mp4")
    mesh = ("mesh", {"model": "landmarker"})
    found: dict[int, list[tuple[float, float]]] = {1: [], 2: []}
    frames: list[float] = []
    for packet in Pipeline.of(("file", {"path": clip}), "blazeface", "track", mesh, "pose", "eyes"):
        frames.append(packet.time / 1e6)
        for face in packet.faces:
            if "blink.start" in face.measures:
                start = face.measures["blink.start"]
                found[face.track or 0].append((start, start + face.measures["blink.length"]))
    for track, spans in CLOSED.items():
        # In the first second it is not known yet how far a person usually opens the eyes.
        expected = [(frames[first], frames[last]) for first, last in spans if frames[first] > 1]
        assert len(found[track]) == len(expected), (track, found[track])
        for (start, end), (first, last) in zip(found[track], expected, strict=True):
            assert start - 0.09 <= first <= last <= end + 0.09
