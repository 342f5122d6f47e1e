from __future__ import annotations

import pytest

from ferpipe_sources._lag import Lag
from ferpipe_sources._retry import REPEAT, Backoff, Complaints


def waits(chance, count=8, **given):
    backoff = Backoff(0.1, 1.0, lambda: chance, **given)
    return [round(backoff.next(), 6) for _ in range(count)]


def test_waits_double_up_to_the_longest():
    assert waits(1.0) == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0]
    assert waits(0.0) == [0.05, 0.1, 0.2, 0.4, 0.5, 0.5, 0.5, 0.5]


def test_two_clients_do_not_come_back_in_step():
    one, other = Backoff(0.1, 1.0), Backoff(0.1, 1.0)
    assert [one.next() for _ in range(5)] != [other.next() for _ in range(5)]


def test_after_health_the_first_wait_comes_again():
    backoff = Backoff(0.1, 1.0, lambda: 1.0)
    assert [backoff.next() for _ in range(3)] == [0.1, 0.2, 0.4]
    backoff.reset()
    assert backoff.failures == 0
    assert backoff.next() == 0.1


def test_a_thousand_failures_do_not_overflow():
    backoff = Backoff(0.1, 5.0, lambda: 1.0)
    assert {backoff.next() for _ in range(1000)} >= {5.0}


def test_a_least_wait_is_kept():
    assert Backoff(0.1, 1.0, lambda: 0.0).next(30.0) == 15.0


def test_the_same_trouble_is_reported_now_and_then():
    complaints = Complaints()
    lines = [complaints.about("refused", second) for second in range(70)]
    told = {second: line for second, line in enumerate(lines) if line}
    assert told == {0: "refused", int(REPEAT): "refused (30 more times)", 60: "refused (30 more times)"}


def test_another_trouble_is_reported_at_once_and_the_end_of_all():
    complaints = Complaints()
    assert complaints.over(0) is None
    assert complaints.about("refused", 1) == "refused"
    assert complaints.about("did not answer", 2) == "did not answer"
    assert complaints.over(11) == 10
    assert complaints.over(12) is None


def told(lag, stamps_and_times):
    return [lag.tell(stamp, now) for stamp, now in stamps_and_times]


def test_a_stream_in_time_has_no_lag():
    assert max(told(Lag(), [(40_000 * i, 100 + 0.04 * i) for i in range(100)])) < 1e-6


def test_lag_is_the_delay_over_the_least_one():
    lag = Lag()
    told(lag, [(40_000 * i, 100 + 0.04 * i) for i in range(100)])
    late = told(lag, [(4_000_000 + 40_000 * i, 104 + 0.05 * i) for i in range(200)])
    assert 1.9 < late[-1] < 2.0
    assert 109.9 < lag.due(4_000_000 + 40_000 * 150, 114) < 110.1


@pytest.mark.parametrize("drift", [-3e-4, -1e-5, 1e-5, 3e-4])
def test_a_clock_that_drifts_is_no_lag(drift):
    stamps = [(round(40_000 * i * (1 + drift)), 100 + 0.04 * i) for i in range(0, 90_000, 20)]
    assert max(told(Lag(), stamps)) < 0.01


def test_a_burst_at_the_start_is_no_lag_afterwards():
    lag = Lag()
    told(lag, [(40_000 * i, 100 + 0.001 * i) for i in range(50)])
    assert max(told(lag, [(2_000_000 + 40_000 * i, 100.05 + 0.04 * i) for i in range(100)])) < 1e-6


def test_stamps_that_jump_begin_a_new_count():
    lag = Lag()
    told(lag, [(40_000 * i, 100 + 0.04 * i) for i in range(50)])
    assert lag.tell(0, 102) == 0
    assert lag.tell(500_000_000, 102.04) == 0
    assert lag.tell(None, 103) == 0
    assert lag.due(None, 103) == 103
