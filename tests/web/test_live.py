"""A run on a real server, from the picture to the recording."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import av
import cv2
import httpx
import numpy as np
import pytest
from support.web import Program, picture_of
from websockets.sync.client import connect

from ferpipe.timeline import load

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_run_is_shown_named_recorded_and_ended(serve: Callable[..., Program]) -> None:
    program = serve("demo")
    with connect(f"{program.socket}/api/live/view?width=320", max_size=None) as viewer:
        header, picture = picture_of(viewer.recv(timeout=60))
        assert (header["width"], header["height"]) == (320, 180)
        image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        assert image.shape == (180, 320, 3)
        viewer.send(json.dumps({"type": "ack", "id": header["id"]}))
        later, _ = picture_of(viewer.recv(timeout=30))
        assert later["id"] > header["id"]
    with httpx.Client(base_url=program.url, timeout=30) as client:
        live = program.until("/api/live", lambda live: any(person["present"] for person in live["people"]))
        assert live["state"] == "live"
        assert live["classes"]
        assert client.post("/api/live/recording").status_code == 201
        assert client.post("/api/live/recording").status_code == 409
        track = live["people"][0]["track"]
        named = client.put(f"/api/people/{track}", json={"name": "Ann"}).json()
        assert named["people"][0]["name"] == "Ann"
        with connect(f"{program.socket}/api/live/events?history=60") as events:
            assert json.loads(events.recv())["type"] == "state"
            history = json.loads(events.recv())
            assert history["frames"][0]["id"] == 1
            frame = next(
                each for each in map(json.loads, events) if each["type"] == "frame" and each["faces"]
            )
            assert {face.get("name") for face in frame["faces"] if face["track"] == track} <= {"Ann"}
        program.until("/api/live", lambda live: (live["recording"] or {}).get("frames", 0) > 3)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(20) == 143
    folder = next((program.data / "recordings").iterdir())
    recording = json.loads((folder / "recording.json").read_text())
    assert (recording["state"], recording["error"]) == ("done", None)
    timeline = load(folder / "timeline.json")
    assert timeline.notes["people"] == {str(track): "Ann"}
    assert timeline.frames[0]["time"] == 0
    with av.open(str(folder / "video.mp4")) as film:
        assert sum(1 for _ in film.decode(video=0)) == len(timeline.frames)
    assert not [path.name for path in folder.iterdir() if path.suffix == ".part"]
    assert not list((program.data / "tmp").iterdir())
