"""Messages, and what must not be in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe.errors import ConfigError, Problem, StageError, redact


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("rtsp://anna:secret@camera:554/1 is gone", "rtsp://***@camera:554/1 is gone"),
        ("rtsp://anna:sec/ret@camera/1", "rtsp://***@camera/1"),
        ("rtsp://anna:sec@ret@camera/1", "rtsp://***@camera/1"),
        ("rtsp://token@camera/1", "rtsp://***@camera/1"),
        ("rtsp://:secret@camera/1", "rtsp://***@camera/1"),
        (str(Path("rtsp://anna:secret@camera/1")), "rtsp:/***@camera/1"),
        ("two: http://a:b@c and https://d:e@f", "two: http://***@c and https://***@f"),
        ("http://camera/stream", "http://camera/stream"),
        ("http://camera:8080/stream", "http://camera:8080/stream"),
        ("C:/films/a@b.mp4", "C:/films/a@b.mp4"),
        ("http://cam/video?user=anna&pwd=secret&res=1", "http://cam/video?user=anna&pwd=***&res=1"),
        ("http://cam/video?Password=secret", "http://cam/video?Password=***"),
        (
            "rtsp://10.0.0.5/user=admin&password=secret&channel=1",
            "rtsp://10.0.0.5/user=admin&password=***&channel=1",
        ),
        ("http://h:80/a,b@c", "http://h:80/a,b@c"),
        ("mail anna@example.org", "mail anna@example.org"),
    ],
)
def test_credentials_are_redacted_and_nothing_else(text, clean):
    assert redact(text) == clean


def test_a_problem_says_where_what_and_what_to_do():
    problem = Problem(
        "unknown option 'pth'", where="file", file="p.yaml", line=4, column=12, hint="did you mean 'path'?"
    )
    assert str(problem) == "p.yaml:4:12: file: unknown option 'pth' (did you mean 'path'?)"
    assert str(Problem("no stages")) == "no stages"


def test_a_config_error_has_every_problem_on_a_line():
    error = ConfigError([Problem("one"), Problem("two")])
    assert str(error) == "one\ntwo"
    assert error.exit_code == 2


def test_a_stage_error_names_stage_call_and_frame():
    error = StageError("blazeface", "process", "ValueError: x", frame=12, time=480_000)
    assert str(error) == "stage 'blazeface' failed in process at frame 12 (0.480 s): ValueError: x"
    assert error.exit_code == 1
