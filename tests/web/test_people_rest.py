"""People named, merged and separated by a program."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.patience import PATIENCE
from support.turns import two_in_turn
from support.web import Program
from websockets.sync.client import connect

from ferpipe.timeline import load

from .test_rest import check

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def people(answer: Any) -> dict[int, dict[str, Any]]:
    return {person["track"]: person for person in answer["people"]}


def test_two_are_named_merged_and_separated(serve: Callable[..., Program], tmp_path: Path) -> None:
    program = serve("demo", "--set", f"file.path={two_in_turn(tmp_path)}")
    live = program.until("/api/live", lambda live: len(live["people"]) >= 2, 2 * PATIENCE)
    first, second = sorted(people(live))[:2]
    with httpx.Client(base_url=program.url, timeout=PATIENCE) as client:
        client.post("/api/live/recording").raise_for_status()
        named = client.put(f"/api/people/{second}", json={"name": "  Zoë 🙂  "})
        check("/api/people/{track}", "put", named)
        assert people(named.json())[second]["name"] == "Zoë 🙂"
        merged = client.post("/api/people/merge", json={"into": first, "track": second})
        check("/api/people/merge", "post", merged)
        assert second not in people(merged.json())
        assert people(merged.json())[first]["merged"] == [second]
        assert people(merged.json())[first]["name"] == "Zoë 🙂"
        with connect(f"{program.socket}/api/live/events") as events:
            frames = (each for each in map(json.loads, events) if each["type"] == "frame")
            for frame, _ in zip(frames, range(120), strict=False):  # both have their turn
                assert second not in [face["track"] for face in frame["faces"]]
        for path, body, status in (
            ("merge", {"into": first, "track": first}, 409),
            ("merge", {"into": first, "track": second}, 404),
            ("merge", {"into": second, "track": first}, 404),
            ("merge", {"into": first, "track": 9_999}, 404),
            ("merge", {"into": first}, 422),
            ("merge", {"into": first, "track": "2"}, 422),
            ("merge", {"into": first, "track": 2**53 + 1}, 422),
            ("merge", {"into": True, "track": second}, 422),
            ("split", {"track": first}, 409),
            ("split", {"track": second, "from": first}, 422),
        ):
            refused = client.post(f"/api/people/{path}", json=body)
            check(f"/api/people/{path}", "post", refused)
            assert (refused.status_code, list(refused.json())) == (status, ["error"]), (path, body)
            if status == 404:
                assert refused.json()["error"].endswith("choose one of the people that are listed")
        for track, name, status in (
            (9_999, "Eve", 404),
            (second, "Eve", 404),  # merged: it is nobody of its own
            (first, "", 422),
            (first, "a\u0000b", 422),
            (first, "x" * 61, 422),
            ("-1", "Eve", 404),
            ("1e3", "Eve", 404),
            ("²", "Eve", 404),
        ):
            refused = client.put(f"/api/people/{track}", json={"name": name})
            check("/api/people/{track}", "put", refused)
            assert refused.status_code == status, (track, name, refused.text)
        parted = client.post("/api/people/split", json={"track": second})
        check("/api/people/split", "post", parted)
        assert people(parted.json())[first]["merged"] == []
        assert second in people(parted.json())
        unnamed = client.put(f"/api/people/{second}", json={"name": None}).json()
        assert people(unnamed)[second]["name"] is None
        client.put(f"/api/people/{first}", json={"name": "Ann"}).raise_for_status()
        recording = client.delete("/api/live/recording").json()
        assert recording["state"] == "done"
        notes = load(program.data / "recordings" / recording["id"] / "timeline.json").notes
        assert notes["people"] == {str(first): "Ann"}
        client.post("/api/live/stop")
        assert client.put(f"/api/people/{first}", json={"name": "Eve"}).status_code == 409
