"""Segments go out in every format and come back, read by other people's programs, exact to its unit."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html import unescape
from pathlib import Path

import click
import pytest
import webvtt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from praatio import textgrid
from pympi import Eaf
from support.convert import SAMPLE, made, run
from support.timelines import CLASSES, face, header, planned, write

from ferpipe import UsageError
from ferpipe.timeline import Timeline, load
from ferpipe_report.convert.run import FORMATS, format_of

Found = list[tuple[str, int, int, str]]
"""Person, start and end in microseconds, label."""


def read_eaf(path: Path) -> Found:
    eaf = Eaf(str(path))
    return [
        (tier, 1000 * start, 1000 * end, value)
        for tier in eaf.get_tier_names()
        for start, end, value in eaf.get_annotation_data_for_tier(tier)
    ]


def read_vtt(path: Path) -> Found:
    return [
        (unescape(cue.voice), _micro(cue.start), _micro(cue.end), unescape(cue.text))
        for cue in webvtt.read(str(path))
    ]


def read_srt(path: Path) -> Found:
    return (
        []
        if not path.read_text()
        else [
            (
                *(cue.raw_text.split(": ", 1)[:1]),
                _micro(cue.start),
                _micro(cue.end),
                cue.raw_text.split(": ", 1)[1],
            )
            for cue in webvtt.from_srt(str(path))
        ]
    )


def _micro(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1e6)


def read_textgrid(path: Path) -> Found:
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False)
    return [
        (tier.name, round(each.start * 1e6), round(each.end * 1e6), each.label)
        for tier in grid.tiers
        for each in tier.entries
    ]


def read_boris(path: Path) -> Found:
    (observation,) = json.loads(path.read_text())["observations"].values()
    begun: dict[tuple[str, str], float] = {}
    found = []
    for time, subject, code, *_ in observation["events"]:
        if (subject, code) in begun:
            found.append((subject, round(begun.pop((subject, code)) * 1e6), round(time * 1e6), code))
        else:
            begun[subject, code] = time
    assert begun == {}
    return found


def read_events(path: Path) -> Found:
    rows = csv.DictReader(io.StringIO(path.read_text()), delimiter="\t")
    return [
        (
            row["person"],
            start := round(float(row["onset"]) * 1e6),
            start + round(float(row["duration"]) * 1e6),
            row["trial_type"],
        )
        for row in rows
    ]


READERS: dict[str, tuple[Callable[[Path], Found], int]] = {
    "a.eaf": (read_eaf, 1000),
    "a.vtt": (read_vtt, 1000),
    "a.srt": (read_srt, 1000),
    "a.TextGrid": (read_textgrid, 1),
    "a.boris": (read_boris, 1000),
    "a.events.tsv": (read_events, 1),
}


def wanted(timeline: Timeline, unit: int, *, moments: bool) -> Found:
    """The segments with labels, to the unit of a format; those without length where `moments` allows them."""
    found = [
        (f"Person {track['id']}", _to(each["start"], unit), _to(each["end"], unit), each["label"])
        for track in timeline.tracks
        for each in track["segments"]
        if each["label"] is not None
    ]
    return sorted(each for each in found if each[2] > each[1] or moments)


def _to(seconds: float, unit: int) -> int:
    return (2 * round(seconds * 1e6) + unit) // (2 * unit) * unit


LABELS = [None, "gone", *CLASSES]
steps = st.lists(
    st.tuples(
        st.integers(1, 900_000), st.lists(st.sampled_from([None, "gone", *CLASSES]), min_size=3, max_size=3)
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(given_=steps)
def test_segments_come_back_exact_to_the_unit(tmp_path_factory, name, given_):
    folder = tmp_path_factory.mktemp("p")
    time, frames = 0, []
    for step, labels in given_:
        faces = [face(i, label) for i, label in enumerate(labels, 1) if label != "gone"]
        frames.append({"time": time / 1e6, "faces": faces})
        time += step
    timeline = write(folder / "t.json", frames)
    made(folder / "t.json", folder / name)
    reader, unit = READERS[name]
    assert sorted(reader(folder / name)) == wanted(timeline, unit, moments=name == "a.events.tsv")


def test_labels_with_any_signs_come_back(tmp_path):
    odd = ["a<b>&\"c'", "größer", "x, y; z\t.", "--> 1", "1: 2", 'say ""hi""', "日本"]
    frames = [
        {
            "time": i / 2,
            "faces": [{**face(1, None), "label": label, "probabilities": dict.fromkeys(odd, 0.1)}],
        }
        for i, label in enumerate(odd)
    ]
    write(tmp_path / "t.json", frames, header(classes=odd))
    for name, (reader, _) in READERS.items():
        made(tmp_path / "t.json", tmp_path / name)
        found = [label for *_, label in sorted(reader(tmp_path / name), key=lambda each: each[1])]
        assert found == [" ".join(label.replace("-->", "-->").split()) for label in odd], name


def test_an_elan_file_has_what_the_schema_of_3_0_asks_for(tmp_path):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "demo.mp4").write_bytes(b"")
    made(SAMPLE, tmp_path / "a.eaf", "--video", tmp_path / "films" / "demo.mp4")
    root = ET.parse(tmp_path / "a.eaf").getroot()  # noqa: S314 -- our own
    assert root.tag == "ANNOTATION_DOCUMENT"
    assert root.get("FORMAT") == root.get("VERSION") == "3.0"
    order = [child.tag for child in root]
    wanted_order = ["HEADER", "TIME_ORDER", *["TIER"] * 4, "LINGUISTIC_TYPE"]
    assert order == wanted_order
    inside = [child.tag for child in root.find("HEADER")]
    assert inside == ["MEDIA_DESCRIPTOR", *["LINKED_FILE_DESCRIPTOR"] * 2, "PROPERTY"]
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert (tmp_path / media.get("RELATIVE_MEDIA_URL")).exists()
    linked = root.find("HEADER/LINKED_FILE_DESCRIPTOR").get("RELATIVE_LINK_URL")
    slots = [each.get("TIME_SLOT_ID") for each in root.iter("TIME_SLOT")]
    assert len(set(slots)) == len(slots)
    for each in root.iter("ALIGNABLE_ANNOTATION"):
        assert {each.get("TIME_SLOT_REF1"), each.get("TIME_SLOT_REF2")} <= set(slots)
    types = {each.get("LINGUISTIC_TYPE_ID") for each in root.iter("LINGUISTIC_TYPE")}
    assert {each.get("LINGUISTIC_TYPE_REF") for each in root.iter("TIER")} == types
    rows = list(csv.DictReader((tmp_path / linked).open()))
    assert len(rows) == 300
    seen = load(SAMPLE).frames[60]["faces"][0]
    assert float(rows[60][f"{seen['track']} happy"]) == seen["probabilities"]["happy"]
    assert rows[0]["1 happy"] == ""


def test_several_timelines_into_a_folder_are_a_file_each(tmp_path):
    planned(tmp_path / "a.json", [0.0, 0.1], lambda t: "happy")
    planned(tmp_path / "b.timeline.json", [0.0, 0.1], lambda t: "sad")
    words = (
        tmp_path / "a.json",
        tmp_path / "b.timeline.json",
        "-o",
        f"{tmp_path / 'out'}/",
        "--format",
        "vtt",
    )
    assert run(*words).exception is None
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"a.vtt", "b.vtt"}


def test_what_a_format_cannot_hold_is_said(tmp_path):
    frames = [
        {"time": t, "faces": [face(1, label)]}
        for t, label in ((0, "sad"), (1e-4, None), *((i / 2, "fear") for i in range(1, 6)))
    ]
    write(tmp_path / "t.json", frames)
    said = made(tmp_path / "t.json", tmp_path / "t.vtt")
    assert "omitted, since .vtt cannot hold it: 1 stretches without a label" in said
    assert "1 stretches shorter than 1 ms" in said


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_timeline_gives_the_same_bytes(tmp_path, name):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        made(SAMPLE, tmp_path / folder / f"a.{name}")
    first = {each.name: each.read_bytes() for each in (tmp_path / "x").iterdir()}
    assert first == {each.name: each.read_bytes() for each in (tmp_path / "y").iterdir()}
    assert str(tmp_path).encode() not in b"".join(first.values())


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("talk.openface.csv", "openface.csv"),
        ("fex.csv", "fex.csv"),
        ("prefex.csv", "csv"),
        ("sub-01_task-x_events.tsv", "events.tsv"),
        ("a.tsv", "events.tsv"),
        ("A.TEXTGRID", "TextGrid"),
        ("a.txt", None),
    ],
)
def test_the_name_of_a_file_tells_its_format(name, form):
    assert format_of(name) == form


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["t.json", "-o", "a.docx"], "'a.docx' has no known suffix"),
        (["t.json", "-o", "a.vtt", "--format", "docx"], "'docx' is not one of parquet, csv"),
        (["t.json", "u.json", "-o", "a.vtt"], "a .vtt file holds one recording"),
        (["t.json", "-o", "there.vtt"], "'there.vtt' exists"),
        (["t.json", "-o", "t.tsv"], "'t.json' is an input"),
        (["t.json", "t.json", "-o", "a.csv"], "'t.json' is given twice"),
        (["t.json", "-o", "a.eaf", "--video", "a.mp4", "--video", "b.mp4"], "2 --video for 1 timelines"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    for name in ("t.json", "u.json"):
        Path(name).write_bytes(SAMPLE.read_bytes())
    Path("there.vtt").write_text("mine")
    before = sorted(each.name for each in tmp_path.iterdir())
    done = run(*words)
    assert isinstance(done.exception, UsageError | click.ClickException)
    assert said in str(done.exception)
    assert sorted(each.name for each in tmp_path.iterdir()) == before
    assert Path("there.vtt").read_text() == "mine"


def test_a_folder_of_parquet_is_one_table_partitioned_by_recording(tmp_path):
    """Read by pandas and by pyarrow's dataset, which reads it as DuckDB and Spark do."""
    pd = pytest.importorskip("pandas")
    from pyarrow import dataset

    times = [i / 10 for i in range(20)]
    measure = {"name": "head.yaw", "unit": "deg", "low": None, "high": None, "about": "Yaw.", "of": "face"}
    planned(tmp_path / "a.json", times, lambda t: "happy" if t < 1 else "sad", head=header("a b=c/d.mp4"))
    with_measure = header("\u00e9.mp4", measures=[measure])
    planned(tmp_path / "b.json", times[:5], lambda _: "fear", head=with_measure, measures={"head.yaw": 3.0})
    made(tmp_path / "a.json", tmp_path / "study", tmp_path / "b.json", "--format", "parquet")
    made(tmp_path / "a.json", tmp_path / "flat.parquet", tmp_path / "b.json")
    flat = pd.read_parquet(tmp_path / "flat.parquet").astype({"file": str, "label": str})
    found = pd.read_parquet(tmp_path / "study").astype({"file": str, "label": str})
    keys = ["file", "index"]
    pd.testing.assert_frame_equal(
        found[flat.columns].sort_values(keys, ignore_index=True), flat.sort_values(keys, ignore_index=True)
    )
    assert sorted(set(found["file"])) == ["a b=c/d.mp4", "\u00e9.mp4"]
    table = dataset.dataset(tmp_path / "study", partitioning="hive")
    assert table.to_table(filter=dataset.field("file") == "\u00e9.mp4").num_rows == 5
    assert len({str(part.physical_schema.remove_metadata()) for part in table.get_fragments()}) == 1


