"""What the geometry of a face costs: CPU milliseconds a face and frame, the least of several runs.

    python benchmarks/geometry.py [--landmarker]

One thread; NASA's portrait of Eileen Collins, moved by a few pixels from frame to frame.  `search` is a face
without a track, which is searched anew in each frame, `follow` one that is followed by its own points.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import skimage.data

from ferpipe import Box, Face
from ferpipe.testing import TestContext, make_packets
from ferpipe_geometry.eyes import Eyes
from ferpipe_geometry.mesh import Mesh, MeshOptions
from ferpipe_geometry.movements import Movements
from ferpipe_geometry.pose import Pose
from ferpipe_geometry.quality import Quality

FRAMES, RUNS = 40, 5


def cost(stage, packets) -> tuple[float, list]:
    """(CPU ms a packet, packets that came out): the least of several runs over the same packets."""
    best, out = float("inf"), []
    for _ in range(RUNS):
        with TemporaryDirectory() as folder:
            stage.open(TestContext(Path(folder)))
            stage.process(packets[0])
            start = time.process_time()
            out = [stage.process(packet) for packet in packets]
            best = min(best, (time.process_time() - start) / len(packets))
            stage.close()
    return best * 1e3, out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landmarker", action="store_true", help="the 478 points and blendshapes too")
    models = ["mesh", "landmarker"] if parser.parse_args().landmarker else ["mesh"]
    picture = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    packets = make_packets([np.roll(picture, i % 7, axis=1) for i in range(FRAMES)])
    face = Face(Box(172, 68, 104, 104), 0.9, np.array([[205, 102], [248, 104]], np.float32))
    alone = [packet.replace(faces=(face,)) for packet in packets]
    tracked = [packet.replace(faces=(face.replace(track=1),)) for packet in packets]
    print("| stage | ms CPU |\n|---|---|")
    for model in models:
        options = MeshOptions(model=model)
        print(f"| mesh, {model}, search | {cost(Mesh(options), alone)[0]:.2f} |")
        took, out = cost(Mesh(options), tracked)
        print(f"| mesh, {model}, follow | {took:.2f} |")
        for stage in (Pose(), Eyes(), Movements(), Quality()):
            took, out = cost(stage, out)
            print(f"| {type(stage).__name__.lower()}, {model} | {took:.2f} |")


if __name__ == "__main__":
    main()
