"""A file that is dropped, sent, analysed and looked at."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from imageio_ffmpeg import get_ffmpeg_exe
from support.serving import Serving, serving

from ferpipe.resources import shipped
from ferpipe.timeline import load

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
DEMO = shipped("samples") / "demo.mp4"
LONG = 240_000
"""Milliseconds for a job, with its report, on a busy machine."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def files(visit, server: Serving) -> Any:
    return visit(f"{server.url}#files")


def row(page: Any, name: str) -> Any:
    return page.locator(".files li[data-job]", has_text=name).first


def test_a_video_is_sent_analysed_and_its_report_shown(files, tmp_path):
    path = tmp_path / "short.mp4"
    copied = ["-i", str(DEMO), "-t", "3", "-c", "copy", str(path)]
    subprocess.run([get_ffmpeg_exe(), "-v", "error", *copied], check=True)
    files.get_by_label("Annotated video as well").check()
    files.locator("#file").set_input_files(str(path))
    files.locator("iframe").wait_for(timeout=LONG)
    report = files.frame_locator("iframe")
    report.locator(".row.chart canvas").first.wait_for()
    assert "Person 1" in report.locator("#numbers").text_content()
    with files.expect_download() as download:
        row(files, "short.mp4").get_by_role("link", name="timeline.json").click()
    download.value.save_as(tmp_path / "t.json")
    summary = load(tmp_path / "t.json").summary
    assert summary["frames"] >= 60
    assert f"{summary['duration']:.1f} s" in row(files, "short.mp4").inner_text()
    with files.expect_download() as download:
        row(files, "short.mp4").get_by_role("link", name=".mp4,").click()
    download.value.save_as(tmp_path / "v.mp4")
    assert cv2.VideoCapture(str(tmp_path / "v.mp4")).read()[0]


def test_a_picture_is_dropped_on_the_page(files, smiling, tmp_path):
    path = tmp_path / "smile.jpg"
    cv2.imwrite(str(path), smiling)
    drop(files, path)
    files.locator("iframe").wait_for(timeout=LONG)
    assert "a picture" in row(files, "smile.jpg").inner_text()
    assert "1 person" in row(files, "smile.jpg").inner_text()


def drop(page: Any, path: Path) -> None:
    carried = page.evaluate_handle(
        """([name, bytes]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/jpeg' }));
            return carried;
        }""",
        [path.name, list(path.read_bytes())],
    )
    page.dispatch_event(".zone", "drop", {"dataTransfer": carried})


def test_a_job_is_cancelled_and_deleted(files, tmp_path):
    path = tmp_path / "long.mp4"
    path.write_bytes(DEMO.read_bytes())
    files.locator("#file").set_input_files(str(path))
    files.get_by_role("button", name="Cancel long.mp4").click(timeout=LONG)
    row(files, "long.mp4").get_by_text("cancelled").wait_for()
    row(files, "long.mp4").get_by_role("button", name="Delete").click()
    row(files, "long.mp4").get_by_role("button", name="press again").click()
    row(files, "long.mp4").wait_for(state="detached")


def test_what_is_no_video_is_one_line(files, tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("not a video at all\n" * 100)
    files.locator("#file").set_input_files(str(path))
    said = files.locator("#trouble, .files li[data-job]").filter(has_text="notes.mp4").last
    said.get_by_text("video").first.wait_for()
    files.troubles.clear()  # the browser's own line for the refused request
