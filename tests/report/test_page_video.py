"""The video beside the report, in a real browser: the frame that is chosen is the frame that is shown."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from support.coded_video import number_in, write_video
from support.timelines import planned

from ferpipe import UsageError
from ferpipe.resources import shipped
from ferpipe_report.commands import report

pytestmark = pytest.mark.slow
rng = np.random.default_rng(7)
STEPS = rng.choice([0.02, 0.033, 0.05, 0.1, 0.4], 119)
TIMES = [0.0, *np.round(np.cumsum(STEPS), 3).tolist()]
"""A rate that varies from 2.5 to 50 frames a second."""


def made(folder: Path, suffix: str, *more: str, **options: Any) -> Path:
    planned(folder / "t.json", TIMES, lambda t: "happy" if t % 2 < 1 else "sad")
    write_video(folder / f"v{suffix}", TIMES, **options)
    words = [str(folder / "t.json"), "--video", str(folder / f"v{suffix}"), "-o", str(folder / "page.html")]
    done = CliRunner().invoke(report, [*words, *more], standalone_mode=False)
    assert done.exception is None, done.exception
    return folder / "page.html"


def shown(page: Any, frame: int) -> int:
    """Wait until the page says that the video is at the frame; the number in the picture itself."""
    page.locator(f"canvas.boxes[data-frame='{frame}']").wait_for(timeout=15000)
    page.wait_for_timeout(60)
    data = page.locator(".screen video").screenshot()
    return number_in(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


@pytest.mark.parametrize("more", [(), ("--embed",)], ids=["linked", "embedded"])
def test_a_click_shows_the_very_frame_at_a_variable_rate(visit, tmp_path, more):
    page = visit(made(tmp_path, ".mp4", *more))
    page.locator("canvas[data-person='0']").scroll_into_view_if_needed()
    box = page.locator("canvas[data-person='0']").bounding_box()
    for share in (0.83, 0.11, 0.4):
        page.mouse.click(box["x"] + share * box["width"], box["y"] + 8)
        frame = int(re.search(r"frame (\d+)", page.locator("#reading").inner_text())[1])
        assert shown(page, frame) == frame
    page.get_by_role("slider").focus()
    for key, step in (("ArrowRight", 1), ("ArrowRight", 1), ("ArrowLeft", -1)):
        page.mouse.move(2, 2)
        page.keyboard.press(key)
        frame += step
        assert shown(page, frame) == frame


def test_a_browser_recording_without_duration_is_written_anew_and_can_be_searched(visit, tmp_path):
    page_file = made(tmp_path, ".webm", codec="libvpx", bare=True)
    with av.open(str(tmp_path / "v.webm")) as given:
        assert given.duration is None
    with av.open(str(tmp_path / "page.v.webm")) as copy:
        assert copy.duration is not None
    page = visit(page_file)
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    assert shown(page, 119) == 119
    page.keyboard.press("ArrowLeft")
    assert shown(page, 118) == 118


@pytest.mark.parametrize("more", [(), ("--embed",)], ids=["linked", "embedded"])
def test_the_same_timeline_and_video_give_the_same_bytes(tmp_path, more):
    pages = []
    for suffix, options in ((".mp4", {}), (".webm", {"codec": "libvpx", "bare": True})):
        folder = tmp_path / suffix[1:]
        folder.mkdir()
        pages.append(made(folder, suffix, *more, **options))
    for page in pages:
        before = {path.name: path.read_bytes() for path in page.parent.iterdir()}
        words = [str(page.parent / "t.json"), "--video", str(next(page.parent.glob("v.*"))), "-o", str(page)]
        done = CliRunner().invoke(report, [*words, "--overwrite", *more], standalone_mode=False)
        assert done.exception is None, done.exception
        assert {path.name: path.read_bytes() for path in page.parent.iterdir()} == before


def test_playing_moves_the_cursor_along(visit, tmp_path):
    page = visit(made(tmp_path, ".mp4"))
    page.locator("canvas.boxes[data-frame='0']").wait_for()
    page.get_by_role("slider").focus()
    page.keyboard.press(" ")
    page.wait_for_timeout(1500)
    page.keyboard.press(" ")
    page.wait_for_timeout(200)
    assert float(page.get_by_role("slider").get_attribute("aria-valuenow")) > 0.3


def test_portraits_and_moments_are_pictures_of_the_sample(visit, tmp_path):
    sample = shipped("samples")
    words = [str(sample / "demo.timeline.json"), "--video", str(sample / "demo.mp4")]
    done = CliRunner().invoke(report, [*words, "-o", str(tmp_path / "p.html")], standalone_mode=False)
    assert done.exception is None, done.exception
    page = visit(tmp_path / "p.html")
    sources = page.locator(".person img").evaluate_all("list => list.map((each) => each.src)")
    assert len(sources) == page.locator("canvas[data-person]").count() > 0
    for source in sources:
        data = np.frombuffer(base64.b64decode(source.partition(",")[2]), np.uint8)
        face = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert face.shape == (64, 64, 3)
        # Skin is redder than the blue background of the sample.
        assert face[24:40, 24:40, 2].mean() > face[24:40, 24:40, 0].mean() + 15


def test_a_video_of_something_else_is_an_error(tmp_path):
    planned(tmp_path / "t.json", [i / 10 for i in range(400)], lambda t: "happy")
    write_video(tmp_path / "v.mp4", TIMES[:40])
    words = [str(tmp_path / "t.json"), "--video", str(tmp_path / "v.mp4")]
    done = CliRunner().invoke(report, words, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert "give the video of the timeline" in str(done.exception)
    assert not (tmp_path / "t.report.html").exists()


def test_what_is_no_video_and_too_few_of_them_are_one_line(tmp_path):
    planned(tmp_path / "t.json", [0.0, 0.1], lambda t: "happy")
    (tmp_path / "v.mp4").write_text("no video")
    for words, said in (
        (["t.json", "--video", "v.mp4"], "cannot read the video"),
        (["t.json", "--video", "none.mp4"], "cannot read the video"),
        (["t.json", "--video", "v.mp4", "--video", "v.mp4"], "2 --video for 1 timelines"),
    ):
        paths = [word if word.startswith("--") else str(tmp_path / word) for word in words]
        done = CliRunner().invoke(report, paths, standalone_mode=False)
        assert isinstance(done.exception, UsageError)
        assert said in str(done.exception)
