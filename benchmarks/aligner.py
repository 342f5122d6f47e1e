"""Does the way through detector and aligner cost accuracy?

Faces of FER2013 are pasted, at 40 to 300 pixels and turned by up to 20 degrees, into real pictures without
faces; the detector finds them, the aligner cuts them out, and the classifier's accuracy on the found ones
is compared with its accuracy on the same original crops.

    python benchmarks/aligner.py --model models/base.tflite

A crop ends where a real head goes on.  `--edge feather` (the default) lets it fade into the scene over a
mirrored, ever more blurred continuation; `--edge hard` pastes the bare square.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from _faces import aligner, classifier, detector, fer2013, packet

SIZES = ((40, 56), (56, 80), (80, 120), (120, 180), (180, 300.1))
TURNS = ((0, 5), (5, 10), (10, 15), (15, 20.1))
WIDTH, HEIGHT = 640, 480


SCENES = ("coffee", "rocket", "chelsea", "brick", "grass", "gravel", "moon", "coins")


def pictures(names: tuple[str, ...]) -> list[np.ndarray]:
    """BGR pictures of scikit-image, WIDTH x HEIGHT."""
    scenes = []
    for name in names:
        picture = getattr(skimage.data, name)()
        colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR if picture.ndim == 2 else cv2.COLOR_RGB2BGR)
        scenes.append(cv2.resize(colour, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA))
    return scenes


def paste(
    scene: np.ndarray,
    face: np.ndarray,
    size: float,
    turn: float,
    edge: str,
    rng: np.random.Generator,
    placed: Callable[[np.ndarray], None] = lambda _: None,
):
    """The scene with the face in it, and the face's centre; `placed` gets the (2, 3) from face to scene."""
    margin = 16 if edge == "feather" else 0
    patch = face if not margin else continued(face, margin)
    mask = np.zeros(patch.shape, np.float32)
    mask[margin : margin + 48, margin : margin + 48] = 1
    if margin:
        mask = cv2.GaussianBlur(
            cv2.copyMakeBorder(face * 0 + 1.0, 16, 16, 16, 16, cv2.BORDER_CONSTANT), (0, 0), 4
        )
        mask = np.clip(mask * 2, 0, 1).astype(np.float32)
    height, width = scene.shape[:2]
    reach = size * 0.75
    x, y = (
        rng.uniform(reach, width - reach),
        rng.uniform(min(reach, height / 2), max(height - reach, height / 2)),
    )
    middle = patch.shape[0] / 2 - 0.5
    matrix = cv2.getRotationMatrix2D((middle, middle), turn, size / 48)
    matrix[:, 2] += np.array([x, y]) - 0.5 - middle
    placed(matrix @ np.array([[1, 0, margin], [0, 1, margin], [0, 0, 1]]))
    options = {"dsize": (width, height), "flags": cv2.INTER_CUBIC if size > 48 else cv2.INTER_LINEAR}
    drawn = cv2.warpAffine(patch, matrix, borderMode=cv2.BORDER_REPLICATE, **options).astype(np.float32)
    share = np.clip(cv2.warpAffine(mask, matrix, dsize=(width, height), flags=cv2.INTER_LINEAR), 0, 1)[
        ..., None
    ]
    return (scene * (1 - share) + drawn[..., None] * share + 0.5).astype(np.uint8), (x, y)


def continued(face: np.ndarray, margin: int) -> np.ndarray:
    """The face with a mirrored continuation that blurs away from it."""
    mirrored = cv2.copyMakeBorder(face, margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    blurred = cv2.GaussianBlur(mirrored, (0, 0), 4)
    blurred[margin : margin + 48, margin : margin + 48] = face
    return blurred


def measure(args: argparse.Namespace) -> dict[str, np.ndarray]:
    faces, labels = fer2013(args.split)
    rng = np.random.default_rng(args.seed)
    chosen = rng.permutation(len(faces))[: args.n or None]
    scenes = pictures(SCENES)
    find, align = (
        detector(args.detector, **({"threshold": args.threshold} if args.threshold else {})),
        aligner(),
    )
    rows, chips, extra = [], [], 0
    for i in chosen:
        size, turn = float(np.exp(rng.uniform(np.log(40), np.log(300)))), float(rng.uniform(-20, 20))
        scene = scenes[rng.integers(len(scenes))]
        picture, (x, y) = paste(scene, faces[i], size, turn, args.edge, rng)
        result = align.process(find.process(packet(picture)))
        away = [np.hypot(f.box.x + f.box.w / 2 - x, f.box.y + f.box.h / 2 - y) / size for f in result.faces]
        hit = int(np.argmin(away)) if away and min(away) < 0.4 else -1
        extra += len(away) - (hit >= 0)
        rows.append((i, size, abs(turn), hit >= 0))
        chips.append(result.faces[hit].data["chip"].image if hit >= 0 else np.zeros((48, 48), np.uint8))
    table = np.array(rows)
    classify = classifier(args.model)
    ids = table[:, 0].astype(int)
    return {
        "size": table[:, 1],
        "turn": table[:, 2],
        "found": table[:, 3] > 0,
        "before": classify(faces[ids]) == labels[ids],
        "after": classify(np.stack(chips)) == labels[ids],
        "false": np.array(extra),
    }


def line(name: str, result: dict[str, np.ndarray], which: np.ndarray) -> dict[str, float | str]:
    found = which & result["found"]
    before, after = 100 * result["before"][found].mean(), 100 * result["after"][found].mean()
    share = 100 * found.sum() / max(which.sum(), 1)
    change = result["after"][found].astype(float) - result["before"][found]
    error = 100 * change.std() / np.sqrt(max(found.sum(), 1))
    print(
        f"| {name} | {which.sum()} | {share:.1f} % | {before:.1f} % | {after:.1f} % "
        f"| {after - before:+.1f} ± {error:.1f} |"
    )
    return {"what": name, "n": int(which.sum()), "found": share, "crops": before, "through": after}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument(
        "--detector", default="back", help="full, full-sparse, short, back, full+1, yunet, haar"
    )
    parser.add_argument("--threshold", type=float)
    parser.add_argument("--edge", choices=("feather", "hard"), default="feather")
    parser.add_argument("--split", default="PublicTest")
    parser.add_argument("--n", type=int, default=0, help="faces; 0 is all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    result = measure(args)
    print(f"{args.detector}, {args.edge} edge, {args.split}, seed {args.seed}, {args.model.name}")
    print("| faces | n | found | original crops | through detector and aligner | difference |")
    print("|---|---|---|---|---|---|")
    everything = np.ones(len(result["size"]), bool)
    lines = [line("all", result, everything)]
    for low, high in SIZES:
        which = (result["size"] >= low) & (result["size"] < high)
        lines.append(line(f"{low} to {int(high)} px", result, which))
    for low, high in TURNS:
        which = (result["turn"] >= low) & (result["turn"] < high)
        lines.append(line(f"turned {low} to {int(high)} degrees", result, which))
    print(f"other boxes: {int(result['false'])} in {len(everything)} pictures")
    if args.json:
        args.json.write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
