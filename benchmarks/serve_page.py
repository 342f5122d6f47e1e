"""The page's camera: how long from capture to overlay, and whether that grows.

    python benchmarks/serve_page.py --minutes 10

A real server, and a headless Chromium whose camera is a swaying face, 640x480, 30 pictures a second.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]
from support.chromium import chromium  # noqa: E402
from support.serving import serving  # noqa: E402
from support.smile import smiling, write_camera  # noqa: E402

LISTEN = """() => {
    window.overlays = [];
    document.addEventListener('overlay', (event) => window.overlays.push(event.detail));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--flag", action="append", default=[], help="another flag of Chromium, such as --disable-gpu"
    )
    parser.add_argument("--pipeline", help="a pipeline; the usual one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        face = write_camera(Path(folder) / "face.y4m", smiling())
        words = [] if options.pipeline is None else ["--also", options.pipeline]
        flags = (
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={face}",
        )
        with serving(Path(folder) / "data", *words) as server, chromium(*flags, *options.flag) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{server.url}#camera")
            page.wait_for_selector("html[data-ready]", timeout=120_000)
            page.evaluate(LISTEN)
            page.locator("#camera").get_by_role("button", name="Start", exact=True).click()
            page.locator("#camera .card").wait_for(timeout=120_000)
            page.evaluate("() => { window.overlays.length = 0; }")  # without the loading of networks
            before = processor()
            seen = measured(page, options.minutes * 60)
            report(seen, {name: 1000 * (used - before[name]) for name, used in processor().items()})


def measured(page: object, seconds: float) -> list[dict[str, float]]:
    """Everything that was drawn in that time; taken from the page every few seconds."""
    seen: list[dict[str, float]] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        page.wait_for_timeout(5000)  # type: ignore[attr-defined]
        seen += page.evaluate("() => window.overlays.splice(0)")  # type: ignore[attr-defined]
    return seen


def processor() -> dict[str, float]:
    """Seconds of processor time of the browser and of the server: of this process's descendants (Linux)."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        fields = rest.split()
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        used[pid] = ("browser" if "chrom" in name else "server", int(fields[11]) + int(fields[12]))
    sums = {"browser": 0.0, "server": 0.0}
    for pid, (name, ticks) in used.items():
        above = pid
        while above > 1 and above != os.getpid():
            above = parents.get(above, 0)
        if above == os.getpid() and pid != above:
            sums[name] += ticks / os.sysconf("SC_CLK_TCK")
    return sums


def report(seen: list[dict[str, float]], used: dict[str, float]) -> None:
    captured = np.array([each["captured"] for each in seen]) / 60_000
    delay = np.array([each["drawn"] - each["captured"] for each in seen])
    server = np.array([each["ms"] for each in seen])
    span = captured[-1] - captured[0]
    parts = {
        "capture to callback": [each["called"] - each["captured"] for each in seen],
        "callback to worker": [each["sent"] - each["called"] for each in seen],
        "encoding": [each["encoding"] for each in seen],
        "network and server": [each["waiting"] for each in seen],
        "answer to overlay": [each["drawn"] - each["answered"] for each in seen],
    }
    slope = float(np.polyfit(captured, delay, 1)[0])
    print(
        json.dumps(
            {
                "minutes": round(float(span), 1),
                "pictures": len(seen),
                "a second": round(len(seen) / (60 * float(span)), 1),
                "delay ms, p50 and p95": [round(float(np.percentile(delay, each)), 1) for each in (50, 95)],
                "in the server ms, p50 and p95": [
                    round(float(np.percentile(server, each)), 1) for each in (50, 95)
                ],
                "medians of the parts, ms": {
                    name: round(float(np.median(part)), 1) for name, part in parts.items()
                },
                "CPU ms a picture": {name: round(spent / len(seen), 1) for name, spent in used.items()},
                "slope ms a minute": round(slope, 2),
                "with one face": sum(each["faces"] == 1 for each in seen),
                "load of the machine": [round(each, 1) for each in os.getloadavg()],
                "cores": os.cpu_count(),
                "p50 of each minute": [
                    round(float(np.median(delay[(captured - captured[0]).astype(int) == minute])), 1)
                    for minute in range(int(span) + 1)
                    if np.any((captured - captured[0]).astype(int) == minute)
                ],
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    cv2.setNumThreads(1)
    main()
