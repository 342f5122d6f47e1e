"""The report's figures: sizes, first paint, and how fast the cursor follows, in headless Chromium.

    python benchmarks/report.py [--minutes 60]

Makes a timeline of two people at 30 frames a second, its report, and opens it. Needs `chromium` and the
extra `dev`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

FOLLOW = """() => {
  window.work = []; window.shown = []; window.held = [];
  let begun = 0;
  window.addEventListener('pointermove', () => { begun = performance.now(); }, { capture: true });
  window.addEventListener('pointermove', (event) => {
    const start = begun;
    window.work.push(performance.now() - start);
    window.held.push(start - event.timeStamp);
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => window.shown.push(performance.now() - start);
      port2.postMessage(null);
    });
  }); }"""
"""What the page does with a move of the pointer, in milliseconds.

work: from the moment the browser gives the page the move to the moment cursor and values are in the document.
shown: from that moment to the end of the page's part of the next picture (its style, layout and painting),
which is the picture that shows the cursor there.
held: how long the browser kept the move before it gave it to the page. It gives moves once a picture, so this
is up to 16.7 ms at 60 pictures a second, whatever the page does.
"""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--minutes", type=float, default=60)
    minutes = words.parse_args().minutes
    from support.timelines import planned, wandering

    from ferpipe_report.build import Request, build

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        planned(folder / "empty.json", [0.0, 0.1], lambda _: "happy")
        build(Request([folder / "empty.json"]))
        print(f"page without data: {(folder / 'empty.report.html').stat().st_size / 1e3:.0f} kB")
        wandering(folder / "long.json", seconds=60 * minutes, people=2, seed=1)
        before = time.process_time()
        page = build(Request([folder / "long.json"]))
        print(f"{minutes:g} min, 2 people: timeline {(folder / 'long.json').stat().st_size / 1e6:.0f} MB")
        print(f"built in {time.process_time() - before:.1f} s CPU, {page.stat().st_size / 1e6:.2f} MB")
        visit(page)


def visit(path: Path) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or sys.exit("chromium is not here: apt-get install chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for turn in range(3):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.as_uri())
            page.wait_for_selector(".row.chart canvas")
            page.wait_for_timeout(500)
            paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            strip = page.evaluate("performance.getEntriesByName('strips')[0].startTime")
            curve = page.evaluate("performance.getEntriesByName('curves')[0].startTime")
            print(f"run {turn + 1}: first paint {paint:.0f} ms, strips {strip:.0f} ms, curves {curve:.0f} ms")
            follow(page)
            page.close()
        browser.close()


def follow(page: Any) -> None:
    box = page.locator("canvas[data-person='0']").bounding_box()
    page.evaluate(FOLLOW)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy(metrics)
    for i in range(200):
        page.mouse.move(box["x"] + (i * 37 % 997) / 997 * box["width"], box["y"] + 5)
        page.wait_for_timeout(25)
    page.wait_for_timeout(200)
    for name in ("work", "shown", "held"):
        found = np.percentile(page.evaluate(f"window.{name}"), [50, 95, 99])
        print(f"  cursor {name}: p50 {found[0]:.1f}, p95 {found[1]:.1f}, p99 {found[2]:.1f} ms")
    print(f"  CPU of the page's main thread a move: {1000 * (_busy(metrics) - before) / 200:.1f} ms")


def _busy(metrics: Any) -> float:
    """Seconds of CPU that the page's main thread has spent."""
    found = {each["name"]: each["value"] for each in metrics.send("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


if __name__ == "__main__":
    main()
