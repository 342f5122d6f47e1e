"""Sources that raise, give nonsense, or never end."""

from __future__ import annotations

import pytest
from support.graphs import EXECUTORS, Bench
from support.stages import Counter, CounterOptions, Keep

from ferpipe import Source

pytestmark = pytest.mark.parametrize("executor", EXECUTORS)


def test_a_source_that_only_raises_is_given_up(executor):
    class Hopeless(Counter):
        def frames(self):
            return self

        def __iter__(self):
            return self

        def __next__(self):
            raise OSError("no")

    report = Bench(executor).add("in", Hopeless(), on_error="skip").add("keep", Keep()).run(5)
    assert report.exit_code == 1
    assert report.stages[0].errors < 200


def test_a_source_without_a_stream_is_blamed_itself(executor):
    class Silent(Counter):
        def open(self, context):
            super().open(context)
            self.stream = "camera"

    report = Bench(executor).add("in", Silent()).add("keep", Keep()).run(5)
    assert "stage 'in' failed in open: the source did not set its stream" in str(report.error)


@pytest.mark.parametrize(("action", "code"), [("fail", 1), ("skip", 0), ("pass", 0)])
def test_a_source_that_raises(executor, action, code):
    class Torn(Counter):
        def frames(self):
            for packet in super().frames():
                if packet.frame.index == 3:
                    raise OSError("the disk is gone")
                yield packet

    keep = Keep()
    report = Bench(executor).add("in", Torn(), on_error=action).add("keep", keep).run(5)
    assert report.exit_code == code
    assert len(keep.packets) == 3
    assert keep.calls == ["open", "flush", "close"]
    assert report.stages[0].errors == 1


def test_time_that_goes_back_is_refused(executor):
    report = Bench(executor).add("in", Counter(CounterOptions(step=0))).add("keep", Keep()).run(5)
    assert "time went back from 0 to 0 us" in str(report.error)


def raising(source):
    raise OSError("no such device")


WITHOUT_FRAMES = {
    "raises": (raising, "OSError: no such device"),
    "gives nothing": (lambda source: None, "returned nothing where an iterator of packets is expected"),
    "gives a number": (lambda source: 3, "returned an int where an iterator of packets is expected"),
    "is not overridden": (Source.frames, "NotImplementedError: Broken does not override frames"),
}


@pytest.mark.parametrize("action", ["fail", "skip"])
@pytest.mark.parametrize("live", [False, True])
@pytest.mark.parametrize("case", WITHOUT_FRAMES)
def test_a_source_whose_frames_cannot_be_requested_fails_the_run(executor, case, live, action):
    function, message = WITHOUT_FRAMES[case]
    kind = type("Broken", (Counter,), {"frames": function})
    keep = Keep()
    bench = Bench(executor).add("in", kind(CounterOptions(live=live)), on_error=action).add("keep", keep)
    report = bench.run(5)
    assert str(report.error) == f"stage 'in' failed in frames: {message}"
    assert report.exit_code == 1
    assert report.stages[0].errors == 1
    assert keep.calls == ["open", "flush", "close"]
