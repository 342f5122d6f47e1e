from __future__ import annotations

import asyncio
import json

import pytest

from ferpipe_web.live.hub import FULL, Hub, Listener, Picture, Viewer


def fill(hub: Hub, slot: int, numbers: range) -> None:
    for number in numbers:
        hub.picture({"type": "picture", "slot": slot, "id": number}, b"jpeg")


class Way:
    """Where a viewer's pictures go, until it is full."""

    def __init__(self) -> None:
        self.got: list[int] = []
        self.full = False

    def __call__(self, picture: Picture) -> bool:
        if not self.full:
            self.got.append(picture.number)
        return not self.full


def test_a_viewer_gets_the_newest_picture_and_two_at_once() -> None:
    hub, way = Hub(lambda _: None), Way()
    viewer = Viewer(640, way)
    hub.look(viewer)
    fill(hub, 640, range(1, 10))
    assert way.got == [1, 2]
    viewer.acknowledge(2)
    assert way.got == [1, 2, 9]
    fill(hub, 640, range(10, 12))
    assert way.got == [1, 2, 9, 10]
    for number in (2, 77, -1):  # none that is on its way
        viewer.acknowledge(number)
    assert way.got == [1, 2, 9, 10]


def test_a_viewer_that_stalls_holds_one_picture_and_nobody_up() -> None:
    hub, slow, quick = Hub(lambda _: None), Way(), Way()
    stalled, other = Viewer(640, slow), Viewer(640, quick)
    hub.look(stalled)
    hub.look(other)
    for number in range(1, 500):
        fill(hub, 640, range(number, number + 1))
        other.acknowledge(number)
    assert quick.got == list(range(1, 500))
    stalled.acknowledge(2)
    assert slow.got == [1, 2, 499]


def test_one_who_acknowledges_and_takes_nothing_is_sent_nothing_more() -> None:
    hub, way = Hub(lambda _: None), Way()
    viewer = Viewer(640, way)
    hub.look(viewer)
    for number in range(1, 100):
        way.full = number > 3
        fill(hub, 640, range(number, number + 1))
        viewer.acknowledge(number)
    assert way.got == [1, 2, 3]
    way.full = False
    viewer.offer()
    assert way.got == [1, 2, 3, 99]


def test_a_paused_viewer_gets_the_newest_picture_when_it_goes_on() -> None:
    hub, way = Hub(lambda _: None), Way()
    viewer = Viewer(640, way)
    hub.look(viewer)
    viewer.paused = True
    fill(hub, 640, range(1, 5))
    viewer.paused = False
    assert way.got == [4]
    assert not viewer.silent(60)
    assert viewer.silent(-1)
    viewer.acknowledge(4)
    assert not viewer.silent(-1)


@pytest.mark.parametrize("size", [1, 80, 125, 126, 3000, 65_535, 65_536, 200_000])
def test_the_frame_of_a_picture_is_what_a_websocket_sends(size: int) -> None:
    from websockets.frames import Frame, Opcode

    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert Picture(1, body).frame == Frame(Opcode.BINARY, body).serialize(mask=False)
    assert Picture(1, body).body == body


def test_only_sizes_that_are_looked_at_are_wanted() -> None:
    asked: list[frozenset[int]] = []
    hub = Hub(asked.append)
    small, large = Viewer(hub.slot_for(300), Way()), Viewer(hub.slot_for(1300), Way())
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
