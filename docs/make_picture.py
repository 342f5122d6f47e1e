"""Write docs/images/annotated.png: a moment of the sample, annotated by ferpipe."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2

from ferpipe import Pipeline

PICTURE = Path(__file__).resolve().parent / "images" / "annotated.png"
MOMENT = 2.6
"""Seconds into the sample; smoother and tracker need what comes before."""


def main(moment: float = MOMENT, target: Path = PICTURE) -> None:
    """Run the sample up to `moment` and keep the picture there."""
    pipeline = Pipeline.of(
        ("file", {"path": "ferpipe:samples/demo.mp4", "end": moment}),
        *("blazeface", "track", "align", "litert", "smooth", "overlay"),
    )
    last = None
    for packet in pipeline:
        last = packet.picture
    target.parent.mkdir(exist_ok=True)
    if last is None or not cv2.imwrite(str(target), last):
        sys.exit(f"{target} cannot be written")
    print(f"wrote {target}")


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
