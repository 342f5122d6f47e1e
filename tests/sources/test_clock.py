from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferpipe_sources._clock import Clock

STEP = 40_000
stamps = st.none() | st.integers(-(2**62), 2**62) | st.integers(-100_000, 10_000_000)


def told(clock: Clock, given_stamps: list[int | None]) -> list[int]:
    return [clock.tell(stamp, STEP) for stamp in given_stamps]


@given(st.lists(stamps), st.none() | st.integers(-1000, 1000), st.booleans(), st.integers(-5, STEP * 3))
def test_time_increases_strictly_from_zero_up_whatever_comes(values, origin, bounded, step):
    clock = Clock(origin, latest=10_000_000 if bounded else None, leap=5_000_000 if bounded else None)
    times = [clock.tell(value, step) for value in values]
    assert all(a < b for a, b in pairwise(times))
    assert all(time >= 0 for time in times)


@given(st.lists(st.integers(1, 3_000_000), min_size=1), st.integers(-(10**12), 10**12))
def test_a_good_sequence_passes_unchanged(gaps, begin):
    good = list(accumulate(gaps, initial=0))
    clock = Clock(begin)
    assert told(clock, [begin + time for time in good]) == good
    assert clock.repaired == 0


@given(st.lists(stamps, min_size=2))
def test_every_change_is_counted(values):
    clock = Clock(0)
    changed = 0
    for value in values:
        before = clock.repaired
        time = clock.tell(value, STEP)
        changed += clock.repaired - before
        if value is None:
            assert clock.repaired == before + 1
        assert time >= 0
    assert clock.repaired == changed


def test_a_missing_stamp_comes_one_step_later_and_does_not_shift_the_others():
    clock = Clock(0)
    assert told(clock, [0, None, 80_000, 120_000]) == [0, 40_000, 80_000, 120_000]
    assert clock.repaired == 1


def test_a_repeated_stamp_leaves_the_next_one_right():
    clock = Clock(0)
    assert told(clock, [0, 40_000, 40_000, 80_000]) == [0, 40_000, 40_001, 80_000]
    assert clock.repaired == 1


def test_a_small_step_back_leaves_the_next_one_right():
    clock = Clock(0)
    assert told(clock, [0, 40_000, 20_000, 80_000]) == [0, 40_000, 40_001, 80_000]


def test_a_count_that_begins_again_goes_on_where_it_ended():
    clock = Clock(0)
    assert told(clock, [0, 9_000_000, 0, 40_000, 90_000]) == [0, 9_000_000, 9_040_000, 9_080_000, 9_130_000]
    assert clock.repaired == 1


def test_a_count_that_begins_again_after_less_than_a_second_is_noticed_at_its_second_frame():
    clock = Clock(0)
    assert told(clock, [0, 900_000, 0, 40_000, 80_000]) == [0, 900_000, 900_001, 940_001, 980_001]
    assert clock.repaired == 2


def test_one_wild_stamp_does_not_shift_the_others():
    clock = Clock(0)
    assert told(clock, [5_000_000, 5_040_000, 0, 5_120_000]) == [5_000_000, 5_040_000, 5_080_000, 5_120_000]
    assert clock.repaired == 1


def test_a_stamp_beyond_the_end_is_taken_as_missing():
    clock = Clock(0, latest=10_000_000)
    assert told(clock, [0, 2**60, 80_000]) == [0, 40_000, 80_000]


def test_a_long_pause_is_no_mistake_in_a_file():
    clock = Clock(0)
    assert told(clock, [0, 3_600_000_000]) == [0, 3_600_000_000]
    assert clock.repaired == 0


def test_a_live_stamp_that_runs_far_ahead_of_its_arrival_is():
    clock = Clock(leap=5_000_000)
    assert told(clock, [0, 3_600_000_000, 3_600_040_000]) == [0, 40_000, 80_000]


def test_without_an_origin_time_begins_with_the_first_stamp():
    assert told(Clock(), [777, 40_777]) == [0, 40_000]


def test_a_first_stamp_before_the_origin_is_time_zero():
    clock = Clock(1_000)
    assert told(clock, [-5_000, 35_000]) == [0, 40_000]
    assert clock.repaired == 1


@pytest.mark.parametrize("stamp", [0, 10**15, -(10**15), None])
def test_a_restart_goes_on_at_the_given_time(stamp):
    clock = Clock()
    told(clock, [0, 40_000])
    clock.restart(3_000_000)
    assert clock.tell(stamp, STEP) == 3_000_000
    assert clock.tell(None if stamp is None else stamp + STEP, STEP) == 3_040_000


def test_a_restart_never_steps_back():
    clock = Clock()
    told(clock, [0, 5_000_000])
    clock.restart(1_000_000)
    assert clock.tell(0, STEP) == 5_000_001
