"""A smiling face as a picture, and as the file that Chromium plays as a camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

__all__ = ["smiling", "write_camera"]


def smiling() -> Any:
    """(480, 640, 3) uint8 BGR: NASA's portrait of Eileen Collins, in scikit-image; public domain."""
    from skimage.data import astronaut

    picture = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGR)
    return cv2.resize(picture, (640, 640))[20:500]


def write_camera(path: Path, picture: Any) -> Path:
    """One second of Y4M at 30 pictures a second, in which the picture sways a little."""
    height, width = picture.shape[:2]
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n".encode())
        for i in range(30):
            moved = np.roll(picture, round(6 * np.sin(i / 30 * 2 * np.pi)), axis=1)
            file.write(b"FRAME\n" + cv2.cvtColor(moved, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path
