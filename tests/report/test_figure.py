"""The figure for a paper, as PNG and SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import cv2
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.timelines import planned

from ferpipe.resources import shipped
from ferpipe_report.commands import report
from ferpipe_report.events import Event
from ferpipe_report.lanes import lanes_of
from ferpipe_report.recording import open_recording

SAMPLE = shipped("samples") / "demo.timeline.json"


def test_figures_are_written_beside_the_page_with_the_overlays_colours(tmp_path):
    (tmp_path / "e.csv").write_text("start,end,name\n2,5,greeting\n")
    words = [SAMPLE, "-o", tmp_path / "p.html", "--png", tmp_path / "p.png", "--svg", tmp_path / "p.svg"]
    words += ["--events", tmp_path / "e.csv"]
    done = CliRunner().invoke(report, list(map(str, words)), standalone_mode=False)
    assert done.exception is None, done.exception
    picture = cv2.imread(str(tmp_path / "p.png"))
    assert picture.shape[1] == 2160
    yellow = (abs(picture.astype(int) - [0x42, 0xE4, 0xF0]).max(2) < 3).sum()
    grey = (abs(picture.astype(int) - 0xBE).max(2) < 3).sum()
    assert 0.5 < yellow / grey < 2  # 6.5 s of happy, 6.3 s of neutral
    text = " ".join(ET.parse(tmp_path / "p.svg").getroot().itertext())  # noqa: S314 -- our own
    for word in ("Person 4", "greeting", "surprise", "Time (s)"):
        assert word in text


@given(st.lists(st.tuples(st.integers(-50, 650), st.integers(0, 300), st.text(min_size=1)), max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_name_of_an_event_lies_on_another(found):
    recording = open_recording(SAMPLE)
    events = [Event(t * 10**6, (t + long) * 10**6, name) for t, long, name in sorted(found)]
    lanes = lanes_of(recording, events, (0.0, 600.0))
    assert len(lanes) <= 6
    for lane in lanes:
        for before, after in pairwise(lane):
            assert after.start >= max(before.end, before.start + 600 * 0.0092 * len(before.name))
    assert all(0 <= mark.start <= mark.end <= 600 for lane in lanes for mark in lane)


def test_a_timeline_beside_itself_has_a_figure(tmp_path):
    words = [str(SAMPLE), str(SAMPLE), "-o", str(tmp_path / "p.html"), "--svg", str(tmp_path / "p.svg")]
    assert CliRunner().invoke(report, words, standalone_mode=False).exception is None


def test_the_same_input_gives_the_same_figure(tmp_path):
    for i in range(6):
        planned(tmp_path / f"{i}.json", [t / 5 for t in range(50)], lambda t: "sad" if t < 5 else None)
    pictures = []
    for turn in "ab":
        words = [*(str(tmp_path / f"{i}.json") for i in range(6)), "-o", str(tmp_path / f"{turn}.html")]
        for form in ("png", "svg"):
            words += [f"--{form}", str(tmp_path / f"{turn}.{form}")]
        assert CliRunner().invoke(report, words, standalone_mode=False).exception is None
        pictures.append([(tmp_path / f"{turn}.{form}").read_bytes() for form in ("png", "svg")])
    assert pictures[0] == pictures[1]
