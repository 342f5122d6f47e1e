"""Time codes: what moment they say, and which clock recordings are laid beside each other by."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.timelines import header, planned

from ferpipe import UsageError
from ferpipe_report.align import aligned, apart
from ferpipe_report.clocks import has_time_codes, time_of
from ferpipe_report.recording import open_recording

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("code", "rate", "seconds"),
    [
        ("00:00:00:00", 25, 0),
        ("10:00:00:12", 25, 36000.48),
        ("00:00:10:00", 24000 / 1001, 10.01),  # numbers at 24 a second, frames at 23.976
        ("00:01:00;02", 29.97, 60.06),  # the first number after a minute is ;02
        ("00:10:00;00", 29.97, 600.0 - 0.0006),
        ("01:00:00;00", 59.94, 3600.0 - 0.0036),
        ("00:00:00:49", 50.0, 0.98),
        ("00:00:00:30", 25, None),
        ("soon", 25, None),
        ("00:00:01:00", 0, None),
    ],
)
def test_a_time_code_is_a_moment_of_the_day(code, rate, seconds):
    found = time_of(code, rate)
    assert found == (None if seconds is None else pytest.approx(seconds * SECOND, abs=150))


def recordings(folder: Path, *sources: dict[str, str], fps: int = 25) -> list:
    found = []
    for i, more in enumerate(sources):
        head = header(f"{i}.mov")
        head["source"].update(duration=2.0, frames=2 * fps, **more)
        planned(folder / f"{i}.json", [j / fps for j in range(2 * fps)], lambda _: "happy", head=head)
        found.append(open_recording(folder / f"{i}.json"))
    return found


def offsets(found: list) -> list[float]:
    return [each.offset / SECOND for each in aligned(found, {0: [], 1: []}, "wallclock")]


def test_cameras_with_time_codes_are_aligned_to_the_frame(tmp_path):
    """Their clocks say whole seconds, and are wrong by some: time codes go first."""
    left = {"timecode": "10:00:02:10", "created": "2026-03-01T10:00:00.000000Z"}
    right = {"timecode": "10:00:00:05", "created": "2026-03-01T10:00:03.000000Z"}
    assert offsets(recordings(tmp_path, left, right)) == [-2.2, 0.0]


def test_midnight_between_two_time_codes_is_no_day(tmp_path):
    assert offsets(recordings(tmp_path, {"timecode": "23:59:59:00"}, {"timecode": "00:00:01:00"})) == [
        0.0,
        -2.0,
    ]


def test_the_day_is_that_of_the_recording(tmp_path):
    early = {"timecode": "09:00:00:00", "created": "2026-03-01T09:00:00.000000Z"}
    late = {"timecode": "10:00:00:00", "created": "2026-03-03T10:00:01.000000Z"}
    assert offsets(recordings(tmp_path, early, late)) == [0.0, -49 * 3600.0]


def test_a_camera_without_time_code_is_aligned_by_its_clock(tmp_path):
    left = {"timecode": "10:00:02:10", "created": "2026-03-01T10:00:00.000000Z"}
    right = {"created": "2026-03-01T10:00:03.000000Z"}
    assert offsets(recordings(tmp_path, left, right)) == [0.0, -3.0]


def test_time_codes_that_are_counted_from_the_start_are_no_clock(tmp_path):
    left = {"timecode": "01:00:00:00", "created": "2026-03-01T10:00:00.000000Z"}
    right = {"timecode": "01:00:00:00", "created": "2026-03-01T10:00:03.000000Z"}
    found = recordings(tmp_path, left, right)
    assert not has_time_codes(found)
    assert offsets(found) == [0.0, -3.0]


def test_a_moment_without_a_zone_is_utc_and_what_is_no_moment_is_one_line(tmp_path):
    right = {"created": "2026-03-01T10:00:03.000000Z"}
    assert offsets(recordings(tmp_path, {"created": "2026-03-01T10:00:00"}, right)) == [0.0, -3.0]
    with pytest.raises(UsageError, match=r"'created' is 'yesterday', which is no time"):
        offsets(recordings(tmp_path, {"created": "yesterday"}, right))


def test_recordings_of_different_days_are_said_to_lie_apart(tmp_path):
    days = [{"created": f"2026-03-0{day}T10:00:00Z"} for day in (1, 3)]
    found = aligned(recordings(tmp_path, *days), {}, "wallclock")
    (said,) = apart(found)
    assert said.startswith("by its clock '1.mov' begins 1 day, 23:59:")
    near = [{"created": "2026-03-01T10:00:00Z"}, {"created": "2026-03-01T10:00:01Z"}]
    assert apart(aligned(recordings(tmp_path, *near), {}, "wallclock")) == []


def test_no_clock_at_all_is_one_line(tmp_path):
    found = recordings(tmp_path, {"timecode": "10:00:00:00"}, {})
    with pytest.raises(UsageError, match=r"'0\.mov' does not say when it was made"):
        offsets(found)
