"""`ferpipe models pull`, against real servers on this machine."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from support.zoo import FILE, WEIGHTS, Chunked, Folder, Hangup, Truncated, redirect, serving

from ferpipe import FerpipeError, models
from ferpipe.cli import main


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    folder = tmp_path / "zoo"
    folder.mkdir()
    return folder


@pytest.fixture
def url(zoo: Path) -> Iterator[str]:
    """The address of a server of the folder `zoo`."""
    with serving(partial(Folder, directory=str(zoo))) as address:
        yield address


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
    with serving(redirect(url)) as address:
        models.pull("yunet", base=address)
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
    with serving(handler) as address:
        assert main(["models", "pull", "yunet", "--from", address]) == 1
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
    assert "without internet access, download the file elsewhere" in line
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
    assert "available are yunet" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_one_line(
    home: Path, zoo: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (zoo / FILE).write_bytes(WEIGHTS)
    home.write_text("a file in the way")
    assert main(["models", "pull", "yunet", "--from", url]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot download" in line
    assert os.strerror(errno.EEXIST) in line


def test_a_failed_pull_is_a_ferpipe_error(home: Path) -> None:
    with pytest.raises(FerpipeError, match="cannot download"):
        models.pull("yunet", base="http://127.0.0.1:1")
