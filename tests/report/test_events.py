"""Events as people's tools write them, and the numbers of the stretches that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pympi import Eaf
from support.convert import SAMPLE, made
from support.timelines import planned

from ferpipe import UsageError
from ferpipe_report.align import aligned
from ferpipe_report.commands import report
from ferpipe_report.events import Event, events_of, read_events
from ferpipe_report.page.stretches import event_data
from ferpipe_report.recording import open_recording

WANTED = [(0, 2_500_000, "intro"), (4_000_000, 4_000_000, "click"), (5_250_000, 8_000_000, "task, hard")]

TABLES = {
    "own.csv": 'start,end,name\n0,2.5,intro\n4,,click\n5.25,8,"task, hard"\n',
    "german.csv": "Start (s);Stop (s);Name\n0;2,5;intro\n4;4;click\n5,25;8;task, hard\n",
    "bids.tsv": "onset\tduration\ttrial_type\n0\t2.5\tintro\n4\tn/a\tclick\n5.25\t2.75\ttask, hard\n",
    "clock.csv": 'from,to,event\n0:00,0:02.5,intro\n0:04,,click\n0:00:05.25,0:08,"task, hard"\n',
    "boris.tsv": "Time\tMedia file path\tSubject\tBehavior\tBehavior type\n"
    "0\tx\tA\tintro\tSTART\n2.5\tx\tA\tintro\tSTOP\n4\tx\tA\tclick\tPOINT\n"
    "5.25\tx\tA\ttask, hard\tSTART\n8\tx\tA\ttask, hard\tSTOP\n",
    "cues.vtt": "WEBVTT\n\n1\n00:00.000 --> 00:02.500 align:start\nintro\n\n"
    "00:04.000 --> 00:04.000\nclick\n\n00:00:05.250 --> 00:00:08.000\n<v A>task,\nhard</v>\n",
    "cues.srt": "1\r\n00:00:00,000 --> 00:00:02,500\r\nintro\r\n\r\n"
    "2\r\n00:00:04,000 --> 00:00:04,000\r\nclick\r\n\r\n"
    "3\r\n00:00:05,250 --> 00:00:08,000\r\ntask, hard\r\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_events_of_every_tool_are_the_same_events(tmp_path, name):
    (tmp_path / name).write_text(TABLES[name], encoding="utf-8", newline="")
    assert [(e.start, e.end, e.name) for e in read_events(tmp_path / name)] == WANTED


def test_events_of_an_elan_file_that_another_program_wrote(tmp_path):
    eaf = Eaf()
    eaf.add_tier("stimulus")
    for start, end, name in ((0, 2500, "intro"), (5250, 8000, "task, hard")):
        eaf.add_annotation("stimulus", start, end, name)
    eaf.to_file(str(tmp_path / "a.eaf"))
    found = [(e.start, e.end, e.name) for e in read_events(tmp_path / "a.eaf")]
    assert found == [WANTED[0], WANTED[2]]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "start,end\n1,2\n", "a.csv:2: no name"),
        ("a.csv", "name\nx\n", "a.csv:2: no start"),
        ("a.csv", "start,end,name\n1,2,x\nsoon,3,y\n", "a.csv:3: 'soon' is not a time"),
        ("a.csv", "start,end,name\n1,1:2:3:4,x\n", "a.csv:2: '1:2:3:4' is not a time"),
        ("a.csv", "start,end,name\n1,1e999,x\n", "a.csv:2: '1e999' is not a time"),
        ("a.csv", f"start,name\n1,{'x' * 200_000}\n", "'a.csv' is not a table: field larger than"),
        ("a.eaf", '<a><TIME_SLOT TIME_VALUE="1.5"/></a>', "its TIME_VALUE '1.5' is no number"),
        ("a.csv", "start,end,name\n5,2,x\n", "ends at 2.0 s, before it starts at 5.0 s"),
        ("a.csv", "start,end,name\nnan,2,x\n", "is not a time"),
        ("a.csv", "", "holds no events"),
        ("a.eaf", "<a><b></a>", "is not an ELAN file"),
        ("a.eaf", '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "declares a document type"),
        ("b.tsv", "Time\tBehavior\tBehavior type\n1\tx\tSTART\n", "'x' starts but never stops"),
    ],
)
def test_events_that_cannot_be_read_are_one_line(tmp_path, monkeypatch, name, text, said):
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    with pytest.raises(UsageError) as caught:
        read_events(Path(name))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_expressions_that_ferpipe_wrote_into_an_elan_file_are_no_events(tmp_path):
    made(SAMPLE, tmp_path / "a.eaf")
    with pytest.raises(UsageError, match="holds no events but ferpipe's own"):
        read_events(tmp_path / "a.eaf")
    eaf = Eaf(str(tmp_path / "a.eaf"))
    eaf.add_tier("speech")
    eaf.add_annotation("speech", 0, 2500, "intro")
    eaf.to_file(str(tmp_path / "b.eaf"))
    assert [(e.start, e.end, e.name) for e in read_events(tmp_path / "b.eaf")] == WANTED[:1]


def test_events_beyond_the_end_are_named(tmp_path):
    recordings(tmp_path)
    (tmp_path / "e.csv").write_text("start,end,name\n1,2,x\n10,12.5,y\n11,14,z\n30,,mark\n")
    words = [str(tmp_path / "a.json"), "--events", str(tmp_path / "e.csv")]
    done = CliRunner().invoke(report, words, standalone_mode=False)
    assert "beyond the end of 'a.mp4' at 12.0 s: 'z', 'mark'\n" in done.stderr


def recordings(folder: Path) -> list[Any]:
    """Two people in two files, sad from 4 s and from 6 s on; the second leaves at 9 s."""
    times = [i / 10 for i in range(120)]
    planned(folder / "a.json", times, lambda t: "happy" if t < 4 else "sad")
    planned(folder / "b.json", times, lambda t: "happy" if t < 6 else "sad" if t < 9 else None)
    return [open_recording(folder / "a.json"), open_recording(folder / "b.json")]


def test_events_belong_to_the_file_they_name(tmp_path):
    first, second = recordings(tmp_path)
    events = [Event(0, 1, "all"), Event(0, 1, "a", "a.mp4"), Event(0, 1, "b", "/films/b.avi")]
    assert [e.name for e in events_of(first, events)] == ["all", "a"]
    assert [e.name for e in events_of(second, events)] == ["all", "b"]


def test_a_stretch_has_the_numbers_of_its_time_for_each_person_and_for_all(tmp_path):
    found = recordings(tmp_path)
    stretch = [Event(5_000_000, 10_000_000, "task")]
    data = event_data(found, {0: stretch, 1: stretch})
    first, second = (row["numbers"] for row in data["stretches"])
    assert first["seconds"]["sad"] == pytest.approx(5)
    assert second["seconds"]["happy"] == pytest.approx(1)
    assert second["seconds"]["sad"] == pytest.approx(3)
    assert second["missing"] == pytest.approx(0.2)
    (pool,) = data["pooled"]
    assert pool["numbers"]["share"]["sad"] == pytest.approx(8 / 9)
    assert pool["numbers"]["missing"] == pytest.approx(0.1)


def test_recordings_are_laid_over_each_other_at_an_event(tmp_path):
    found = recordings(tmp_path)
    events = {0: [Event(4_000_000, 5_000_000, "go")], 1: [Event(6_000_000, 7_000_000, "go")]}
    assert [each.offset for each in aligned(found, events, "go")] == [4_000_000, 6_000_000]
    with pytest.raises(UsageError, match=r"'a\.mp4' has no event 'stop' to align at: it has 'go'"):
        aligned(found, events, "stop")


def test_events_of_an_unknown_file_are_an_error(tmp_path):
    recordings(tmp_path)
    (tmp_path / "e.csv").write_text("start,name,file\n1,x,c.mp4\n")
    words = [str(tmp_path / "a.json"), "--events", str(tmp_path / "e.csv")]
    done = CliRunner().invoke(report, words, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert "'c.mp4' is not one of the recordings, such as 'a.mp4'" in str(done.exception)
