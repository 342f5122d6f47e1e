"""The live page: what it shows, and what it starts, stops, records and names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from support.chromium import until
from support.serving import Serving, serving
from support.turns import two_in_turn

from ferpipe.timeline import load

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
DRAWN = """() => {
    const { drawImage } = CanvasRenderingContext2D.prototype;
    window.drawn = 0;
    CanvasRenderingContext2D.prototype.drawImage = function (...all) {
        window.drawn += 1;
        return drawImage.apply(this, all);
    };
}"""
BUSY = "() => setTimeout(() => { const end = performance.now() + 8000; while (performance.now() < end); })"
PIXELS = """([name, x]) => {
    const c = document.querySelector(name);
    const end = c.width - 1;
    return [...c.getContext('2d').getImageData(Math.round(x * end), c.height / 2, 1, 1).data];
}"""
IS_LIVE = "document.querySelector('strong[data-state]').dataset.state === 'live'"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_in_turn(tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def server(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    words = ("demo", "--set", f"file.path={film}", "--source", f"again={film}", "--loop")
    with serving(tmp_path_factory.mktemp("data"), *words) as started:
        yield started


@pytest.fixture
def live(visit, server: Serving) -> Any:
    page = visit(server.url)
    until(page, IS_LIVE)
    page.locator(".card").first.wait_for()
    return page


def figure(page: Any, name: str) -> str:
    return str(page.locator("#live .tile", has_text=name).locator("strong").inner_text())


def test_the_picture_people_labels_and_figures_are_shown(live):
    card = live.locator("#live .card[data-track='1']")
    card.get_by_text("happy").wait_for()
    until(live, "document.querySelectorAll('#live .tile strong')[1].textContent === '1'")
    until(live, "+document.querySelectorAll('#live .tile strong')[2].textContent > 1")
    assert figure(live, "Dropped") == "0"
    box = [live.evaluate(PIXELS, ["#live .picture", x / 40]) for x in range(40)]
    assert len({tuple(pixel) for pixel in box}) > 10  # a picture, not one colour
    strip = [live.evaluate(PIXELS, ["#live .card[data-track='1'] .strip", x / 200]) for x in range(200)]
    assert [0xF0, 0xE4, 0x42, 255] in strip  # happy
    assert card.locator(".chart canvas").count() >= 1
    assert "label over the last minute" in card.locator(".strip").get_attribute("aria-label")


def test_who_is_in_view_comes_before_who_is_not(live):
    cards = "[...document.querySelectorAll('#live .card')]"
    away = "classList.contains('away')"
    until(live, f"{cards}[0].{away} && !{cards}.at(-1).{away}")
    seen = live.evaluate(f"""() => {{
        const places = {cards}.map((e) => [e.getBoundingClientRect(), e.{away}]);
        places.sort(([a], [b]) => a.top - b.top || a.left - b.left);
        return places.map((each) => each[1]);
    }}""")
    assert seen == sorted(seen)


def test_a_viewer_that_stalls_holds_nobody_up(visit, live, server):
    other = visit(server.url)
    other.locator("#live .card").first.wait_for()
    other.evaluate(DRAWN)
    live.evaluate(BUSY)
    before = other.evaluate("window.drawn")
    until(other, f"window.drawn >= {before} + 4", seconds=7.5)  # while the first one is still busy
    live.evaluate(DRAWN)  # comes back when it is free again
    until(live, "window.drawn > 3")


def test_people_are_named_and_merged_for_everybody(visit, live, server):
    other = visit(server.url)
    live.locator(".card").nth(1).wait_for()
    first, second = sorted(int(card.get_attribute("data-track")) for card in live.locator(".card").all()[:2])
    live.get_by_role("button", name=f"Name or merge Person {first}", exact=True).click()
    live.get_by_label("Name", exact=True).fill("Ann <b>")
    live.keyboard.press("Enter")
    for page in (live, other):
        page.get_by_role("heading", name="Ann <b>", exact=True).wait_for()
    live.get_by_role("button", name=f"Name or merge Person {second}", exact=True).click()
    live.get_by_label("Is the same person as").select_option(str(first))
    live.get_by_role("button", name="Merge", exact=True).click()
    for page in (live, other):
        page.locator(f".card[data-track='{second}']").wait_for(state="detached")
    live.get_by_role("button", name="Name or merge Ann <b>").click()
    live.get_by_role("button", name=f"Separate Person {second}").click()
    live.locator(f".card[data-track='{second}']").wait_for()


def test_a_recording_is_made_and_downloaded(live, tmp_path):
    live.get_by_role("button", name="Record", exact=True).click()
    live.get_by_role("button", name="Stop recording").wait_for()
    live.wait_for_timeout(11_000)  # the film shows the smile for five seconds of every ten
    live.get_by_role("button", name="Stop recording").click()
    live.get_by_role("heading", name="Recordings").wait_for()
    for name in ("timeline.json", "video.mp4"):
        with live.expect_download() as download:
            live.get_by_role("link", name=name).first.click()
        download.value.save_as(tmp_path / name)
    timeline = load(tmp_path / "timeline.json")
    assert timeline.summary["frames"] > 5
    assert "happy" in json.dumps(timeline.summary)
    capture = cv2.VideoCapture(str(tmp_path / "video.mp4"))
    assert capture.read()[0]
    live.get_by_role("button", name="Delete").first.click()
    live.get_by_role("button", name="press again").click()
    live.get_by_role("heading", name="Recordings").wait_for(state="hidden")


def test_it_stops_changes_the_source_and_starts(live):
    live.get_by_role("button", name="Stop", exact=True).click()
    live.get_by_text("Stopped. Choose").wait_for()
    assert live.get_by_role("button", name="Record", exact=True).is_disabled()
    live.get_by_label("Source").select_option("again")
    live.get_by_role("button", name="Start", exact=True).click()
    until(live, IS_LIVE)
    live.get_by_label("Source").select_option("pipeline")
    live.get_by_role("button", name="Change to this").click()
    live.get_by_role("button", name="Start", exact=True).wait_for()
    until(live, IS_LIVE)
