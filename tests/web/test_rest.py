from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.testclient import TestClient
from support.web import SAMPLE, make_settings

from ferpipe_web.app import ROUTES
from ferpipe_web.rest.openapi import document
from ferpipe_web.start import Request, settings_of

from .conftest import client_of

EVERYWHERE = "0.0.0.0"  # noqa: S104 -- refused, or with a token

USUAL: dict[str, Any] = {
    "pipeline": "demo",
    "host": "127.0.0.1",
    "port": 0,
    "sources": (),
    "also": (),
    "sets": (),
    "plugins": (),
    "data": None,
    "token": None,
    "public": False,
    "hosts": (),
    "certificate": None,
    "key": None,
    "loop": False,
}


@pytest.mark.slow
def test_the_document_is_openapi() -> None:
    validate(document())


def test_every_address_is_in_the_document() -> None:
    served = {
        (route.path.replace("{file}", "{file}"), method.lower())
        for route in ROUTES
        for method in getattr(route, "methods", None) or ()
        if method != "HEAD" and route.path.startswith(("/api", "/metrics", "/healthz", "/readyz"))
    }
    described = {(path, method) for path, item in document()["paths"].items() for method in item}
    assert served == described


@pytest.mark.parametrize(
    "path", ["/api/state", "/api/live", "/api/jobs", "/api/recordings", "/api/pipelines", "/api/sources"]
)
def test_an_answer_is_as_described(client: TestClient, path: str) -> None:
    check(path, "get", client.get(path))


def check(path: str, method: str, answer: Any) -> None:
    """Validate an answer against the document, which forbids what it does not name."""
    told = document()["paths"][path][method]["responses"][str(answer.status_code)]
    schema = dict(told["content"]["application/json"]["schema"])
    schemas = json.loads(
        json.dumps(document()["components"]["schemas"]).replace("#/components/schemas", "#/$defs")
    )
    for each in schemas.values():
        if each.get("type") == "object" and "properties" in each:
            each["additionalProperties"] = False
    schema = {"$ref": schema["$ref"].replace("#/components/schemas", "#/$defs"), "$defs": schemas}
    Draft202012Validator(schema).validate(answer.json())


def test_the_page_of_documentation_names_every_address_and_loads_nothing_foreign(client: TestClient) -> None:
    page = client.get("/docs").text
    assert all(path in page for path in document()["paths"])
    assert "http://" not in page
    assert "<script" not in page
    assert client.get("/docs.css").headers["content-type"].startswith("text/css")


def test_the_page_of_documentation_reads_as_prose_and_its_links_lead_into_what_they_open(
    client: TestClient,
) -> None:
    page = client.get("/docs").text
    assert "`" not in page
    assert "<code>box</code> is left, top, width and height" in page
    linked = set(re.findall(r'href="#(\w+)"', page))
    assert linked >= {"Analysis", "FaceAnswer", "ErrorAnswer"}
    # A browser opens `details` for a link to what is inside of it, and not for one to itself.
    assert not re.search(r"<details[^>]* id=", page)
    assert all(f'<div id="{name}">' in page for name in linked)
    for own in re.findall(r'<link [^>]*href="([^"]+)"', page):
        assert client.get(own).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"pipeline": 7}', "application/json", 422),
        (b'{"nonsense": 1}', "application/json", 422),
        (b'{"source": "there is none"}', "application/json", 404),
        (b'{"pipeline": "none"}', "application/json", 404),
        (b"{}", "text/plain", 415),
        (b"x" * 100_000, "application/json", 413),
        (b"\xff\xfe", "application/json", 422),
    ],
)
def test_a_wrong_body_gets_one_line(client: TestClient, body: bytes, kind: str, status: int) -> None:
    answer = client.post("/api/live/start", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert "\n" not in answer.json()["error"]
    check("/api/live/start", "post", answer)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/nothing", 404),
        ("PATCH", "/api/live", 405),
        ("DELETE", "/api/live/recording", 409),
        ("POST", "/api/live/recording", 409),
        ("PUT", "/api/people/x", 404),
        ("GET", "/api/jobs/../../etc", 404),
        ("GET", "/api/jobs/20260101-000000-abcdef", 404),
        ("GET", "/api/jobs/20260101-000000-abcdef/report.html", 404),
        ("GET", "/api/recordings/%2e%2e/recording.json", 404),
        ("GET", "/page/../settings.py", 404),
        ("GET", "/page/%2e%2e/settings.py", 404),
        ("GET", "/page/..%5csettings.py", 404),
        ("GET", "/page/index.html%00.js", 404),
        ("GET", "/page/../__init__.py", 404),
        ("GET", "/assets/uplot/README.md", 404),
    ],
)
def test_what_is_not_there_is_refused(client: TestClient, method: str, path: str, status: int) -> None:
    body = {"name": "Ann"} if method == "PUT" else None
    answer = client.request(method, path, json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_the_shared_files_are_there(client: TestClient) -> None:
    for path in ("/", "/page/index.html", "/assets/uplot/uPlot.iife.min.js", "/assets/palette.json"):
        answer = client.get(path)
        assert answer.status_code == 200
        again = client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_metrics_are_those_of_prometheus(client: TestClient) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    found = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}
    assert {
        "ferpipe_live_frames_per_second",
        "ferpipe_viewers",
        "ferpipe_jobs",
        "ferpipe_pictures",
    } <= found.keys()
    assert all(family.documentation.endswith(".") for family in found.values())


