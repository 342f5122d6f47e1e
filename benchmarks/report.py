"""The report's figures: sizes, first paint, and how fast the cursor follows, in headless Chromium.

    python benchmarks/report.py [--minutes 60]

Makes a timeline of two people at 30 frames a second, its report, and opens it. Needs `chromium` and the
extra `dev`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

WORK = """() => {
  window.work = [];
  let begun = 0;
  window.addEventListener('pointermove', () => { begun = performance.now(); }, { capture: true });
  window.addEventListener('pointermove', () => window.work.push(performance.now() - begun)); }"""
"""Milliseconds from the moment the browser gives the page a move of the pointer to the moment cursor and
values are in the document.
"""

UNCLOCKED = ("--disable-frame-rate-limit", "--disable-gpu-vsync")
"""Chromium draws as soon as it can.  With its clock it draws 60 pictures a second: it then waits up to
16.7 ms until it gives the page a move, and up to 16.7 ms more until it shows the picture, whatever the page
does.
"""

TRACED = ["benchmark", "latencyInfo", "devtools.timeline"]
MOVES = 200


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
        for turn in range(3):
            for name, flags in (("without a clock", UNCLOCKED), ("60 pictures a second", ())):
                browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", *flags])
                print(f"run {turn + 1}, {name}")
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                page.goto(path.as_uri())
                page.wait_for_selector(".row.chart canvas")
                page.wait_for_timeout(500)
                paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
                strip = page.evaluate("performance.getEntriesByName('strips')[0].startTime")
                curve = page.evaluate("performance.getEntriesByName('curves')[0].startTime")
                print(f"  first paint {paint:.0f} ms, strips {strip:.0f} ms, curves {curve:.0f} ms")
                follow(browser, page)
                browser.close()


def follow(browser: Any, page: Any) -> None:
    box = page.locator("canvas[data-person='0']").bounding_box()
    page.evaluate(WORK)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _busy(metrics)
    browser.start_tracing(page=page, categories=TRACED)
    for i in range(MOVES):
        page.mouse.move(box["x"] + (i * 37 % 997) / 997 * box["width"], box["y"] + 5)
        page.wait_for_timeout(25)
    page.wait_for_timeout(200)
    found = {"shown": shown(json.loads(browser.stop_tracing())["traceEvents"])}
    found["work"] = page.evaluate("window.work")
    for name, values in found.items():
        told = np.percentile(values, [50, 95, 99])
        print(f"  cursor {name}: p50 {told[0]:.1f}, p95 {told[1]:.1f}, p99 {told[2]:.1f} ms ({len(values)})")
    print(f"  CPU of the page's main thread a move: {1000 * (_busy(metrics) - before) / MOVES:.1f} ms")


def shown(trace: list[dict[str, Any]]) -> Any:
    """Milliseconds from the moment the browser gets a move to the moment the picture with it is presented."""
    moments: dict[str, list[int]] = {"got": [], "given": [], "presented": []}
    kinds = {("InputLatency::MouseMove", "b"): "got", ("EventLatency", "e"): "given"}
    kinds["AnimationFrame::Presentation", "n"] = "presented"
    for event in trace:
        if (kind := kinds.get((event["name"], event["ph"]))) is not None:
            moments[kind].append(event["ts"])
    got, given, presented = (np.sort(each) for each in moments.values())
    first = np.searchsorted(presented, given)
    seen = first < len(presented)
    return (presented[first[seen]] - got[seen]) / 1000


def _busy(metrics: Any) -> float:
    """Seconds of CPU that the page's main thread has spent."""
    found = {each["name"]: each["value"] for each in metrics.send("Performance.getMetrics")["metrics"]}
    return float(found["TaskDuration"])


if __name__ == "__main__":
    main()
