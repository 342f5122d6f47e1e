"""`ferpipe models` and `ferpipe models pull`, against a real server on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ferpipe import FerpipeError, models
from ferpipe.cli import main

FILE = "face_detection_yunet_2023mar.onnx"
WEIGHTS = bytes(range(256)) * 700


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Truncated(BaseHTTPRequestHandler):
    """Promises the whole file and closes after a part of it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(WEIGHTS)))
        self.end_headers()
        self.wfile.write(WEIGHTS[:100_000])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Hangup(Truncated):
    """Closes without an answer."""

    def do_GET(self) -> None:
        self.close_connection = True


class Chunked(Truncated):
    """Sends in chunks and breaks off inside one."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"1000\r\n" + WEIGHTS[:100])
        self.close_connection = True


class Redirect(Truncated):
    """Sends everything on, as GitHub does."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.server.elsewhere + self.path)  # type: ignore[attr-defined]
        self.end_headers()


def serve(handler: type[BaseHTTPRequestHandler] | partial[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)  # type: ignore[arg-type]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
    return server


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, with a made-up YuNet as the one that is published."""
    monkeypatch.setenv("FERPIPE_MODELS", str(tmp_path / "models"))
    published = replace(models.REMOTE["yunet"], sha256=hashlib.sha256(WEIGHTS).hexdigest(), size=len(WEIGHTS))
    monkeypatch.setitem(models.REMOTE, "yunet", published)
    return tmp_path / "models"


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    return folder


@pytest.fixture
def url(zoo: Path) -> Iterator[str]:
    server = serve(partial(Quiet, directory=str(zoo)))
    yield address(server)
    server.shutdown()
    server.server_close()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_pull_puts_the_file_where_yunet_looks(
    home: Path, zoo: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (zoo / FILE).write_bytes(WEIGHTS)
    assert main(["models", "pull", "yunet", "--from", url]) == 0
    assert (home / FILE).read_bytes() == WEIGHTS
    assert files(home) == [FILE]
    assert (home / FILE).stat().st_mode & 0o777 == 0o644
    assert capsys.readouterr().out == f"yunet (MIT) is at {home / FILE}\n"


def test_a_file_that_is_right_is_not_fetched_again(home: Path) -> None:
    home.mkdir()
    (home / FILE).write_bytes(WEIGHTS)
    assert models.pull("yunet", base="http://127.0.0.1:1") == home / FILE


def test_a_file_that_is_wrong_is_replaced(home: Path, zoo: Path, url: str) -> None:
    home.mkdir()
    (home / FILE).write_bytes(b"half")
    (zoo / FILE).write_bytes(WEIGHTS)
    models.pull("yunet", base=url)
    assert (home / FILE).read_bytes() == WEIGHTS


def test_a_redirection_is_followed(home: Path, zoo: Path, url: str) -> None:
    (zoo / FILE).write_bytes(WEIGHTS)
    server = serve(Redirect)
    server.elsewhere = url  # type: ignore[attr-defined]
    try:
        models.pull("yunet", base=address(server))
    finally:
        server.shutdown()
        server.server_close()
    assert (home / FILE).read_bytes() == WEIGHTS


WRONG = {
    "another content": (WEIGHTS[:-1] + b"?", "has the checksum"),
    "too short": (WEIGHTS[:-1], "ended after 179199 of 179200 bytes"),
    "too long": (WEIGHTS * 2, "is longer than the 179200 bytes"),
    "empty": (b"", "ended after 0 of"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_download_is_not_kept(
    case: str, home: Path, zoo: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    content, why = WRONG[case]
    home.mkdir()
    (home / FILE).write_bytes(b"the one before")
    (zoo / FILE).write_bytes(content)
    assert main(["models", "pull", "yunet", "--from", url]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
    assert files(home) == [FILE]
    assert (home / FILE).read_bytes() == b"the one before"


@pytest.mark.parametrize("handler", [Truncated, Hangup, Chunked])
def test_a_connection_that_breaks_is_one_line(
    handler: type[BaseHTTPRequestHandler], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(handler)
    try:
        assert main(["models", "pull", "yunet", "--from", address(server)]) == 1
    finally:
        server.shutdown()
        server.server_close()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ferpipe: ")
    assert "internal" not in line
    assert files(home) == []


def test_a_missing_file_on_the_server_is_one_line(
    home: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "pull", "yunet", "--from", url]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "the server answers 404" in line


def test_without_a_network_the_line_says_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "yunet", "--from", "http://me:secret@127.0.0.1:1"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "with no internet here, fetch the file elsewhere" in line
    assert str(home / FILE) in line
    assert "secret" not in line


def test_the_mirror_may_come_from_the_environment(
    home: Path, zoo: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (zoo / FILE).write_bytes(WEIGHTS)
    monkeypatch.setenv("FERPIPE_MODEL_MIRROR", url)
    assert main(["models", "pull", "yunet"]) == 0
    assert files(home) == [FILE]


@pytest.mark.parametrize("base", ["file:///etc", "ftp://127.0.0.1", "/etc"])
def test_only_the_web_is_downloaded_from(base: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "yunet", "--from", base]) == 2
    assert "must begin with https://" in capsys.readouterr().err


def test_an_unknown_model_names_those_there_are(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "pull", "resnet"]) == 2
    assert "there are yunet" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_one_line(
    home: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file in the way")
    assert main(["models", "pull", "yunet", "--from", url]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot download" in line


def side_file(folder: Path, name: str, **facts: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(
        json.dumps({"version": "ferpipe.model/1", "name": name, "kind": "emotion", **facts})
    )


def test_the_states_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    side_file(tmp_path, "right", file="a.tflite", sha256=digest, licence="MIT")
    side_file(tmp_path / "deep", "changed", file="../a.tflite", sha256="0" * 64)
    side_file(tmp_path, "gone", file="b.tflite", sha256=digest)
    (tmp_path / "c.tflite").write_bytes(b"c")
    side_file(tmp_path, "unsure", file="c.tflite")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text('{"name": "something else"}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "w.bin").write_bytes(b"abc")
    (tmp_path / "net" / "SHA256SUMS").write_text(f"{digest}  w.bin\n{digest}  none.bin\n\n")
    found = {shelf.name: shelf.state for shelf in models.find([tmp_path, tmp_path / "nowhere"])}
    assert found == {
        "right": "ok",
        "changed": "changed",
        "gone": "missing",
        "unsure": "unchecked",
        "broken": "unreadable",
        "net/w": "ok",
        "net/none": "missing",
    }


def test_the_list_shows_licence_scores_and_what_a_pull_would_bring(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"PublicTest": {"accuracy": 0.7012, "n": 3589}, "FER+": 0.8, "note": "text"}
    home.mkdir()
    (home / "base.tflite").write_bytes(b"abc")
    side_file(home, "base", file="base.tflite", licence="Apache-2.0", scores=scores)
    assert main(["models"]) == 0
    out = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    path = home / "base.tflite"
    assert f"base emotion unchecked 0.00 MB Apache-2.0 PublicTest 0.7012, FER+ 0.8 {path}" in out
    assert any(line.startswith("'ferpipe models pull yunet' brings a face detector") for line in out)


def test_a_pulled_model_is_listed_and_offered_no_more(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / FILE).write_bytes(WEIGHTS)
    assert main(["models", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (yunet,) = (model for model in document["models"] if model["name"] == "yunet")
    assert (yunet["state"], yunet["size"], yunet["licence"]) == ("ok", len(WEIGHTS), "MIT")
    assert document["pull"] == []


def test_the_shipped_models_are_whole(home: Path) -> None:
    from ferpipe.resources import shipped

    shelves = models.find([shipped("models")])
    assert shelves
    assert {shelf.state for shelf in shelves} == {"ok"}


def test_the_published_checksum_is_that_of_the_real_file(yunet: Path) -> None:
    remote = models.REMOTE["yunet"]
    assert remote.file == yunet.name
    assert remote.size == yunet.stat().st_size
    assert remote.sha256 == hashlib.sha256(yunet.read_bytes()).hexdigest()
    assert remote.base.startswith("https://")


def test_a_failed_pull_is_a_ferpipe_error(home: Path) -> None:
    with pytest.raises(FerpipeError, match="cannot download"):
        models.pull("yunet", base="http://127.0.0.1:1")
