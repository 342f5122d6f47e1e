"""Puts what `train.py` needs into one folder of about 50 MB."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _faces import aligner, detector, packet
from aligner import paste, pictures
from views import SCENES

from ferpipe_train.data import DataOptions, load_faces
from ferpipe_train.data.duplicates import held_out

ACROSS, PART, ROUNDS = 128, 300, 2


def framings(which: tuple[int, int, int], faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What detector and aligner make of each face, pasted with three others into a picture.

    (N, 2, 3) from the crop to the aligned face, zeros where it is not found; (N,) the size in the picture,
    in pixels; (N, 48, 48) the aligned face.
    """
    start, stop, turn = which
    rng = np.random.default_rng(1000 + start + 100_000 * turn)
    scenes, find, align = pictures(SCENES), detector("back"), aligner()
    found, sizes = np.zeros((stop - start, 2, 3), np.float32), np.zeros(stop - start, np.float32)
    chips = np.zeros((stop - start, 48, 48), np.uint8)
    for first in range(0, stop - start, 4):
        picture = scenes[rng.integers(len(scenes))].copy()
        high, wide = picture.shape[0] // 2, picture.shape[1] // 2
        pasted = []
        for row in range(first, min(first + 4, stop - start)):
            size, angle = float(np.exp(rng.uniform(np.log(40), np.log(200)))), float(rng.uniform(-20, 20))
            top, left = high * ((row - first) // 2), wide * ((row - first) % 2)
            part = picture[top : top + high, left : left + wide]
            placed: list[np.ndarray] = []
            part[:], (x, y) = paste(
                part, faces[start + row], size, angle, "feather", rng, placed=placed.append
            )
            moved = np.add(np.vstack([placed[0], [0, 0, 1]]), [[0, 0, left], [0, 0, top], [0, 0, 0]])
            pasted.append((row, size, x + left, y + top, moved))
        result = align.process(find.process(packet(picture)))
        for row, size, x, y, moved in pasted:
            away = [
                np.hypot(f.box.x + f.box.w / 2 - x, f.box.y + f.box.h / 2 - y) / size for f in result.faces
            ]
            if away and min(away) < 0.4:
                chip = result.faces[int(np.argmin(away))].data["chip"]
                found[row] = (np.vstack([chip.matrix, [0, 0, 1]]) @ moved)[:2]
                sizes[row], chips[row] = size, chip.image.reshape(48, 48)
    return found, sizes, chips


def backgrounds() -> np.ndarray:
    """(8, 120, 160) uint8: what may lie around a face."""
    grey = [cv2.cvtColor(scene, cv2.COLOR_BGR2GRAY) for scene in pictures(SCENES)]
    return np.stack([cv2.resize(scene, (160, 120), interpolation=cv2.INTER_AREA) for scene in grey])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True, help="fer2013.csv, with fer2013new.csv beside it")
    parser.add_argument("--dlib", type=Path, required=True, help="dlib's weights; README.md says which")
    parser.add_argument("--held-out", type=int, default=2000, help="faces for validation")
    parser.add_argument("--limit", type=int, help="of faces (a trial)")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    learnt = load_faces(args.data, DataOptions(), warn=print).split("Training")
    learnt = learnt.take(np.arange(len(learnt))[: args.limit])
    if learnt.votes is None:
        sys.exit("the votes of FER+ are missing: put fer2013new.csv beside fer2013.csv")
    if args.held_out >= len(learnt):
        sys.exit(f"--held-out {args.held_out} leaves nothing of {len(learnt)} faces to learn from")
    faces = learnt.images[..., 0]
    parts = [
        (start, min(start + PART, len(faces)), turn)
        for turn in range(ROUNDS)
        for start in range(0, len(faces), PART)
    ]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        done = pool.map(partial(framings, faces=faces), parts, chunksize=1)
    framing, size, chips = (np.concatenate(each) for each in zip(*done, strict=True))
    validation = np.flatnonzero(held_out(learnt.images, args.held_out, seed=5)).astype(np.int32)
    rows = -(-len(faces) // ACROSS)
    mosaic = np.zeros((rows * ACROSS, 48, 48), np.uint8)
    mosaic[: len(faces)] = faces
    mosaic = mosaic.reshape(rows, ACROSS, 48, 48).transpose(0, 2, 1, 3).reshape(rows * 48, ACROSS * 48)
    cv2.imwrite(str(args.output / "faces.png"), mosaic)
    np.savez_compressed(
        args.output / "labels.npz",
        labels=learnt.labels.astype(np.uint8),
        votes=learnt.votes.astype(np.uint8),
        validation=validation,
        framing=framing.reshape(ROUNDS, len(faces), 2, 3).transpose(1, 0, 2, 3),
        size=size.reshape(ROUNDS, len(faces)).T,
        aligned=chips[validation],
        backgrounds=backgrounds(),
    )
    (args.output / "dlib.npz").write_bytes(args.dlib.read_bytes())
    print(f"{args.output}: {len(faces)} faces, {np.count_nonzero(size)} framings")


if __name__ == "__main__":
    main()
