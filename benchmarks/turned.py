"""How far may a face be turned in the picture?  python benchmarks/turned.py --model models/base.tflite

Faces of FER2013 are pasted at 120 to 250 pixels into real pictures, turned by each angle; the detector finds
them, the aligner turns them upright, and the classifier's accuracy is compared with that on the same
original crops.  A face without a chip, marked as turned by the detector, is counted apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from _faces import aligner, classifier, detector, fer2013, packet
from aligner import SCENES, paste, pictures

from ferpipe_faces import framing

ANGLES = (0, 45, 60, 75, 90, 105, 120, 180)
MOST = framing._MOST_TURN  # noqa: SLF001


def measure(angle: float, args: argparse.Namespace) -> tuple[float, ...]:
    """Shares in per cent: found, without a chip of these; right of the others: the crops, as faces are cut
    by landmarks that are believed to 60 degrees only, and as they are cut.
    """
    faces, labels = fer2013("PublicTest")
    rng = np.random.default_rng(args.seed)
    chosen = rng.permutation(len(faces))[: args.n]
    scenes, find, align = pictures(SCENES), detector("back"), aligner()
    ids, chips, upright, bare = [], [], [], 0
    for i in chosen:
        size, sign = float(rng.uniform(120, 250)), float(rng.choice([-1, 1]))
        scene = scenes[rng.integers(len(scenes))]
        picture, (x, y) = paste(scene, faces[i], size, sign * angle, "feather", rng)
        found = find.process(packet(picture))
        near = [
            place
            for place, face in enumerate(found.faces)
            if np.hypot(face.box.x + face.box.w / 2 - x, face.box.y + face.box.h / 2 - y) < 0.4 * size
        ]
        if not near:
            continue
        cuts = []
        for most in (framing._SURE_TURN, MOST):  # noqa: SLF001
            framing._MOST_TURN = most  # noqa: SLF001
            cuts.append(align.process(found).faces[near[0]].data.get("chip"))
        if cuts[0] is None:
            bare += 1
            continue
        ids.append(i)
        chips.append(cuts[0].image)
        upright.append(cuts[1].image)
    classify = classifier(args.model)
    right = [
        100 * float((classify(some) == labels[ids]).mean())
        for some in (faces[ids], np.stack(chips), np.stack(upright))
    ]
    return 100 * (len(ids) + bare) / len(chosen), 100 * bare / max(len(ids) + bare, 1), *right


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--n", type=int, default=300, help="faces for each angle")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(
        "| turned by | found | without a chip | original crops | landmarks to 60 degrees | to 115 degrees |"
    )
    print("|---|---|---|---|---|---|")
    for angle in ANGLES:
        found, bare, *right = measure(angle, args)
        shown = " | ".join(f"{share:.1f} %" for share in right)
        print(f"| {angle} | {found:.0f} % | {bare:.0f} % | {shown} |", flush=True)


if __name__ == "__main__":
    main()
