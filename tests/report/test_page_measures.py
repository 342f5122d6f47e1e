"""Every measure of a timeline can be reached on the page, and how the timeline was made stands on it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.chromium import in_sight
from support.timelines import face, header, write

from ferpipe_report.commands import report
from ferpipe_report.recording import open_recording

pytestmark = pytest.mark.slow
FACE = ["head.yaw", "head.pitch", "head.roll", "mouth.open", "eyes.open"]
FRAME = ["light", "sharpness"]
PIPELINE = {"stages": [{"use": "file"}, {"use": "blazeface", "with": {"every": 5}}], "sha256": "ab" * 32}


def described(name: str, of: str) -> dict[str, Any]:
    return {"name": name, "unit": "", "low": None, "high": None, "about": f"About {name}.", "of": of}


def made(folder: Path, name: str = "m", **notes: Any) -> Path:
    """Measures that say in each frame which one they are, and when."""
    head = header(f"{name}.mp4", measures=[described(each, "face") for each in FACE])
    head["measures"] += [described(each, "frame") for each in FRAME]
    head["notes"] = {"pipeline": PIPELINE, "detector": {"name": "blazeface", "model": "back"}, **notes}
    waves = [{each: j + math.sin(i / 9) for j, each in enumerate(FACE)} for i in range(100)]
    frames = [
        {
            "time": i / 10,
            "faces": [face(1, "happy", measures=waves[i], unsure=i >= 60)],
            "measures": {m: 10.0 * j + i for j, m in enumerate(FRAME, 1)},
        }
        for i in range(100)
    ]
    write(folder / f"{name}.json", frames, head)
    return folder / f"{name}.json"


def page_of(folder: Path, *timelines: Path) -> Path:
    words = [*map(str, timelines), "-o", str(folder / "page.html")]
    done = CliRunner().invoke(report, words, standalone_mode=False)
    assert done.exception is None, done.exception
    return folder / "page.html"


def titles(page: Any) -> list[str]:
    return list(page.locator(".row.chart .title").all_inner_texts())[1:]


def test_each_measure_of_faces_and_of_the_picture_can_be_shown_and_hidden(visit, tmp_path):
    page = visit(page_of(tmp_path, made(tmp_path)))
    assert titles(page) == FACE[:3]
    page.locator("#measures summary").click()
    assert page.locator("#measures summary").inner_text() == "Measures: 3 of 7 shown"
    page.get_by_label("sharpness, of the picture").check()
    page.get_by_label("head.yaw").uncheck()
    page.locator(".row.chart .title", has_text="sharpness").wait_for()
    assert titles(page) == ["head.pitch", "head.roll", "sharpness, of the picture"]
    page.locator("#measures").get_by_role("button", name="All").click()
    page.locator(".row.chart .title", has_text="eyes.open").wait_for()
    assert titles(page) == [*FACE, *(f"{each}, of the picture" for each in FRAME)]
    page.locator("#measures").get_by_role("button", name="None").click()
    page.locator(".row.chart .title", has_text="eyes.open").wait_for(state="detached")
    assert titles(page) == []


def test_the_table_has_the_measures_of_the_picture_too(visit, tmp_path):
    page = visit(page_of(tmp_path, made(tmp_path)))
    rows = in_sight(page, "#numbers table").nth(1).locator("tbody tr").all_inner_texts()
    assert len(rows) == len(FACE) + len(FRAME)
    light = next(row.split() for row in rows if row.startswith("Picture") and "light" in row)
    assert light[-4:] == ["59.5", "28.9", "10.0", "109"]


def test_what_is_unsure_by_its_own_word_is_hatched(tmp_path):
    (person,) = open_recording(made(tmp_path)).people
    assert person.unsure.tolist() == [False] * 60 + [True] * 40


def test_the_pipeline_and_the_notes_stand_on_the_page_once_for_those_made_alike(visit, tmp_path):
    same = [made(tmp_path, name) for name in "ab"]
    page = visit(page_of(tmp_path, *same, made(tmp_path, "c", detector={"name": "<b>yunet"})))
    first, second = in_sight(page, "#about .pipeline").all_inner_texts()
    assert first.startswith("Pipeline of a.mp4, b.mp4. file \u2192 blazeface (every 5).")
    assert f"sha256 {'ab' * 32}" in first
    assert "detector: name blazeface, model back" in first
    assert second.startswith("Pipeline of c.mp4.")
    assert "detector: name <b>yunet" in second