def test_too_large_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with client_of(make_settings(tmp_path, limits={"upload": 1000, "picture": 500})) as client:
        for path, most in (("/api/jobs", 1000), ("/api/analyze", 500)):
            head = {"content-length": str(most + 70_000)}
            answer = client.post(path, content=iter([b""]), headers=head)
            assert answer.status_code == 413
            assert str(most) in answer.json()["error"] or "bytes" in answer.json()["error"]
            assert client.post(path, content=iter([b"\xff\xd8\xff", b"x" * 80_000])).status_code == 413
        assert not list((tmp_path / "jobs").glob("*")), "nothing is left"


@pytest.mark.parametrize(
    "content",
    [b"hello, this is a text and not a film at all", b"%PDF-1.7 and so on, and so on", b"PK\3\4" * 10],
)
def test_what_is_no_film_is_refused_at_once(client: TestClient, tmp_path: Path, content: bytes) -> None:
    for answer in (client.post("/api/jobs", content=content), client.post("/api/analyze", content=content)):
        assert answer.status_code == 415
    assert client.post("/api/jobs", content=b"").status_code == 422
    assert not list((tmp_path / "jobs").glob("*"))


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
        (b"", "multipart/form-data", 400),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
        (
            b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            422,
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n\xff\xd8\xff',
            "multipart/form-data; boundary=x",
            400,
        ),
        (b"a" * 100, "multipart/form-data; boundary=" + "b" * 80, 400),
    ],
)
def test_a_damaged_form_is_refused(
    client: TestClient, tmp_path: Path, body: bytes, kind: str, status: int
) -> None:
    for path in ("/api/jobs", "/api/analyze"):
        answer = client.post(path, content=body, headers={"content-type": kind})
        assert (answer.status_code, list(answer.json())) == (status, ["error"])
    assert not list((tmp_path / "jobs").glob("*"))


def test_the_command_line_is_safe_by_default(tmp_path: Path) -> None:
    from ferpipe import UsageError

    for wrong, words in (
        ({"host": EVERYWHERE}, "--token"),
        ({"host": "::"}, "--token"),
        ({"token": "short"}, "8 characters"),
        ({"certificate": tmp_path}, "--key"),
        ({"sources": ("door",)}, "door=rtsp"),
        ({"sources": ("pipeline=a.mp4",)}, "own source"),
        ({"sources": ("a=none.mp4",)}, "does not exist"),
    ):
        with pytest.raises(UsageError, match=words):
            settings_of(Request(**{**USUAL, **wrong}))
    settings, own = settings_of(
        Request(
            **{**USUAL, "host": EVERYWHERE, "token": "new", "sources": (f"talk={SAMPLE}", "desk=camera:1")}
        )
    )
    assert own == "file"
    assert settings.token is not None
    assert len(settings.token) >= 30
    assert settings.sources == {"talk": ("file", {"path": str(SAMPLE)}), "desk": ("webcam", {"device": 1})}
    assert settings_of(Request(**{**USUAL, "host": EVERYWHERE, "public": True}))[0].token is None
