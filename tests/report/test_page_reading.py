"""What the page says at the cursor, of single moments, of unsure labels, and on a narrow screen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.chromium import in_sight
from support.timelines import face, header, planned, wandering, write

from ferpipe.timeline import load
from ferpipe_report.commands import report

pytestmark = pytest.mark.slow
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def page_of(timeline: Path) -> Path:
    target = timeline.with_suffix(".html")
    done = CliRunner().invoke(report, [str(timeline), "-o", str(target)], standalone_mode=False)
    assert done.exception is None, done.exception
    return target


def measured(folder: Path) -> Path:
    yaw = {"name": "head.yaw", "unit": "deg", "low": -90.0, "high": 90.0, "about": "Yaw.", "of": "face"}
    frames = [
        {"time": i / 10, "faces": [face(1, "happy", measures={"head.yaw": i - 20.5})] if i < 30 else []}
        for i in range(40)
    ]
    write(folder / "m.json", frames, header("m.mp4", measures=[yaw]))
    return folder / "m.json"


def test_beside_each_chart_stands_what_its_curves_are_worth_at_the_cursor(visit, tmp_path):
    page = visit(page_of(measured(tmp_path)))
    box = page.locator("canvas[data-person='0']").bounding_box()
    values = page.locator(".row.chart .value")
    for share, frame, angle in ((0.255, 10, "-10.5 deg"), (0.63, 25, "4.50 deg"), (0.9, None, "\u2013")):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 5)
        assert values.nth(1).inner_text() == angle
        said = dict(zip(*[iter(values.first.inner_text().split("\n"))] * 2, strict=True))
        likely = load(tmp_path / "m.json").frames[frame or 0]["faces"][0]["probabilities"]
        wanted = "\u2013" if frame is None else f"{100 * likely['happy']:.0f} %"
        assert said["happy"] == wanted


def test_on_a_phone_the_page_is_short_and_the_value_is_over_the_chart(visit, tmp_path):
    page = visit(page_of(measured(tmp_path)), **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    folded = page.locator(".folding details:not([open])")
    assert folded.count() == page.locator(".folding").count() == 2
    assert page.locator("#use").is_visible()
    assert page.locator("#numbers tbody").first.is_visible()
    assert page.locator(".row.chart .value").nth(1).inner_text() == "-20.5 deg"
    page.locator("#about summary").click()
    assert page.get_by_text("SHA-256 of the timeline").is_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert folded.count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert folded.count() == 1


def test_a_single_frame_has_a_label_and_points(visit, tmp_path):
    planned(tmp_path / "f.json", [0.0], lambda _: "happy")
    page = visit(page_of(tmp_path / "f.json"))
    assert "Person: happy (happy 80 %" in page.locator("#reading").inner_text()
    assert "in a single frame" in page.locator(".tiles").inner_text()
    look = """() => { const c = document.querySelector('canvas[data-person="0"]');
        return [...c.getContext('2d').getImageData(1, 4, 1, 1).data].slice(0, 3); }"""
    assert page.evaluate(look) == [0xF0, 0xE4, 0x42]


def test_unsure_time_has_a_column_and_a_name(visit, tmp_path):
    document = json.loads(measured(tmp_path).read_text())
    segments = document["tracks"][0]["segments"]
    unsure = {"start": 1.0, "end": 2.0, "label": None, "mean_probability": None, "unsure": True}
    first, last = ({**segments[0], "end": 1.0}, {**segments[0], "start": 2.0})
    document["tracks"][0]["segments"] = [first, unsure, last]
    document["summary"]["unsure"] = 1.0
    (tmp_path / "m.json").write_text(json.dumps(document))
    page = visit(page_of(tmp_path / "m.json"))
    assert "with a label; unsure 1.0 s" in page.locator(".tiles").inner_text()
    row = in_sight(page, "#numbers tbody tr").first
    assert row.locator("td.unsure").inner_text().split() == ["33", "%", "1.00", "s"]
    box = in_sight(page, "canvas[data-person='0']").bounding_box()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 5)
    assert page.locator(".row.strip .value").first.inner_text() == "unsure"
    assert "Unsure" in in_sight(page, "#about").inner_text()


def test_fifty_people_have_low_strips_a_sum_and_a_folded_table(visit, tmp_path):
    wandering(tmp_path / "c.json", seconds=8, people=50, seed=2, fps=5)
    page = visit(page_of(tmp_path / "c.json"))
    assert in_sight(page, "#numbers tbody").first.inner_text().startswith("All together")
    assert not page.get_by_role("rowheader", name="Person 50").is_visible()
    page.get_by_text("Each of the 50 people").click()
    assert page.get_by_role("rowheader", name="Person 50").is_visible()
    assert page.locator(".stack").first.bounding_box()["height"] < 1300
    changes = in_sight(page, "#numbers tbody tr").first.locator("td").last.inner_text()
    cells = in_sight(page, "#transitions table").first.locator("td").all_inner_texts()
    assert sum(int(n) for n in cells if n.isdigit()) == int(re.search(r"(\d+) in all", changes)[1])
