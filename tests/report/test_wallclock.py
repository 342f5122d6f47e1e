"""When a recording was made: from its container into its timeline, to lay cameras beside each other."""

from __future__ import annotations

import json
from pathlib import Path

import av
import jsonschema
import numpy as np
import pytest

from ferpipe import Pipeline, UsageError
from ferpipe.timeline import load, schema
from ferpipe_report.align import aligned
from ferpipe_report.recording import open_recording


def film(path: Path, **metadata: str) -> Path:
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as out:
        out.metadata.update(metadata)
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        out.mux(stream.encode())
    return path


def timeline(video: Path) -> Path:
    target = video.with_suffix(".json")
    Pipeline.of(("file", {"path": str(video)}), "blazeface", ("timeline", {"path": str(target)})).run()
    return target


def test_cameras_are_laid_beside_each_other_by_their_clocks(tmp_path):
    left = timeline(film(tmp_path / "left.mp4", creation_time="2026-03-01T10:00:02.500000Z"))
    right = timeline(film(tmp_path / "right.mkv", creation_time="2026-03-01T11:00:00.000000+01:00"))
    found = [open_recording(path) for path in (left, right)]
    assert found[0].timeline.source["created"].startswith("2026-03-01T10:00:02")
    moved = aligned(found, {0: [], 1: []}, "wallclock")
    apart = moved[1].offset - moved[0].offset
    assert apart == pytest.approx(2_500_000, abs=500_000)  # MP4 keeps whole seconds
    assert moved[1].offset == 0
    jsonschema.validate(json.loads(left.read_text()), schema())


def test_apples_clock_has_its_time_zone(tmp_path):
    film(tmp_path / "a.mp4", **{"com.apple.quicktime.creationdate": "2026-03-01T11:00:00+0100"})
    assert load(timeline(tmp_path / "a.mp4")).source["created"] == "2026-03-01T10:00:00.000000Z"


def test_a_time_code_is_kept(tmp_path):
    path = film(tmp_path / "a.mkv", timecode="01:02:03:04")
    assert load(timeline(path)).source["timecode"] == "01:02:03:04"


@pytest.mark.parametrize("text", ["", "1904-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z", "soon"])
def test_a_clock_that_was_never_set_is_no_clock(tmp_path, text):
    path = timeline(film(tmp_path / "a.mkv", **({"creation_time": text} if text else {})))
    recording = open_recording(path)
    assert "created" not in recording.timeline.source
    assert "timecode" not in recording.timeline.source
    with pytest.raises(UsageError, match=r"'a\.mkv' does not say when it was made"):
        aligned([recording], {0: []}, "wallclock")
