"""Where the landmarks of FER2013's faces lie in their pictures, and the pictures in the detectors' boxes.

Faces of the Training split are enlarged four times, continued by their borders, and shown to each detector.
The medians are what `plugins/ferpipe_faces/framing_fer2013.json` holds (left and right averaged, as
classifiers are trained with mirrored faces); the last lines are the regression behind the aligner's blend.

    python benchmarks/framing.py --n 1500
"""

from __future__ import annotations

import argparse

import cv2
import numpy as np
from _faces import detector, fer2013, packet

ZOOM, PAD = 4, 112
SIDE = 48 * ZOOM


def measure(name: str, faces: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, tuple[str, ...]]:
    """Share found, boxes (N, 4) and landmarks (N, K, 2) in sides of the picture, names of landmarks."""
    stage = detector(name)
    boxes, points, names = [], [], ()
    for face in faces:
        large = cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        large = cv2.copyMakeBorder(large, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE)
        found = stage.process(packet(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR))).faces
        middle = large.shape[0] / 2
        found = [f for f in found if abs(f.box.x + f.box.w / 2 - middle) < SIDE / 3 and f.box.h > SIDE / 3]
        if found:
            best = found[0]
            names = best.landmark_names
            boxes.append((np.array(best.box) - [PAD, PAD, 0, 0]) / SIDE)
            points.append((best.landmarks - PAD) / SIDE if best.landmarks is not None else np.zeros((0, 2)))
    return len(boxes) / len(faces), np.array(boxes), np.array(points), names


def report(name: str, faces: np.ndarray) -> None:
    share, boxes, points, names = measure(name, faces)
    print(f"\n{name}: {100 * share:.1f} % of {len(faces)} found")
    for i, landmark in enumerate(names):
        low, middle, high = np.percentile(points[:, i], [25, 50, 75], axis=0)
        print(f"  {landmark:12s} {middle.round(3)}  quartiles +-{((high - low) / 2).round(3)}")
    height = boxes[:, 3:]
    offset = np.median((0.5 - boxes[:, :2] - boxes[:, 2:] / 2) / height, axis=0)
    side = 1 / height
    print(
        f"  picture in the box: offset {offset.round(3)}, side {np.median(side):.3f}, "
        f"spread {np.log(side).std():.3f}"
    )
    if names:
        blend(boxes, points)


def blend(boxes: np.ndarray, points: np.ndarray) -> None:
    """How much the box and the landmarks' mean each tell of the picture's middle."""
    height = boxes[:, 3]
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    mean = points[:, :4].mean(axis=1)
    for axis, what in enumerate(("across", "along")):
        x = np.column_stack([(mean - middle)[:, axis] / height, np.ones(len(height))])
        y = (0.5 - middle[:, axis]) / height
        usual = np.abs(x[:, 0] - np.median(x[:, 0])) < 0.15
        weight = np.linalg.lstsq(x[usual], y[usual], rcond=None)[0][0]
        print(f"  {what} the face: landmarks {weight:.2f}, box {1 - weight:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--detectors", nargs="+", default=["back", "full", "short", "yunet", "haar"])
    args = parser.parse_args()
    faces, _ = fer2013("Training")
    chosen = faces[np.random.default_rng(args.seed).permutation(len(faces))[: args.n]]
    for name in args.detectors:
        report(name, chosen)


if __name__ == "__main__":
    main()
