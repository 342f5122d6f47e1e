"""Segments go out in every format and come back, read by other people's programs, exact to its unit."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.convert import made
from support.readers import READERS, Found
from support.timelines import CLASSES, face, header, write

from ferpipe.timeline import Timeline


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
