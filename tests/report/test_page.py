"""The report in a real browser: its numbers, its pointer, its keys, its files."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.chromium import in_sight
from support.timelines import planned, wandering

from ferpipe.resources import shipped
from ferpipe.timeline import load
from ferpipe_report.commands import report

pytestmark = pytest.mark.slow
SAMPLE = shipped("samples") / "demo.timeline.json"


def made(folder: Path, *timelines: Path, more: tuple[str, ...] = ()) -> Path:
    target = folder / "page.html"
    done = CliRunner().invoke(report, [*map(str, timelines), "-o", str(target), *more], standalone_mode=False)
    assert done.exception is None, done.exception
    return target


def seconds(page: Any, person: int) -> dict[str, float]:
    """Time a label as it stands in the row of a person."""
    row = each_person(page).nth(person)
    cells = row.locator("td[data-label]").all()
    return {
        cell.get_attribute("data-label"): float(cell.locator("small").inner_text()[:-2]) for cell in cells
    }


def each_person(page: Any) -> Any:
    """The rows of people, without that of all together."""
    return in_sight(page, "#numbers table").filter(has_text="of each person").locator("tbody tr")


def strip(page: Any, person: int) -> dict[str, float]:
    box = page.locator(f"canvas[data-person='{person}']").bounding_box()
    assert box is not None
    return dict(box)


def point(page: Any, person: int, share: float, *, click: bool = False) -> None:
    box = strip(page, person)
    at = (box["x"] + share * box["width"], box["y"] + box["height"] / 2)
    page.mouse.click(*at) if click else page.mouse.move(*at)


def reading(page: Any) -> str:
    return str(page.locator("#reading").inner_text())


def test_the_table_says_what_the_summary_says(visit, tmp_path):
    page = visit(made(tmp_path, SAMPLE))
    timeline = load(SAMPLE)
    for i, track in enumerate(timeline.tracks):
        told = {label: spent for label, spent in seconds(page, i).items() if spent}
        assert told == pytest.approx(track["seconds"], abs=0.005)
    most = page.locator(".tile", has_text="Most of the time").locator("strong").inner_text()
    assert most == timeline.summary["dominant"]
    seen = sum(each["end"] - each["start"] for each in timeline.tracks[0]["segments"])
    missing = each_person(page).first.locator("td.missing")
    assert missing.inner_text().startswith(f"{100 * (1 - seen / 12):.0f} %")


def test_a_strip_has_the_labels_colour_where_the_label_was(visit, tmp_path):
    path = tmp_path / "a.json"
    planned(path, [i / 10 for i in range(100)], lambda t: "happy" if t < 4 else None if t < 6 else "sad")
    page = visit(made(tmp_path, path))
    look = """([share]) => { const c = document.querySelector('canvas[data-person="0"]');
        return [...c.getContext('2d').getImageData(Math.round(share * c.width), 4, 1, 1).data]; }"""
    assert page.evaluate(look, [0.2])[:3] == [0xF0, 0xE4, 0x42]
    assert page.evaluate(look, [0.8])[:3] == [0x56, 0xB4, 0xE9]
    assert page.evaluate(look, [0.5])[3] == 0


def test_a_click_chooses_the_frame_that_is_shown_then_and_arrows_go_to_its_neighbours(visit, tmp_path):
    times = [0.0, 0.033, 0.5, 0.52, 1.0, 1.9, 1.95, 2.0]
    planned(tmp_path / "vfr.json", times, lambda t: "happy" if t < 1.5 else "fear")
    page = visit(made(tmp_path, tmp_path / "vfr.json"))
    whole = 2.0 + 0.05  # the last frame lasts as long as frames usually do: the lower median
    point(page, 0, 0.7 / whole, click=True)
    assert "frame 3, Person: happy" in reading(page)
    page.mouse.move(5, 5)
    page.get_by_role("slider").focus()
    seen = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft", "End", "Home"):
        page.keyboard.press(key)
        seen.append(re.match(r"([\d.]+) s, frame (\d)", reading(page)).groups())
    assert [frame for _, frame in seen] == ["4", "5", "6", "5", "7", "0"]
    assert seen[3][0] == "1.900"
    assert "Person: happy" in page.get_by_role("slider").get_attribute("aria-valuetext")


def test_the_pointer_reads_and_leaving_goes_back_to_the_chosen_frame(visit, tmp_path):
    page = visit(made(tmp_path, SAMPLE))
    point(page, 0, 0.9)
    assert "not in view" in reading(page)
    shown = []
    for track in load(SAMPLE).tracks:
        there = [each["label"] for each in track["segments"] if each["start"] <= 0.9 * 12 < each["end"]]
        shown.append(there[0] if there else "not in view")
    assert page.locator(".row.strip .value").all_inner_texts()[: len(shown)] == shown
    page.mouse.move(5, 5)
    assert re.match(r"1\.200 s, frame 30, Person 1: no label \(happy \d+ %", reading(page))


def test_dragging_zooms_keys_zoom_and_everything_comes_back(visit, tmp_path):
    page = visit(made(tmp_path, SAMPLE))
    box = strip(page, 0)
    y = box["y"] + 5
    page.mouse.move(box["x"] + box["width"] / 4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, y, steps=5)
    page.mouse.up()
    assert window(page) == pytest.approx((3, 6), abs=0.06)
    page.get_by_role("slider").focus()
    page.keyboard.press("0")
    assert window(page) == pytest.approx((0, 12), abs=0.01)
    page.keyboard.press("+")
    start, end = window(page)
    assert end - start == pytest.approx(6, abs=0.06)
    page.get_by_role("button", name="Show everything").click()
    assert window(page) == pytest.approx((0, 12), abs=0.01)


def window(page: Any) -> tuple[float, float]:
    first, second = page.locator("#window").inner_text().split("\u2013")
    return float(first.split()[0]), float(second.split()[0])


def test_what_is_exported_as_csv_is_what_the_timeline_holds(visit, tmp_path):
    wandering(tmp_path / "w.json", seconds=20, people=2, seed=1)
    page = visit(made(tmp_path, tmp_path / "w.json"))
    page.get_by_role("button", name="Person 2").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    timeline = load(tmp_path / "w.json")
    faces = [(f["time"], face) for f in timeline.frames for face in f["faces"] if face["track"] == 2]
    assert len(rows) == len(faces) > 400
    for row, (time, face) in zip(rows, faces, strict=True):
        assert float(row["time"]) == pytest.approx(time, abs=1e-6)
        for label, probability in face["probabilities"].items():
            assert float(row[f"p_{label}"]) == pytest.approx(probability, abs=0.0026)


def test_what_is_exported_as_svg_shows_every_segment_in_its_colour(visit, tmp_path):
    page = visit(made(tmp_path, SAMPLE))
    with page.expect_download() as download:
        page.get_by_role("button", name="SVG").click()
    picture = ET.parse(download.value.path()).getroot()  # noqa: S314 -- our own
    fills = [each.get("fill") for each in picture.iter("{http://www.w3.org/2000/svg}rect")]
    labels = [each["label"] for track in load(SAMPLE).tracks for each in track["segments"]]
    for label, colour in (("happy", "#F0E442"), ("neutral", "#BEBEBE")):
        assert fills.count(colour) == labels.count(label) + 1  # and the legend
    assert any(each.tag.endswith("polyline") for each in picture.iter())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_follow_the_system_and_the_button(visit, tmp_path, scheme):
    page = visit(made(tmp_path, SAMPLE), color_scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    assert (sum(map(int, re.findall(r"\d+", before))) < 200) == (scheme == "dark")
    page.get_by_role("button", name="Light / dark").click()
    assert page.evaluate(ground) != before


def test_a_phone_shows_it_without_scrolling_sideways(visit, tmp_path):
    phone = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
    page = visit(made(tmp_path, SAMPLE), **phone)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = strip(page, 0)
    page.touchscreen.tap(box["x"] + box["width"] * 0.2, box["y"] + 5)
    assert re.match(r"2\.\d+ s, frame 6\d", reading(page))


def test_on_paper_the_strips_and_curves_are_as_wide_as_the_page(visit, tmp_path):
    """Whatever the window was: they are drawn anew for the paper, and again afterwards."""
    wide = """() => [...document.querySelectorAll('.row.strip .plot')].map((e) =>
        [e.clientWidth, e.firstChild.clientWidth])"""
    page = visit(made(tmp_path, SAMPLE), viewport={"width": 1700, "height": 900})
    hidden = """() => [...document.querySelectorAll('section')].map((each) =>
        getComputedStyle(each).contentVisibility)"""
    before = page.evaluate(wide)
    assert page.evaluate(hidden).count("auto") == 3
    page.emulate_media(media="print")
    assert set(page.evaluate(hidden)) == {"visible"}
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for room, canvas in page.evaluate(wide):
        assert abs(room - canvas) <= 1
        assert canvas < 700
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.wait_for_timeout(300)
    assert page.evaluate(wide) == before


def test_everything_that_can_be_pressed_has_a_name_and_can_be_reached(visit, tmp_path):
    page = visit(made(tmp_path, SAMPLE))
    nameless = """() => [...document.querySelectorAll('button, select, [role], a')]
        .filter((e) => !(e.getAttribute('aria-label') || e.textContent).trim()).map((e) => e.outerHTML)"""
    assert page.evaluate(nameless) == []
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("h1").count() == 1
    slider = page.get_by_role("slider", name="Time")
    assert slider.get_attribute("tabindex") == "0"
    assert slider.get_attribute("aria-valuemax") == "12.000"


def test_words_from_a_timeline_are_never_markup(visit, tmp_path):
    evil = "<img src=x onerror=alert(1)></script><script>document.title='taken'</script>"
    from support.timelines import header

    planned(tmp_path / "e.json", [0.0, 0.1, 0.2], lambda t: "happy", head=header(evil))
    page = visit(made(tmp_path, tmp_path / "e.json"))
    assert page.locator("h1").inner_text() == evil
    assert page.title() == evil
    assert page.locator("img").count() == 0


def test_a_recording_with_nobody_in_it_is_a_page_too(browser, tmp_path):
    planned(tmp_path / "n.json", [0.0, 0.1, 0.2], lambda t: None)
    page = browser.new_page()
    page.goto(made(tmp_path, tmp_path / "n.json").as_uri())
    page.wait_for_selector("html[data-ready]")
    assert "Nobody was followed" in page.locator("#timeline").inner_text()
    page.close()
