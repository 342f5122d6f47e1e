"""What it costs to hold an array as a read-only view: python benchmarks/read_only.py.

CPU microseconds of making a `Frame` of a writable array (which takes a view), of one that is read-only
already (which takes none), of a copy of the picture instead, and of a `Face` with landmarks.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from time import process_time

import numpy as np

from ferpipe import Box, Face, Frame, freeze

REPEATS, CALLS = 9, 2000


def cost(call: Callable[[], object], calls: int = CALLS) -> float:
    """Microseconds of CPU a call, the least of several repeats."""
    return min(timeit.repeat(call, timer=process_time, repeat=REPEATS, number=calls)) / calls * 1e6


def main() -> None:
    """Print the table."""
    writable = np.zeros((720, 1280, 3), np.uint8)
    fixed = freeze(writable.copy())
    points = np.zeros((6, 2), np.float32)
    fixed_points = freeze(points.copy())
    box = Box(0, 0, 1, 1)
    rows = {
        "Frame of a writable 720p array": cost(lambda: Frame(writable, 0, 0, "s")),
        "Frame of a read-only one": cost(lambda: Frame(fixed, 0, 0, "s")),
        "Frame of a copy": cost(lambda: Frame(writable.copy(), 0, 0, "s"), 100),
        "Face with writable landmarks": cost(lambda: Face(box, 1.0, points)),
        "Face with read-only ones": cost(lambda: Face(box, 1.0, fixed_points)),
    }
    for name, microseconds in rows.items():
        print(f"| {name} | {microseconds:.2f} |")


if __name__ == "__main__":
    main()
