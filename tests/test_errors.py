"""Messages, and what must not be in them."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from multiprocessing.pool import Pool

import pytest

import ferpipe
from ferpipe.errors import ConfigError, FerpipeError, Problem, RunError, StageError, UsageError, printable
from ferpipe.graph import Fault


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


class CustomError(StageError):
    """A plugin's own, with arguments of its own."""

    def __init__(self, device: str, *, code: int) -> None:
        super().__init__("camera", "frames", f"{device} answers {code}", frame=3, time=120_000)
        self.code = code


ERRORS = [
    FerpipeError("rtsp://anna:secret@camera is gone"),
    UsageError("no such file"),
    RunError("it failed"),
    StageError("blazeface", "process", "ValueError: x", frame=12, time=480_000),
    ConfigError([Problem("one", "file", "p.yaml", 1, 2, "do this"), Fault("two", node=1, path=("from", 0))]),
    CustomError("/dev/video0", code=7),
]


def test_every_public_error_is_here():
    public = {getattr(ferpipe, name) for name in ferpipe.__all__ if name.endswith("Error")}
    assert public == {type(error) for error in ERRORS} - {CustomError}


def same(one, other):
    return type(one) is type(other) and one.args == other.args and vars(one) == vars(other)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_errors_survive_pickling(error, protocol):
    error.trace = "where it was"
    if hasattr(error, "add_note"):
        error.add_note("a note")
    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 -- it was made a moment ago
    assert same(error, again)
    assert str(error) == str(again)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_errors_survive_copying(error, how):
    assert same(error, how(error))


def fail(number):
    raise ERRORS[number]


def test_a_pool_of_processes_hands_errors_on():
    """A pool whose result cannot be unpickled waits for ever."""
    with Pool(1, context=multiprocessing.get_context("spawn")) as pool:
        for number, error in enumerate(ERRORS[:5]):
            with pytest.raises(type(error)) as caught:
                pool.apply_async(fail, (number,)).get(60)
            assert str(caught.value) == str(error)


def test_a_line_break_in_a_name_does_not_make_two_errors() -> None:
    assert str(UsageError("a\nb.mp4 is not there")) == "a\\nb.mp4 is not there"
    assert str(UsageError("two", "lines")) == "two\nlines"
    assert str(StageError("s", "open", "no\nfile")).count("\n") == 0
    assert str(ConfigError([Problem("one"), Problem("two\nparts")])).splitlines() == ["one", "two parts"]


def test_no_name_steers_the_terminal_or_turns_the_text_around() -> None:
    assert printable("a\u202egpj.exe\u2028\x07\x1b[2Jä\n") == "a\\u202egpj.exe\\u2028\\x07\\x1b[2Jä\n"
