from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from support.web import make_settings

from .conftest import client_of

SECRET = "a long enough secret"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "[::1]:8765", "192.168.1.7:8765"]
)
def test_an_address_is_a_host(client: TestClient, host: str) -> None:
    assert client.get("/api/live", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example:8765", "", "127.0.0.1.evil.example", "[::1"]
)
def test_a_foreign_name_is_none_even_if_it_leads_here(client: TestClient, host: str) -> None:
    for path in ("/", "/api/live", "/healthz"):
        answer = client.get(path, headers={"host": host})
        assert answer.status_code == 403
        assert "--allow-host" in answer.json()["error"]


def test_a_name_can_be_allowed(tmp_path: Path) -> None:
    with client_of(make_settings(tmp_path, hosts=frozenset({"faces.example"}))) as client:
        assert client.get("/api/live", headers={"host": "Faces.Example"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:8765"]
)
def test_another_page_cannot_change_anything(client: TestClient, origin: str) -> None:
    assert client.post("/api/live/stop", headers={"origin": origin}).status_code == 403
    for path in ("/api/camera", "/api/live/view", "/api/live/events"):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(path, headers={"origin": origin}):
            pass


def test_another_page_cannot_read_anything(client: TestClient) -> None:
    foreign = {"sec-fetch-site": "cross-site"}
    assert client.get("/api/live/picture.jpg", headers=foreign).status_code == 403
    assert client.get("/metrics", headers=foreign).status_code == 403
    assert client.get("/", headers=foreign).status_code == 200, "a link may lead here"
    answer = client.get("/api/live")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


def test_the_own_page_can(client: TestClient) -> None:
    own = {"origin": "http://127.0.0.1:8765", "sec-fetch-site": "same-origin"}
    assert client.post("/api/live/stop", headers=own).status_code == 200


def test_everything_but_the_page_needs_the_token(tmp_path: Path) -> None:
    with client_of(make_settings(tmp_path, token=SECRET)) as client:
        for path in (
            "/api/state",
            "/api/jobs",
            "/api/live/events",
            "/metrics",
            "/api/nothing",
            "/api/live/picture.jpg",
        ):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert SECRET not in answer.text
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/camera"):
            pass
        for path in ("/", "/healthz", "/docs", "/openapi.json"):
            assert client.get(path).status_code == 200
        for wrong in ("Bearer", "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x"):
            assert client.get("/api/state", headers={"authorization": wrong}).status_code == 401
        right = {"authorization": f"Bearer {SECRET}"}
        assert client.get("/api/state", headers=right).status_code == 200


def test_the_page_exchanges_the_token_for_a_cookie(tmp_path: Path) -> None:
    with client_of(make_settings(tmp_path, token=SECRET)) as client:
        assert client.post("/api/login", json={"token": "wrong one"}).status_code == 401
        answer = client.post("/api/login", json={"token": SECRET})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"].lower()
        assert SECRET not in cookie
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/api/state").status_code == 200
        client.post("/api/logout")
        assert client.get("/api/state").status_code == 401


def test_guessing_is_slowed_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferpipe_web.rest.pages.DELAY", 0.0)
    with client_of(make_settings(tmp_path, token=SECRET)) as client:
        codes = [client.post("/api/login", json={"token": f"guess {n}"}).status_code for n in range(12)]
        assert codes == [401] * 10 + [429] * 2
        assert client.post("/api/login", json={"token": SECRET}).status_code == 429


def test_one_client_cannot_ask_without_end(tmp_path: Path) -> None:
    with client_of(make_settings(tmp_path, limits={"rate": 0.5})) as client:
        assert client.get("/healthz").status_code == 200
        refused = next(answer for _ in range(99) if (answer := client.get("/healthz")).status_code == 429)
        assert refused.headers["retry-after"] == "1"
        assert "0.5 requests a second" in refused.json()["error"]


def test_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    for path in ("/", "/docs"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "http" not in policy
