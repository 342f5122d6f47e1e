"""Reports of several recordings, and of events, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.chromium import in_sight
from support.timelines import face, header, planned, write

from ferpipe_report.commands import report

pytestmark = pytest.mark.slow
EVENTS = "start,end,name,file\n2,6,task,a.mp4\n4,8,task,b.mp4\n5,7,task,c.mp4\n"


def made(folder: Path, *more: str) -> Path:
    times = [i / 10 for i in range(100)]
    for name, change in (("a", 4), ("b", 6), ("c", 7)):
        planned(folder / f"{name}.json", times, lambda t, at=change: "happy" if t < at else "sad")
    (folder / "e.csv").write_text(EVENTS)
    words = [str(folder / f"{name}.json") for name in "abc"]
    words += ["-o", str(folder / "page.html"), "--events", str(folder / "e.csv"), *more]
    done = CliRunner().invoke(report, words, standalone_mode=False)
    assert done.exception is None, done.exception
    return folder / "page.html"


def row(page: Any, section: str, number: int) -> str:
    return " ".join(str(page.locator(f"#{section} tbody tr").nth(number).inner_text()).split())


def test_each_recording_has_a_strip_and_the_stretches_have_their_numbers(visit, tmp_path):
    page = visit(made(tmp_path))
    assert page.locator(".person").all_inner_texts() == ["a", "b", "c"]
    assert row(page, "stretches", 0).startswith("task 0 % of 10.0 s")
    assert "60 % 6.00 s" in row(page, "stretches", 0)  # 2 + 2 + 2 of 10 s
    assert "50 % 2.00 s" in row(page, "stretches", 1)
    assert "100 % 2.00 s" in row(page, "stretches", 3)


def test_a_click_on_a_stretch_shows_it(visit, tmp_path):
    page = visit(made(tmp_path))
    page.locator("#stretches tr.link").nth(1).click()
    assert page.locator("#window").inner_text() == "4.00 s \u2013 8.00 s"
    assert page.locator("#reading").inner_text().startswith("4.000 s, frame 40, b: happy")
    assert page.locator(".row.lane .value").inner_text() == "task"


def test_recordings_aligned_at_an_event_share_its_moment(visit, tmp_path):
    page = visit(made(tmp_path, "--align", "task"))
    assert page.locator("#window").inner_text() == "\u22125.0 s \u2013 8.0 s"
    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.evaluate("document.querySelector('.glass').scrollIntoView({block: 'center'})")
    box = page.locator("canvas[data-person='0']").bounding_box()
    page.mouse.move(box["x"] + box["width"] * (5 + 2.05) / 13, box["y"] + 5)
    shown = page.locator(".row.strip .value").all_inner_texts()
    assert shown[:3] == ["sad", "sad", "sad"]
    assert "3 of 3 in view; show: sad 100 %" in page.locator("#across-reading").inner_text()
    times = in_sight(page, "#stretches tr.link").locator("td.short:nth-child(2)").all_inner_texts()
    assert times == [f"0.0 s \u2013 {long}.0 s" for long in (4, 4, 2)]


def test_marks_that_lie_close_have_names_in_rows_of_their_own_and_are_read_at_the_cursor(visit, tmp_path):
    planned(tmp_path / "m.json", [i / 10 for i in range(1000)], lambda _: "happy")
    (tmp_path / "m.csv").write_text("start,end,name\n0,90,task\n50,,first mark\n51,,second\n80,,third\n")
    words = [str(tmp_path / "m.json"), "--events", str(tmp_path / "m.csv")]
    assert CliRunner().invoke(report, words, standalone_mode=False).exception is None
    page = visit(tmp_path / "m.report.html")
    lane = page.locator(".row.lane canvas").bounding_box()
    assert lane["height"] == 3 * 18  # the third has the row of the first
    for time, said in ((50, "task, first mark"), (51.01, "task, second"), (60, "task"), (95, "")):
        page.mouse.move(lane["x"] + lane["width"] * time / 100, lane["y"] + 5)
        assert page.locator(".row.lane .value").inner_text() == said


def test_the_mean_over_people_and_its_interval_are_read_at_the_cursor(visit, tmp_path):
    page = visit(made(tmp_path))
    page.get_by_label("Label of the mean").select_option("sad")
    page.locator("#across .plot canvas").first.scroll_into_view_if_needed()
    box = page.locator("#across .plot canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)  # 5 s: one is sad, two are happy
    said = page.locator("#across-reading").inner_text()
    assert "happy 67 %, sad 33 %; mean of sad 29 %" in said


def test_the_curves_of_one_label_are_of_all_people(visit, tmp_path):
    page = visit(made(tmp_path))
    page.get_by_label("Curves").select_option("label:sad")
    page.locator(".row.chart .title", has_text="sad of all people").wait_for()
    assert page.locator(".row.chart .chip").all_inner_texts()[:3] == ["a", "b", "c"]
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "time,a,b,c"
    values = {float(line.split(",")[0]): line.split(",")[1:] for line in lines[1:]}
    nearest = min(values, key=lambda time: abs(time - 5))
    assert [float(value) for value in values[nearest]] == pytest.approx([0.8, 0.033, 0.033], abs=0.003)


def test_measures_have_curves_a_table_and_a_view_of_all_people(visit, tmp_path):
    described = [{"name": "head.yaw", "unit": "deg", "low": -90, "high": 90, "about": "Turn.", "of": "face"}]
    frames = [
        {
            "time": i / 10,
            "faces": [face(t, "happy", measures={"head.yaw": 10.0 * t + i / 10}) for t in (1, 2)],
        }
        for i in range(100)
    ]
    write(tmp_path / "m.json", frames, {**header(), "measures": described})
    done = CliRunner().invoke(report, [str(tmp_path / "m.json")], standalone_mode=False)
    assert done.exception is None, done.exception
    page = visit(tmp_path / "m.report.html")
    page.locator(".row.chart .title", has_text="head.yaw (deg)").wait_for()
    table = in_sight(page, "#numbers table").filter(has_text="Measures")
    cells = table.locator("tbody tr").nth(1).inner_text().split()
    assert cells[:4] == ["Person", "2", "head.yaw", "(deg)"]
    assert [float(each) for each in cells[-4:]] == pytest.approx([24.95, 2.89, 20.0, 29.9], abs=0.06)
    page.get_by_label("Curves").select_option("measure:head.yaw")
    page.locator(".row.chart .title", has_text="head.yaw of all people").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    first = Path(download.value.path()).read_text().splitlines()[1].split(",")
    assert [float(value) for value in first[1:]] == pytest.approx([10, 20], abs=0.15)
