"""The sink `hook`, against a real server."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ferpipe import Box, ConfigError, Emotion, Face, Packet, Pipeline, UsageError
from ferpipe.testing import check_stage, make_packet, run_stage

from ferpipe_hook import Hook, HookOptions


class Desk:
    """What was posted, and the status codes of the first answers."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.answers: list[int] = []
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = desk.answers.pop(0) if desk.answers else 200
                if status == 200:
                    desk.got.append(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Keep the terminal clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/labels"


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    threading.Thread(target=desk.server.serve_forever, args=(0.01,), daemon=True).start()
    yield desk
    desk.server.shutdown()
    desk.server.server_close()


def frame(index: int, *labels: str) -> Packet:
    """A frame in which the first person shows the first label, and so on; "" is none."""
    faces = [
        Face(Box(0, 0, 9, 9), 0.9, track=number, emotion=Emotion((label, "z"), (1.0, 0.0), label))
        for number, label in enumerate(labels, 1)
        if label
    ]
    return make_packet(time=index * 500_000, index=index, faces=faces)


def test_it_keeps_the_contract(desk: Desk) -> None:
    check_stage(Hook, {"url": desk.url}, [frame(0, "happy")])


def test_each_change_is_posted_once(desk: Desk, tmp_path: Path) -> None:
    packets = [frame(0, "happy"), frame(1, "happy", "sad"), frame(2), frame(3, "sad", "sad")]
    desk.answers = [503]
    run_stage(Hook(HookOptions(url=desk.url, retry_after=0.02)), packets, folder=tmp_path)
    assert desk.got == [
        [{"time": 0.0, "track": 1, "label": "happy"}],
        [{"time": 0.5, "track": 2, "label": "sad"}],
        [{"time": 1.5, "track": 1, "label": "sad"}],
    ]


def test_it_works_in_a_pipeline_once_installed(desk: Desk) -> None:
    source = ("file", {"path": "ferpipe:samples/demo.mp4", "start": 2, "end": 4})
    chain = (source, "blazeface", "track", "align", "litert", "smooth")
    Pipeline.of(*chain, ("hook", {"url": desk.url})).run()
    assert desk.got
    assert {"time", "track", "label"} == set(desk.got[0][0])
    with pytest.raises(UsageError, match="not trusted"):
        Pipeline.of(*chain, ("hook", {"url": desk.url}), trusted=False).run()
    with pytest.raises(ConfigError, match="'url': expected"):
        Pipeline.of(*chain, ("hook", {"url": "ftp://somewhere"}))
