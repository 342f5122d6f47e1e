"""Write docs/images/pose.png: a face turned both ways about each axis, with the signs of the angles."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from ferpipe import Box, Face, Frame, Packet, Stage
from ferpipe.packet import Image
from ferpipe.testing import run_stage
from ferpipe_geometry.fit import Similarity, canonical, turned
from ferpipe_geometry.pose import Pose
from ferpipe_sinks.overlay import OverlayOptions, OverlayStage

PICTURE = Path(__file__).resolve().parent / "images" / "pose.png"
WIDTH, HEIGHT = 300, 260
TURNS = {"yaw": (30, 0, 0), "pitch": (0, 25, 0), "roll": (0, 0, 25)}


def tile(name: str, angles: tuple[float, float, float]) -> Image:
    """One turned face, measured and drawn by the stages themselves."""
    place = Similarity(9.0, turned(*angles), np.array([WIDTH / 2, -HEIGHT / 2, 0.0]))
    mesh = place.ahead(canonical()[0]).astype(np.float32)
    picture = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    packet = Packet(
        Frame(picture, 0, 0, "drawing"), {"faces": (Face(Box(60, 40, 180, 180), 1.0, data={"mesh": mesh}),)}
    )
    stages: list[Stage] = [Pose(), OverlayStage(OverlayOptions(show=("mesh", "axes")))]
    for stage in stages:
        (packet,) = run_stage(stage, [packet])
    measures = packet.faces[0].measures
    canvas: Image = packet.picture.copy()
    label = f"{name} {measures[f'head.{name}']:+.0f}"
    cv2.putText(canvas, label, (12, 28), cv2.FONT_HERSHEY_DUPLEX, 0.7, (255, 255, 255), 1, cv2.LINE_AA)
    return canvas


def main() -> None:
    """Positive angles above, negative ones below."""
    rows = []
    for sign in (1, -1):
        tiles = [tile(name, tuple(sign * angle for angle in angles)) for name, angles in TURNS.items()]
        rows.append(np.hstack(tiles))
    if not cv2.imwrite(str(PICTURE), np.vstack(rows)):
        sys.exit(f"{PICTURE} cannot be written")
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()
