"""Which faces each detector finds, at what size, how well it boxes them, and what it costs.

The clips under FERPIPE_SHARED are shrunk until their faces have a given height and put into the middle of a
grey 640x360 picture.  The reference is what at least two of three detectors agree on at full resolution
(YuNet, tiled back, tiled full range); the clips show 1, 1, 2, 3, 2 and 4 people.

    python benchmarks/detectors.py
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
from _faces import SHARED, detector, frames, packet

from ferpipe import Box

DETECTORS = ("short", "full", "full-sparse", "back", "full+1", "back+1", "yunet", "haar")
HEIGHTS = (80, 60, 40, 30, 20, 15)
CANVAS = (640, 360)


def matches(a: Box, b: Box) -> bool:
    """Whether two boxes, by different ideas of a box, hold the same face."""
    unit = max(a.h, b.h)
    away = np.hypot(a.x + a.w / 2 - b.x - b.w / 2, a.y + a.h / 2 - b.y - b.h / 2)
    return bool(away < 0.4 * unit and 0.45 < a.h / b.h < 2.2)


def reference(pictures: list[np.ndarray]) -> list[list[Box]]:
    judges = [detector("yunet", size=0), detector("back+1"), detector("full+2")]
    agreed = []
    for picture in pictures:
        found = [[face.box for face in judge.process(packet(picture)).faces] for judge in judges]
        boxes: list[Box] = []
        for i, some in enumerate(found):
            for box in some:
                backed = any(matches(box, other) for j, rest in enumerate(found) if j != i for other in rest)
                if backed and not any(matches(box, known) for known in boxes):
                    boxes.append(box)
        agreed.append(boxes)
    return agreed


def shrunk(picture: np.ndarray, boxes: list[Box], height: float) -> tuple[np.ndarray, list[Box]] | None:
    """The picture on the canvas with its faces at `height`; None where that would enlarge it."""
    factor = height / float(np.median([box.h for box in boxes]))
    if factor > 1.05:
        return None
    size = round(picture.shape[1] * factor), round(picture.shape[0] * factor)
    canvas = np.full((CANVAS[1], CANVAS[0], 3), 114, np.uint8)
    x, y = (CANVAS[0] - size[0]) // 2, (CANVAS[1] - size[1]) // 2
    canvas[y : y + size[1], x : x + size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return canvas, [Box(b.x * factor + x, b.y * factor + y, b.w * factor, b.h * factor) for b in boxes]


def score(name: str, scenes: list[tuple[np.ndarray, list[Box]]]) -> dict[str, float | None]:
    stage = detector(name)
    stage.process(packet(scenes[0][0]))
    there = found = wrong = 0
    offsets, ratios, cost = [], [], 0.0
    for picture, boxes in scenes:
        start = time.thread_time()
        faces = stage.process(packet(picture)).faces
        cost += time.thread_time() - start
        hits = 0
        for box in boxes:
            mine = next((face.box for face in faces if matches(face.box, box)), None)
            if mine is not None:
                hits += 1
                ratios.append(np.log(mine.h / box.h))
                offsets.append((mine.x + mine.w / 2 - box.x - box.w / 2) / box.h)
        there, found, wrong = there + len(boxes), found + hits, wrong + len(faces) - hits
    spread = float(np.hypot(np.std(ratios), np.std(offsets))) if ratios else None
    return {
        "recall": found / there,
        "false": wrong / len(scenes),
        "spread": spread,
        "ms": 1000 * cost / len(scenes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=6, help="frames of each clip")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    pictures = []
    for clip in sorted((SHARED / "media").glob("*.mp4")):
        all_frames = [picture for _, picture in frames(clip)]
        pictures += all_frames[:: max(1, len(all_frames) // args.frames)][: args.frames]
    boxes = reference(pictures)
    print(f"{len(pictures)} pictures, {sum(map(len, boxes))} faces")
    results: dict[str, dict[int, dict[str, float | None]]] = {name: {} for name in DETECTORS}
    for height in HEIGHTS:
        pairs = zip(pictures, boxes, strict=True)
        scenes = [scene for picture, some in pairs if some and (scene := shrunk(picture, some, height))]
        for name in DETECTORS:
            results[name][height] = score(name, scenes)
    print(
        "| detector |"
        + "".join(f" {height} px |" for height in HEIGHTS)
        + " false a picture | spread | ms CPU |"
    )
    print("|---" * (len(HEIGHTS) + 4) + "|")
    for name, rows in results.items():
        shares = "".join(f" {100 * rows[height]['recall']:.0f} % |" for height in HEIGHTS)
        false = np.mean([row["false"] for row in rows.values()])
        spread = np.mean([row["spread"] for row in rows.values() if row["spread"] is not None])
        cost = np.median([row["ms"] for row in rows.values()])
        print(f"| {name} |{shares} {false:.2f} | {spread:.2f} | {cost:.1f} |", flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