def test_elan_finds_every_curve_by_its_column_range_and_colour(tmp_path):
    measure = {"name": "head.yaw", "unit": "deg", "low": -90.0, "high": 90.0, "about": "Yaw.", "of": "face"}
    head = header("t.mp4", measures=[measure])
    planned(tmp_path / "t.json", [0.0, 0.1], lambda _: "happy", head=head, measures={"head.yaw": 3.0})
    made(tmp_path / "t.json", tmp_path / "t.eaf")
    root = ET.parse(tmp_path / "t.eaf").getroot()  # noqa: S314 -- our own
    linked = [each.get("RELATIVE_LINK_URL") for each in root.iter("LINKED_FILE_DESCRIPTOR")]
    assert linked == ["./t.curves.csv", "./t_tsconf.xml"]
    (source,) = ET.parse(tmp_path / "t_tsconf.xml").getroot()  # noqa: S314 -- our own
    assert source.get("source-url") == "./t.curves.csv"
    rows = list(csv.reader((tmp_path / "t.curves.csv").open()))
    tracks = source.findall("track")
    assert [rows[0][int(t.find("sample-position/pos").get("col"))] for t in tracks] == [
        t.get("name") for t in tracks
    ]
    assert len(tracks) == len(rows[0]) - 1 == len(CLASSES) + 1
    yaw = tracks[-1]
    assert (yaw.find("range").get("min"), yaw.find("units").text) == ("-90.0", "deg")
    assert tracks[CLASSES.index("happy")].find("color").text == "240,228,66"
