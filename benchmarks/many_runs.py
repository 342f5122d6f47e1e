"""Memory of many short runs in one process, as a notebook or a service has them.

    python benchmarks/many_runs.py 500

Prints the resident memory in MB after the first run, and after each tenth of all.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ferpipe import Pipeline


def resident() -> float:
    """MB of this process, as Linux counts them."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def main(runs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(runs):
            Pipeline.of(
                ("file", {"path": "ferpipe:samples/demo.mp4", "end": 0.5}),
                *("blazeface", "track", "align", "litert", "smooth"),
                ("timeline", {"path": f"{folder}/{number}.json"}),
            ).run()
            if number == 0 or (number + 1) % max(1, runs // 10) == 0:
                print(f"{number + 1:5d} runs {resident():7.1f} MB", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
