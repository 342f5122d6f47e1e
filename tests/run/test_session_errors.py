"""Errors in a session are raised where the caller waits, and live sessions never wait."""

from __future__ import annotations

import threading
import time

import pytest
from support.patience import PATIENCE
from support.stages import Keep, Sum, doing, grey

from ferpipe import (
    Pipeline,
    RunError,
    StageError,
    UsageError,
    stage,
)


def test_an_error_is_an_exception_and_ends_the_session():
    keep = Keep()
    bad = doing(lambda packet: packet if packet.frame.index < 2 else 1 / 0)
    session = Pipeline.of(bad, keep).session()
    session.process(grey(0))
    session.process(grey(1), seconds=10)
    with pytest.raises(StageError, match=r"at frame 2 .*ZeroDivisionError") as caught:
        session.process(grey(2))
    assert caught.value.frame == 2
    assert keep.calls == ["open", "flush", "close"], "all is closed before the caller hears of it"
    assert session.ended
    with pytest.raises(RunError, match=r"has ended: open another one with pipeline.session\(\)"):
        session.process(grey(3))


@pytest.mark.parametrize(("policy", "given"), [("skip", None), ("pass", {})])
def test_the_policy_of_a_stage_holds(policy, given):
    bad = doing(lambda packet: 1 / 0 if packet.frame.index == 1 else packet.replace(x=1))
    with Pipeline.of(stage(bad, on_error=policy)).session() as session:
        packets = [session.process(grey(0)) for _ in range(3)]
    assert [packet and dict(packet.data) for packet in packets] == [{"x": 1}, given, {"x": 1}]


def test_an_error_in_open_is_raised_where_the_session_opens():
    class Closed(Keep):
        def open(self, context):
            raise UsageError("the door is shut: open it")

    with pytest.raises(UsageError, match="the door is shut"), Pipeline.of(Closed()).session():
        raise AssertionError("not reached")
    with pytest.raises(UsageError, match="the door is shut"):
        Pipeline.of(Closed()).session().process(grey(1))


def test_an_error_in_close_is_raised_but_hides_none_of_the_caller():
    class Stuck(Keep):
        def close(self):
            raise ValueError("no")

    with pytest.raises(StageError, match="failed in close"), Pipeline.of(Stuck()).session() as session:
        session.process(grey(1))
    with pytest.raises(KeyError, match="caller"), Pipeline.of(Stuck()).session() as session:
        _ = {}["of the caller"] if session.process(grey(1)) else None


def test_a_stage_may_end_the_session():
    class Shy(Keep):
        def process(self, packet):
            if packet.frame.index == 1:
                self.context.finish()
            return packet

    with Pipeline.of(Shy(), Sum()).session() as session:
        seen = 0
        while not session.ended:
            assert session.process(grey(seen)).data["level"] == seen
            seen += 1
    assert seen == 2


def test_a_live_session_never_waits_and_gives_the_newest():
    gate = threading.Event()
    slow = doing(lambda packet: (gate.wait(), packet)[1])
    with Pipeline.of(slow, Sum()).session(live=True) as session:
        # Nothing can come out while the gate is shut: one that waited would wait for ever.
        assert [session.process(grey(level)) for level in range(20)] == [None] * 20
        gate.set()
        deadline = time.monotonic() + PATIENCE
        newest = None
        while (newest is None or newest.data["level"] < 30) and time.monotonic() < deadline:
            newest = session.process(grey(30))
            time.sleep(0.005)
        assert newest.data["level"] == 30
        assert newest.frame.captured is not None
    source = session.report.sources[0]
    assert source.live
    assert source.entered == source.out + sum(source.dropped.values())
    assert source.dropped["late"] > 0
    assert session.finish() == []


def test_a_live_session_raises_too():
    bad = doing(lambda packet: 1 / 0)
    session = Pipeline.of(bad).session(live=True)
    session.process(grey(1))
    deadline = time.monotonic() + PATIENCE
    while not session.ended and time.monotonic() < deadline:
        time.sleep(0.005)
    with pytest.raises(StageError, match="ZeroDivisionError"):
        session.process(grey(1))
    with pytest.raises(RunError, match="has ended"):
        session.process(grey(1))


def test_an_error_that_came_after_the_last_picture_is_raised_at_the_end():
    bad = doing(lambda packet: (time.sleep(0.2), 1 / 0))
    with pytest.raises(StageError, match="ZeroDivisionError"), Pipeline.of(bad).session(live=True) as session:
        session.process(grey(1))
