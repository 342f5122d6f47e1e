"""What stands in a file while a run lasts: at every frame, all that is known by then."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from support.readers import READERS, Found
from support.timelines import CLASSES, face, header, planned, write

from ferpipe import Output
from ferpipe.timeline import TimelineBuilder, load
from ferpipe_report.convert.inputs import Input
from ferpipe_report.convert.run import FORMATS, one
from ferpipe_report.convert.streams import stream_of
from ferpipe_report.writing import pieces

TIMES = [i / 25 for i in range(50)] + [4.0 + i / 10 for i in range(20)]


def people(time: float) -> list:
    """One who changes, one who leaves and comes back, one who never gets a label, one who is unsure late."""
    first = CLASSES[int(time) % 3]
    there = [face(1, first), face(2, "happy")] if time < 0.7 or time > 1.6 else [face(1, first)]
    doubt = {"unsure": True} if time > 4.5 else {}
    return [*there, face(3, None), face(4, None, **doubt)]


RECORDS = [{"index": i, "time": time, "faces": people(time)} for i, time in enumerate(TIMES)]


def growing(tmp_path, form, records=RECORDS, head=None):
    """The output and the stream; and the file after each frame."""
    output = Output(tmp_path / f"t.{form}")
    stream = stream_of(form, output, "t.mp4", TimelineBuilder(head or header("t.mp4")))
    return output, stream, ((stream.frame(record), output.part.read_bytes())[1] for record in records)


def finished(output, stream, form) -> bytes:
    rest = stream.end(complete=True)
    if rest is not None:
        output.renew(pieces(one(form, rest, output.target)[0][output.target]))
    return output.commit().read_bytes()


def batch(tmp_path, form) -> bytes:

    frames = [{"time": time, "faces": people(time)} for time in TIMES]
    timeline = write(tmp_path / "whole.json", frames, header("t.mp4"))
    target = tmp_path / f"t.{form}"
    return b"".join(pieces(one(form, Input.of("t.mp4", timeline), target)[0][target]))


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_while_running_ends_as_what_convert_writes(tmp_path, form):
    output, stream, seen = growing(tmp_path, form)
    for _ in seen:
        pass
    assert finished(output, stream, form) == batch(tmp_path, form)


@pytest.mark.parametrize("form", ["vtt", "srt", "events.tsv"])
def test_a_list_of_stretches_reaches_up_to_the_frame_before_the_last(tmp_path, form):
    reader, unit = READERS[f"a.{form}"]
    output, _, seen = growing(tmp_path, form)
    for number, (content, (before, after)) in enumerate(zip(list(seen)[1:], pairwise(TIMES), strict=True)):
        (tmp_path / f"cut.{form}").write_bytes(content)
        found: Found = reader(tmp_path / f"cut.{form}")
        assert overlapping(found) == [], number
        ends = {person: end for person, _, end, _ in sorted(found, key=lambda each: each[2])}
        outage = 2.0 < after < 4.1  # what lasts longer than a second is an outage, not a long frame
        wanted = before + 0.04 if outage else after
        assert ends["Person 1"] == pytest.approx(1e6 * wanted, abs=unit), number
        assert ("Person 2" in ends) == (before < 0.7 or "Person 2" in ends)
        assert {label for *_, label in found} <= {*CLASSES, "unsure"}
    output.close()


def overlapping(found: Found) -> list[str]:
    rows = sorted(found)
    return [a[0] for a, b in pairwise(rows) if a[0] == b[0] and a[2] > b[1]]


def test_a_table_has_every_row_but_those_of_the_last_frame(tmp_path):
    output, _, seen = growing(tmp_path, "csv")
    for number, content in enumerate(seen):
        (tmp_path / "cut.csv").write_bytes(content)
        assert len(load(tmp_path / "cut.csv").frames) == number
    output.close()


def test_classes_and_pictures_that_come_late_widen_the_table(tmp_path):
    bare = {"index": 0, "time": 0.0, "faces": [{**face(1, None), "probabilities": None, "raw": None}]}
    rest = [
        {"index": i, "time": i / 10, "faces": [face(1, "sad")], "picture": f"{i}.png"} for i in range(1, 4)
    ]
    output, stream, seen = growing(tmp_path, "csv", [bare, *rest], header("t.mp4", []))
    for _ in seen:
        pass
    lines = finished(output, stream, "csv").decode().splitlines()
    assert "p_sad" in lines[0]
    assert "picture" in lines[0]
    assert len({line.count(",") for line in lines}) == 1
    assert len(lines) == 5


def test_the_memory_is_that_of_the_segments(tmp_path):
    """No list grows with the frames of a segment."""
    output, stream, _ = growing(tmp_path, "vtt", [])

    def feed(first: int, last: int) -> int:
        for i in range(first, last):
            stream.frame({"index": i, "time": i / 50, "faces": [face(1, "happy")]})
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    early, late = feed(0, 3000), feed(3000, 6000)
    tracemalloc.stop()
    output.close()
    assert late - early < 20_000


def test_a_measure_of_planned_people_is_in_every_table(tmp_path):
    measure = {"name": "head.yaw", "unit": "deg", "low": None, "high": None, "about": "Yaw.", "of": "face"}
    head = header("t.mp4", measures=[measure])
    timeline = planned(
        tmp_path / "t.json", [0.0, 0.1], lambda _: "sad", head=head, measures={"head.yaw": 3.0}
    )
    for form, column in (("csv", "m_head.yaw"), ("openface.csv", "pose_Ry"), ("fex.csv", "Yaw")):
        output, stream, seen = growing(tmp_path, form, timeline.frames, head)
        for _ in seen:
            pass
        assert column in finished(output, stream, form).decode().splitlines()[0].split(",")
