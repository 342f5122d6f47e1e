"""What a report is made of, without a browser."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from support.timelines import planned, wandering

from ferpipe import UsageError
from ferpipe.resources import shipped
from ferpipe.timeline import load
from ferpipe_report.commands import report
from ferpipe_report.numbers import changes, numbers_of, transitions
from ferpipe_report.pack import integers, pack, quantised
from ferpipe_report.palette import colour_of
from ferpipe_report.recording import open_recording
from ferpipe_sinks._palette import _EMOTIONS, _OTHERS
from ferpipe_sinks._palette import colour_of as overlay_colour

SAMPLE = shipped("samples") / "demo.timeline.json"


def unpacked(layout: list[dict[str, Any]], text: str) -> dict[str, list[int]]:
    """The whole numbers of each column, read as web/js/codec.js reads them."""
    data = iter(zlib.decompress(base64.b64decode(text)))
    found = {}
    for column in layout:
        number, values = 0, []
        for _ in range(column["n"]):
            coded, shift = 0, 0
            while True:
                part = next(data)
                coded |= (part & 127) << shift
                shift += 7
                if part < 128:
                    break
            number += (coded >> 1) ^ -(coded & 1)
            values.append(number)
        found[column["name"]] = values
    assert next(data, None) is None
    return found


@given(st.lists(st.lists(st.integers(-(2**51), 2**51), max_size=30), max_size=4))
@settings(max_examples=60, deadline=None)
def test_packed_whole_numbers_come_back(lists):
    layout, text = pack([integers(str(i), values) for i, values in enumerate(lists)])
    assert list(unpacked(layout, text).values()) == lists


@given(st.lists(st.none() | st.floats(-3, 7), max_size=50))
@settings(max_examples=60, deadline=None)
def test_quantised_values_come_back_within_half_a_step(values):
    given_ = np.array([np.nan if value is None else value for value in values])
    layout, text = pack([quantised("x", given_, low=-3, high=7, levels=250)])
    step = layout[0]["step"]
    for value, number in zip(values, unpacked(layout, text)["x"], strict=True):
        assert (number == 0) == (value is None)
        if value is not None:
            assert -3 + (number - 1) * step == pytest.approx(value, abs=step / 2 + 1e-9)


def test_colours_are_the_overlays():
    assert len(_EMOTIONS) > 6
    for label in [*_EMOTIONS, "engaged", "bored"]:
        classes = ("engaged", *_EMOTIONS, "bored")
        blue, green, red = overlay_colour(label, classes)
        assert colour_of(label, classes) == f"#{red:02X}{green:02X}{blue:02X}"
    many = tuple(f"class {i}" for i in range(2 * len(_OTHERS)))
    assert [colour_of(each, many) for each in many[:7]] == [colour_of(each, many) for each in many[7:]]


def test_numbers_are_those_of_the_summary():
    recording = open_recording(SAMPLE)
    for person in recording.people:
        told = numbers_of(recording, person)
        kept = {label: spent for label, spent in told["seconds"].items() if spent}
        assert kept == pytest.approx(person.record["seconds"])
        seen = sum(each["end"] - each["start"] for each in person.record["segments"])
        assert told["missing"] == pytest.approx(1 - seen / 12)
        assert told["unknown"] == pytest.approx(seen - sum(kept.values()))


def test_changes_are_counted_where_one_label_follows_straight_on_another(tmp_path):
    plan = ["happy"] * 10 + ["sad"] * 10 + [None] * 30 + ["fear"] * 10 + ["happy"] * 10 + ["sad"] * 10
    timeline = planned(tmp_path / "a.json", [i / 10 for i in range(80)], lambda t: plan[round(t * 10)])
    recording = open_recording(tmp_path / "a.json")
    spans = recording.people[0].spans
    assert changes(spans) == [("happy", "sad"), ("fear", "happy"), ("happy", "sad")]
    table = transitions(spans, timeline.classes)
    assert table[3][4] == 2
    assert sum(map(sum, table)) == 3
    told = numbers_of(recording, recording.people[0])
    assert told["rate"] == pytest.approx(60 * 3 / 5)
    assert told["missing"] == pytest.approx(3 / 8)


def test_numbers_of_a_stretch_are_of_that_stretch(tmp_path):
    planned(tmp_path / "a.json", [i / 10 for i in range(100)], lambda t: "happy" if t < 4.95 else "sad")
    recording = open_recording(tmp_path / "a.json")
    told = numbers_of(recording, recording.people[0], 4_000_000, 6_000_000)
    assert told["seconds"]["happy"] == pytest.approx(1)
    assert told["seconds"]["sad"] == pytest.approx(1)
    assert told["missing"] == 0


def run(*words: str) -> Any:
    return CliRunner().invoke(report, [*words], standalone_mode=False)


def test_the_same_input_gives_the_same_bytes_and_no_place_or_day_stands_in_them(tmp_path):
    pages = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "t.json").write_bytes(SAMPLE.read_bytes())
        assert run(str(folder / "t.json"), "-o", str(folder / "page.html")).exception is None
        pages.append((folder / "page.html").read_bytes())
    assert pages[0] == pages[1]
    assert str(tmp_path).encode() not in pages[0]


def test_the_page_asks_for_nothing_and_is_small(tmp_path):
    planned(tmp_path / "a.json", [0.0, 0.1], lambda t: "happy")
    assert run(str(tmp_path / "a.json"), "-o", str(tmp_path / "a.html")).exception is None
    page = (tmp_path / "a.html").read_text()
    assert len(page.encode()) < 150_000
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page) == []
    assert "default-src 'none'" in page


def test_an_hour_of_two_people_fits_into_four_megabytes(tmp_path):
    """Measured on forty seconds, of which an hour has ninety."""
    wandering(tmp_path / "w.json", seconds=40, people=2, seed=2)
    assert run(str(tmp_path / "w.json"), "-o", str(tmp_path / "w.html")).exception is None
    planned(tmp_path / "a.json", [0.0, 0.1], lambda t: "happy")
    assert run(str(tmp_path / "a.json"), "-o", str(tmp_path / "a.html")).exception is None
    data = (tmp_path / "w.html").stat().st_size - (tmp_path / "a.html").stat().st_size
    assert 90 * data < 4e6 - 150_000


def test_what_is_vendored_is_what_its_checksums_say():
    folder = shipped("assets") / "uplot"
    lines = folder.joinpath("checksums.txt").read_text().splitlines()
    assert len(lines) == 3
    for line in lines:
        digest, name = line.split()
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == digest


def test_every_module_is_in_the_page_after_those_it_uses():
    from ferpipe_report.page.assemble import MODULES

    folders = (resources.files("ferpipe_report").joinpath("web", "js"), shipped("assets") / "js")
    found = {each.name: each for folder in folders for each in folder.iterdir()}
    assert set(found) == {f"{name}.js" for name in MODULES}
    declared: dict[str, str] = {}
    for i, name in enumerate(MODULES):
        text = found[f"{name}.js"].read_text()
        for used in re.findall(r'^import .* from "\./(\w+)\.js";$', text, re.MULTILINE):
            assert used in MODULES[:i], f"{name}.js stands before {used}.js"
        for own in re.findall(r"^(?:export )?(?:async )?(?:function|const|let) (\w+)", text, re.MULTILINE):
            assert own not in declared, f"{own} is in {name}.js and in {declared[own]}.js"
            declared[own] = name
        assert len(text.splitlines()) < 300
        assert all(line.count("`") % 2 == 0 for line in text.splitlines()), f"{name}.js: a text over lines"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none.json", "-o", "r.html"], "cannot read the timeline 'none.json'"),
        (["t.json", "t.json"], "give its name with -o"),
        (["t.json", "-o", "t.json", "--overwrite"], "is an input"),
        (["t.json", "-o", "there.html"], "'there.html' exists: choose another name or add --overwrite"),
        (["page.txt", "-o", "r.html"], "'page.txt' is not a timeline"),
        (["t.json", "-o", "."], "is a directory"),
        (["t.json", "-o", "r.txt"], "'r.txt' is not the name of a page: end it in .html"),
        (["t.json", "-o", "r.html", "--png", "r.jpg"], "'r.jpg' is not the name of a figure for --png"),
        (["t.json", "-o", "r.html", "--svg", "./r.html"], "'r.html' is given for two outputs"),
        (["t.json", "-o", f"{'r' * 300}.html"], "cannot be written (File name too long)"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    Path("t.json").write_bytes(SAMPLE.read_bytes())
    Path("there.html").write_text("mine")
    Path("page.txt").write_text("hello\n")
    done = run(*words)
    assert isinstance(done.exception, UsageError | click_error())
    assert said in str(done.exception)
    assert "\n" not in str(done.exception)
    assert Path("there.html").read_text() == "mine"
    assert load("t.json").summary["frames"] == 300


def click_error() -> Any:
    import click

    return click.ClickException
