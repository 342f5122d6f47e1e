"""Whatever the text, loading ends in a pipeline or in a ConfigError that can be printed."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferpipe import ConfigError
from ferpipe.config import from_dict, loads

GENTLE = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

PIECES = st.sampled_from(
    [
        "version: 1\n",
        "stages:\n",
        "- use: camera\n",
        "- detect\n",
        "  with: ",
        "{path: a}\n",
        "  from: ",
        "[a, ",
        "]\n",
        "{",
        "}",
        "&a ",
        "*a",
        "<<: ",
        "${A}",
        "${A:-",
        "$${",
        "run: ",
        "!!int ",
        "!!binary ",
        "'",
        '"',
        ": ",
        "- ",
        "\n",
        "  ",
        "\t",
        "#",
        "~",
        "1:99:",
        "0x",
        ".inf",
        "1e999",
        "\u2028",
        "\x00",
        "\ufeff",
        "é",
        "? ",
        ">",
        "%",
        "@",
        "---",
        "...",
        "_",
        "1_",
        "0b_",
        "999999999999999999999999",
        "null",
        "name: ",
        "on_error: ",
        "plugins: ",
    ]
)
TEXTS = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=80)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("camera"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["use", "with", "from", "name", "path", "on_error", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


def outcome_is_clean(load: Any) -> None:
    problems = None
    try:
        load()
    except ConfigError as error:
        problems = error.problems
    assert problems is None or problems
    for problem in problems or ():
        assert "\n" not in str(problem)


@GENTLE
@given(text=TEXTS)
def test_any_text(registry: Any, text: str) -> None:
    outcome_is_clean(lambda: loads(text, registry=registry, env={"A": "1:99:99.9_"}))


@GENTLE
@given(start=st.integers(0, 400), length=st.integers(0, 12), piece=PIECES)
def test_any_damage_to_a_good_pipeline(registry: Any, good: str, start: int, length: int, piece: str) -> None:
    text = good[:start] + piece + good[start + length :]
    outcome_is_clean(lambda: loads(text, registry=registry, env={}))


@GENTLE
@given(stages=VALUES, run=VALUES)
def test_any_objects(registry: Any, stages: Any, run: Any) -> None:
    outcome_is_clean(
        lambda: from_dict({"version": 1, "stages": stages, "run": run}, registry=registry, env={})
    )


@GENTLE
@given(override=st.text(max_size=20) | TEXTS.map(lambda text: f"cam.path={text}"))
def test_any_override(registry: Any, good: str, override: str) -> None:
    outcome_is_clean(lambda: loads(good, registry=registry, env={}, overrides=[override]))


@GENTLE
@given(value=st.text(max_size=20) | st.from_regex(r"[-+]?[0-9_.:ebox]{1,30}"))
def test_any_value_of_a_variable(registry: Any, value: str) -> None:
    text = "version: 1\nstages:\n- use: camera\n  with:\n    path: ${A}\n    device: ${A}\n"
    with contextlib.suppress(ConfigError):
        loads(text, registry=registry, env={"A": value})
