"""Do identities last? Identities and carried faces on the clips, and how much steadying calms the landmarks.

    python benchmarks/tracker.py

`ids` should equal `people`. `restless` is the spread of the eyes' second differences from frame to frame, as
the noise that would cause it, in percent of the face's height: it moves a classifier's answer for nothing.
"""

from __future__ import annotations

import time

import numpy as np
from _faces import SHARED, detector, frames, opened, packet

from ferpipe_faces.track import Track, TrackOptions

PEOPLE = {
    "classroom": 4,
    "face-demographics-walking": 2,
    "face-demographics-walking-and-pause": 3,
    "head-pose-female": 1,
    "head-pose-female-and-male": 2,
    "head-pose-male": 1,
}


def restlessness(track: np.ndarray) -> float:
    """Of (T, 3, 2): the two eyes, and the width and height of the box."""
    return float(np.diff(track[:, :2], n=2, axis=0).std() / np.sqrt(6) / np.median(track[:, 2, 1]))


def main() -> None:
    print("| clip | people | every | steady | ids | faces a frame | carried | restless | ms CPU |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, people in PEOPLE.items():
        pictures = list(frames(SHARED / "media" / f"intel_{name}.mp4"))
        for every, steady in ((1, 0.0), (1, 2.0), (5, 0.0)):
            find, follow = detector("back", every=every), opened(Track(TrackOptions(steady=steady)))
            eyes: dict[int, list[np.ndarray]] = {}
            shown = carried = 0
            cost = 0.0
            for moment, picture in pictures:
                found = find.process(packet(picture, time=moment))
                start = time.thread_time()
                faces = follow.process(found).faces
                cost += time.thread_time() - start
                shown += len(faces)
                carried += sum(not face.detected for face in faces)
                for face in faces:
                    eyes.setdefault(face.track, []).append(np.vstack([face.landmarks[:2], face.box[2:]]))
            jumps = [restlessness(np.array(track)) for track in eyes.values() if len(track) > 4]
            print(
                f"| {name} | {people} | {every} | {steady} | {len(eyes)} | {shown / len(pictures):.2f} | "
                f"{carried} | {100 * np.mean(jumps):.1f} % | {1000 * cost / len(pictures):.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
