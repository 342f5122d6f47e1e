"""ELAN's files: valid by the rules of the format, read by pympi, linked to their curves."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET

import pytest
from support.convert import SAMPLE, made
from support.eaf import faults
from support.timelines import CLASSES, header, planned

from ferpipe.timeline import load


def test_an_elan_file_follows_the_rules_of_3_0(tmp_path):
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "demo.mp4").write_bytes(b"")
    made(SAMPLE, tmp_path / "a.eaf", "--video", tmp_path / "films" / "demo.mp4")
    root = ET.parse(tmp_path / "a.eaf").getroot()  # noqa: S314 -- our own
    assert faults(root) == []
    assert root.get("FORMAT") == root.get("VERSION") == "3.0"
    people = load(SAMPLE).tracks
    tiers = [tier.get("TIER_ID") for tier in root.findall("TIER")]
    assert len(tiers) == len(set(tiers)) == len(people) > 1
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert (tmp_path / media.get("RELATIVE_MEDIA_URL")).exists()
    linked = root.find("HEADER/LINKED_FILE_DESCRIPTOR").get("RELATIVE_LINK_URL")
    rows = list(csv.DictReader((tmp_path / linked).open()))
    assert len(rows) == 300
    seen = load(SAMPLE).frames[60]["faces"][0]
    assert float(rows[60][f"{seen['track']} happy"]) == seen["probabilities"]["happy"]
    assert rows[0]["1 happy"] == ""


@pytest.mark.parametrize(
    "name", ['a b#c%d&"e".mp4', "\u0645\u0642\u0627\u0628\u0644\u0629 \U0001f600.mp4", "rtsp://host/x"]
)
@pytest.mark.parametrize("plan", ["wanders", "nobody", "one frame"])
def test_any_name_and_any_length_follow_the_rules(tmp_path, name, plan):
    times = [0.0] if plan == "one frame" else [i / 7 for i in range(40)]
    shown = {"wanders": lambda t: CLASSES[int(3 * t) % 7], "nobody": lambda _: None}.get(
        plan, lambda _: "sad"
    )
    planned(tmp_path / "t.json", times, shown, lambda t: "happy" if t > 1 else None, head=header(name))
    made(tmp_path / "t.json", tmp_path / "t.eaf")
    assert faults(ET.parse(tmp_path / "t.eaf").getroot()) == []  # noqa: S314 -- our own


@pytest.mark.parametrize(
    ("path", "change"),
    [
        (".", lambda e: e.attrib.pop("DATE")),
        (".", lambda e: e.insert(0, e.find("TIER"))),
        ("HEADER", lambda e: e.set("TIME_UNITS", "seconds")),
        ("TIME_ORDER/TIME_SLOT", lambda e: e.set("TIME_VALUE", "-1")),
        ("TIME_ORDER/TIME_SLOT", lambda e: e.set("TIME_SLOT_ID", "ts2")),
        ("TIER", lambda e: e.set("LINGUISTIC_TYPE_REF", "other")),
        (".//ALIGNABLE_ANNOTATION", lambda e: e.set("TIME_SLOT_REF2", e.get("TIME_SLOT_REF1"))),
        (".//ALIGNABLE_ANNOTATION", lambda e: e.append(ET.Element("ANNOTATION_VALUE"))),
    ],
)
def test_the_rules_find_what_is_wrong(tmp_path, path, change):
    made(SAMPLE, tmp_path / "a.eaf")
    root = ET.parse(tmp_path / "a.eaf").getroot()  # noqa: S314 -- our own
    change(root.find(path))
    assert faults(root)


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
