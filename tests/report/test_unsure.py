"""Stretches whose label is unsure: counted as such in the report, annotated as such by `convert`."""

from __future__ import annotations

import json

import pytest
from support.convert import made
from support.readers import READERS
from support.timelines import CLASSES, face, header, write

from ferpipe_report.numbers import numbers_of
from ferpipe_report.page.data import page_data
from ferpipe_report.page.stretches import pooled
from ferpipe_report.recording import open_recording, unsure_runs


@pytest.fixture
def path(tmp_path):
    """One second each of happy, unsure, no label and sad, and a gap in the unsure one."""
    shown = ["happy", "unsure", None, "sad"]
    frames = []
    for i in range(40):
        label = shown[i // 10]
        one = face(1, None if label == "unsure" else label, **({"unsure": True} if label == "unsure" else {}))
        frames.append({"time": i / 10, "faces": [] if i in {14, 15} else [one]})
    found = tmp_path / "u.json"
    write(found, frames, header("u.mp4"))
    return found


def test_time_that_is_unsure_is_neither_a_label_nor_without_one(path):
    recording = open_recording(path)
    numbers = numbers_of(recording, recording.people[0])
    assert numbers["unsure"] == pytest.approx(1.0)
    assert numbers["unknown"] == pytest.approx(1.0)
    assert numbers["seconds"]["happy"] == numbers["seconds"]["sad"] == pytest.approx(1.0)
    assert numbers["share"]["happy"] == pytest.approx(0.5)
    assert numbers_of(recording, recording.people[0], 1_500_000, 2_200_000)["unsure"] == pytest.approx(0.5)
    assert pooled([numbers, numbers])["unsure"] == pytest.approx(2.0)
    data, _ = page_data([recording], "u")
    assert data["recordings"][0]["people"][0]["numbers"]["unsure"] == pytest.approx(1.0)


def test_the_hatching_has_the_gaps_that_the_face_has(path):
    recording = open_recording(path)
    starts, ends = unsure_runs(recording.people[0], recording)
    assert list(starts) == [1_000_000, 1_600_000]
    assert list(ends) == [1_400_000, 3_000_000]


@pytest.mark.parametrize("name", READERS)
def test_it_is_an_annotation_of_its_own_in_every_format(tmp_path, path, name):
    said = made(path, tmp_path / name)
    found = sorted(READERS[name][0](tmp_path / name), key=lambda each: each[1])
    assert [label for *_, label in found] == ["happy", "unsure", "sad"]
    assert found[1][1:3] == (1_000_000, 2_000_000)
    assert "1 stretches without a label" in said
    if name == "a.boris":
        codes = json.loads((tmp_path / name).read_text())["behaviors_conf"].values()
        assert [each["code"] for each in codes] == [*CLASSES, "unsure"]
