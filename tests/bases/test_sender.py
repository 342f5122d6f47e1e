"""The base of stages that send: real requests to a real server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import pytest
from support.patience import PATIENCE
from support.stages import Counter, CounterOptions

from ferpipe import Packet, Pipeline, Sender, SenderOptions, UsageError
from ferpipe.testing import check_stage


class Desk:
    """A server that keeps what it is sent; `answers` are the status codes of the first requests."""

    def __init__(self) -> None:
        self.got: list[int] = []
        self.answers: list[int] = []
        self.hold = threading.Event()
        self.hold.set()
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                desk.hold.wait(10)
                status = desk.answers.pop(0) if desk.answers else 204
                if status == 204:
                    desk.got.append(json.loads(body))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.hold.set()
    desk.server.shutdown()
    desk.server.server_close()


class Post(Sender[SenderOptions]):
    """Posts the index of each even frame."""

    Options = SenderOptions
    url = ""

    def message(self, packet: Packet) -> Any:
        return packet.frame.index if packet.frame.index % 2 == 0 else None

    def send(self, message: Any) -> None:
        request = Request(self.url, json.dumps(message).encode(), {"Content-Type": "application/json"})  # noqa: S310
        with urlopen(request, timeout=5):  # noqa: S310 -- the test's own server
            pass


def post(desk: Desk, **options: Any) -> Post:
    stage = Post(SenderOptions(**{"retry_after": 0.02, **options}))
    stage.url = desk.url
    return stage


def run(stage: Post, frames: int = 10, **settings: Any) -> Any:
    live = settings.pop("live", False)
    return Pipeline.of(Counter(CounterOptions(frames=frames, live=live)), stage, **settings).run()


def counters(report: Any) -> dict[str, int]:
    return dict(report.stages[-1].counters)


def test_it_keeps_the_contract(desk: Desk) -> None:
    class Bound(Post):
        """Posts to the desk."""

        url = desk.url

    check_stage(Bound, {"retry_after": 0.02})


def test_every_message_arrives_in_order(desk: Desk) -> None:
    report = run(post(desk), 20)
    assert desk.got == list(range(0, 20, 2))
    assert counters(report) == {}


def test_what_fails_is_tried_again(desk: Desk) -> None:
    desk.answers = [503, 503, 204, 500]
    run(post(desk))
    assert desk.got == [0, 2, 4, 6, 8]


def test_what_fails_for_ever_is_given_up_counted_and_logged(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.answers = [503] * 3
    report = run(post(desk, tries=3))
    assert desk.got == [2, 4, 6, 8]
    assert counters(report) == {"not_sent": 1}
    assert "a message was given up after 3 attempts: HTTPError: HTTP Error 503" in caplog.text


def test_a_server_that_is_not_there_ends_no_run(desk: Desk) -> None:
    stage = post(desk, tries=2)
    stage.url = "http://127.0.0.1:9/"
    report = run(stage)
    assert report.frames == 10
    assert counters(report) == {"not_sent": 5}


def test_what_no_retry_can_resolve_ends_the_run() -> None:
    class Refused(Post):
        def send(self, message: Any) -> None:
            raise UsageError("the address answers 404: correct url")

    with pytest.raises(UsageError, match="stage 'refused': the address answers 404: correct url"):
        run(Refused(SenderOptions()))


def test_a_slow_network_does_not_hold_up_the_frames_until_too_many_wait(desk: Desk) -> None:
    desk.hold.clear()
    release = threading.Timer(0.4, desk.hold.set)
    release.start()
    begun = time.monotonic()
    report = run(post(desk, waiting=2), 20)
    assert time.monotonic() - begun > 0.35, "a file waits for the network"
    assert desk.got == list(range(0, 20, 2))
    assert counters(report) == {}


def test_a_live_source_loses_the_oldest_instead(desk: Desk) -> None:
    desk.hold.clear()
    stage = post(desk, waiting=2, drain=5)
    source = Counter(CounterOptions(frames=200, live=True, period=0.01))
    run_ = Pipeline.of(source, stage).start()
    deadline = time.monotonic() + PATIENCE
    while not counters(run_.report()).get("overrun") and time.monotonic() < deadline:
        time.sleep(0.01)
    desk.hold.set()
    assert run_.wait(20)
    report = run_.report()
    assert report.error is None
    lost = counters(report).get("overrun", 0)
    assert lost > 0
    assert desk.got == sorted(desk.got)
    handed = sum(1 for index in range(200) if index % 2 == 0)
    late = sum(report.sources[0].dropped.values())
    assert handed - late <= len(desk.got) + lost <= handed


def test_the_end_waits_no_longer_than_it_may(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.hold.clear()
    report = run(post(desk, drain=0.3))  # the desk would hold them for ever
    assert counters(report) == {"not_sent": 5}
    assert "5 messages were not sent before the run ended" in caplog.text


def test_an_untrusted_pipeline_sends_nothing(desk: Desk) -> None:
    with pytest.raises(UsageError, match=r"not trusted: pass trusted=True if you trust it"):
        run(post(desk), trusted=False)
    assert desk.got == []


def test_no_thread_stays(desk: Desk) -> None:
    run(post(desk))
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("ferpipe-send")] == []
