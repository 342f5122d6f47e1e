from __future__ import annotations

import asyncio
import json

import pytest
from support.web import picture_of

from ferpipe_web.live.hub import FULL, Hub, Listener, Viewer


def fill(hub: Hub, slot: int, numbers: range) -> None:
    for number in numbers:
        hub.picture({"type": "picture", "slot": slot, "id": number}, b"jpeg")


def test_a_viewer_gets_the_newest_picture_and_two_at_once() -> None:
    async def go() -> list[int]:
        hub, viewer = Hub(lambda _: None), Viewer(640)
        hub.look(viewer)
        got = []
        for numbers in (range(1, 4), range(4, 7), range(7, 10)):
            fill(hub, 640, numbers)
            try:
                got.append(picture_of(await asyncio.wait_for(viewer.get(), 0.01))[0]["id"])
            except asyncio.TimeoutError:
                got.append(0)
        viewer.acknowledge(6)
        got.append(picture_of(await asyncio.wait_for(viewer.get(), 1))[0]["id"])
        return got

    assert asyncio.run(go()) == [3, 6, 0, 9]


def test_a_viewer_that_stalls_holds_one_picture_and_nobody_up() -> None:
    async def go() -> None:
        hub, stalled, other = Hub(lambda _: None), Viewer(640), Viewer(640)
        hub.look(stalled)
        hub.look(other)
        for number in range(1, 500):
            fill(hub, 640, range(number, number + 1))
            header, data = picture_of(await asyncio.wait_for(other.get(), 1))
            assert (header["id"], data) == (number, b"jpeg")
            other.acknowledge(number)
        assert picture_of(await stalled.get())[0]["id"] == 499

    asyncio.run(go())


def test_only_sizes_that_are_looked_at_are_wanted() -> None:
    asked: list[frozenset[int]] = []
    hub = Hub(asked.append)
    small, large = Viewer(hub.slot_for(300)), Viewer(hub.slot_for(1300))
    hub.look(small)
    hub.look(large)
    large.paused = True
    hub.count()
    hub.leave(small)
    assert asked == [{320}, {320, 1920}, {320}, set()]


def test_a_picture_is_never_enlarged() -> None:
    hub = Hub(lambda _: None)
    hub.width = 640
    assert [hub.slot_for(width) for width in (100, 320, 500, 640, 3000)] == [320, 320, FULL, FULL, FULL]


def test_a_slow_listener_loses_the_oldest_events_and_hears_how_many() -> None:
    async def go() -> tuple[dict[str, int], dict[str, int]]:
        listener = Listener()
        for number in range(300):
            listener.put(json.dumps({"id": number}))
        return json.loads(await listener.get()), json.loads(await listener.get())

    first, second = asyncio.run(go())
    assert first == {"id": 44, "skipped": 44}
    assert second == {"id": 45}


@pytest.mark.parametrize(("seconds", "number"), [(60, 61), (2, 3), (0, 1)])
def test_the_last_minute_is_remembered(seconds: int, number: int) -> None:
    hub = Hub(lambda _: None)
    for second in range(200):
        hub.frame(float(second), json.dumps({"time": second}))
    history = json.loads(hub.history(seconds))
    assert history["type"] == "history"
    assert [frame["time"] for frame in history["frames"]] == list(range(200 - number, 200))
