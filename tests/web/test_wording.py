from __future__ import annotations

import pytest

from ferpipe_web.ids import is_id
from ferpipe_web.jobs.kinds import kind_of, shown_name
from ferpipe_web.worker.wording import public


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "stage 'file': /home/ann/secret films/clip.mp4 is no video",
            "stage 'file': clip.mp4 is no video",
        ),
        ("'/srv/data/jobs/1/upload.mp4' is damaged", "'upload.mp4' is damaged"),
        ("C:\\Users\\ann\\clip.mp4 does not exist", "clip.mp4 does not exist"),
        ("rtsp://ann:pass@camera/stream gives nothing", "rtsp://***@camera/stream gives nothing"),
        ("/a/b.mp4 and /c/d.mp4, or a / b", "b.mp4 and d.mp4, or a / b"),
        ("one\n  two\n", "one two"),
        ("12.5 frames/s of 25/1", "12.5 frames/s of 25/1"),
        ("", "it failed"),
    ],
)
def test_a_message_shows_no_folder_and_no_secret(text: str, shown: str) -> None:
    assert "pass@" not in public(text)
    assert "/home" not in public(text)
    assert public(text) == shown


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", ("still", ".jpg")),
        (b"\x89PNG\r\n\x1a\n", ("still", ".png")),
        (b"RIFF\0\0\0\0WEBPVP8 ", ("still", ".webp")),
        (b"RIFF\0\0\0\0AVI LIST", ("video", ".avi")),
        (b"\0\0\0\x18ftypisom", ("video", ".mp4")),
        (b"\0\0\0\x18ftypheic", ("still", ".heic")),
        (b"\x1aE\xdf\xa3", ("video", ".mkv")),
        (b"G" + bytes(187) + b"G" + bytes(3), ("video", ".ts")),
        (b"Good morning, " * 20, None),
        (b"#EXTM3U\n", None),
        (b"<html>", None),
        (b"PK\3\4", None),
        (b"", None),
    ],
)
def test_a_file_is_known_by_its_first_bytes(head: bytes, kind: tuple[str, str] | None) -> None:
    assert kind_of(head) == kind


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\talk.mp4", "talk.mp4"),
        ("a\x00b\x1b[31m\u202egpj.exe", "ab[31mgpj.exe"),
        ("", "upload"),
        (None, "upload"),
        ("/", "upload"),
        ("x" * 500, "x" * 120),
    ],
)
def test_the_name_of_an_upload_is_only_shown(given: str | None, shown: str) -> None:
    assert shown_name(given) == shown


def test_an_id_is_no_path() -> None:
    assert is_id("20260101-120000-abcdef0123456789")
    for other in (
        "",
        ".",
        "..",
        "20260101-120000-../..",
        "20260101-120000-abcdef/",
        "20260101-120000-abcdef\n",
    ):
        assert not is_id(other)
