"""Shipped pipelines, damaged; numbers and texts beyond all measure: a pipeline, or lines to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferpipe import ConfigError
from ferpipe.config import loads
from ferpipe.errors import redact
from ferpipe.plugins import Registry
from ferpipe.resources import shipped

SHIPPED = [path.read_text() for path in sorted(shipped("pipelines").glob("*.yaml"))]
WORDS = sorted({word for text in SHIPPED for word in text.replace(":", " : ").split()})
ODD = ["", "\x00", "\x1b[2J", "\t", "\u2028", "\ud800", "é", "0x" + "f" * 300, "1:" * 300 + "1", "9" * 5000]
ODD += ["-.inf", ".nan", "1e400", "!!binary x", "!!set {a}", "!!timestamp x", "&a", "*a", "<<: *a", "? ", "|"]
ODD += [
    ">-",
    "[",
    "]",
    "{",
    "}",
    "'",
    '"',
    "- ",
    ": ",
    "#",
    "---\n",
    "...\n",
    "%YAML 9.9\n",
    "${",
    "${HOME}",
    "~",
]

GENTLE = settings(deadline=None, suppress_health_check=list(HealthCheck))
QUICK, LONG = settings(GENTLE, max_examples=150), settings(GENTLE, max_examples=2000)


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry()


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A shipped pipeline in which lines, words and characters were lost, doubled, moved and replaced."""
    lines = draw(st.sampled_from(SHIPPED)).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, len(lines) - 1)))
        how = draw(st.sampled_from(["lose", "double", "move", "indent", "word", "character", "cut"]))
        line = lines[place] if lines else ""
        if how == "lose":
            lines[place : place + 1] = []
        elif how == "double":
            lines[place:place] = [line] * draw(st.sampled_from([1, 2, 300]))
        elif how == "move":
            lines.insert(draw(st.integers(0, len(lines))), line)
        elif how == "indent":
            lines[place : place + 1] = [" " * draw(st.integers(0, 9)) + line.lstrip()]
        elif how == "word" and line.split():
            old = draw(st.sampled_from(line.split()))
            lines[place] = line.replace(old, draw(st.sampled_from([*WORDS, *ODD])), 1)
        elif how == "character":
            at = draw(st.integers(0, len(line)))
            lines[place : place + 1] = [
                line[:at] + draw(st.sampled_from(ODD) | st.characters()) + line[at + 1 :]
            ]
        else:
            del lines[place:]
    return "".join(lines)


def is_clean(text: str, registry: Registry) -> None:
    problems = None
    try:
        loads(text, registry=registry, env={"HOME": "/h"}, local_plugins=False)
    except ConfigError as error:
        problems = error.problems
        assert problems
    for problem in problems or ():
        line = str(problem)
        assert line.strip()
        assert all(character.isprintable() or character == "\t" or ord(character) > 159 for character in line)


@QUICK
@given(text=damaged())
def test_damage_to_shipped_pipelines(registry: Registry, text: str) -> None:
    is_clean(text, registry)


@pytest.mark.slow
@pytest.mark.timeout(900)
@LONG
@given(text=damaged())
def test_much_damage_to_shipped_pipelines(registry: Registry, text: str) -> None:
    is_clean(text, registry)


@pytest.mark.parametrize(
    "number",
    ["0x" + "f" * 9000, "9" * 9000, "-0b" + "1" * 9000, "1:" + "59:" * 9000 + "59", "1" * 9000 + ".5"],
)
@pytest.mark.parametrize(
    "place", ["version: {}", "name: {}", "run: {{queue: {}}}", "stages: [{}]", "x: [{}]"]
)
def test_numbers_beyond_all_measure_are_lines_to_read(registry: Registry, number: str, place: str) -> None:
    """Some of them could be read, and then not be shown: Python refuses to write so many digits."""
    with pytest.raises(ConfigError) as caught:
        loads("version: 1\nstages: [null]\n".replace("null", "nul") + place.format(number), registry=registry)
    assert max(len(line) for line in str(caught.value).splitlines()) < 300


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "part",
    [
        "aa+",
        "a://b:",
        "a://x@",
        "a:/",
        "?key=",
        "a://",
        "a://b:c@",
        'aa://x"!',
        "pass",
        "aa://h/k=v&",
        "&",
        "aB1",
    ],
)
def test_long_texts_are_searched_for_passwords_in_a_time_that_grows_with_them(part: str) -> None:
    """With the square of it, this would take hours."""
    text = part * (1_000_000 // len(part))
    assert len(redact(text)) > 0


HUGE = {"integer": 10**30, "number": 1e300}


def unbounded(schema: dict[str, Any]) -> list[Any]:
    """The largest numbers that an option's own bounds let through."""
    choices = [schema, *schema.get("anyOf", ())]
    return [
        HUGE[part["type"]]
        for part in choices
        if part.get("type") in HUGE and not {"maximum", "exclusiveMaximum"} & part.keys()
    ]


REGISTRY = Registry()
NUMBERS = [
    (entry.name, name, value)
    for entry in REGISTRY.entries()
    for name, schema in entry.stage.Options.model_json_schema()["properties"].items()
    for value in unbounded(schema)
    if entry.name not in {"webcam", "rtsp", "window", "keras", "onnx", "yunet", "stream"}
]
NEEDED = {
    "file": {"path": "clip.mp4"},
    "images": {"path": "."},
    "video": {"path": "v.mp4"},
    "timeline": {"path": "t.json"},
}


@pytest.mark.parametrize(("use", "option", "value"), NUMBERS)
def test_a_number_without_bound_does_no_harm(
    home: Path, run: Callable[..., tuple[int, str]], use: str, option: str, value: float
) -> None:
    """What a run cannot do is one line; it neither hangs nor takes the memory."""
    import cv2
    import numpy as np

    cv2.imwrite(str(home / "a.png"), np.full((32, 32, 3), 128, np.uint8))
    cv2.imwrite(str(home / "b.png"), np.full((32, 32, 3), 128, np.uint8))
    odd = {"use": use, "with": {**NEEDED.get(use, {}), option: value}}
    chain = ["blazeface", "track", "align", "litert", "smooth", "overlay", "video", "timeline"]
    stages = [{"use": one, "with": NEEDED[one]} if one in NEEDED else {"use": one} for one in chain]
    if use == "haar":
        stages[0] = odd
    elif use in {"file", "images"}:
        stages.insert(0, odd)
    else:
        stages[chain.index(use)] = odd
    code, said = run(*stages)
    assert code in {0, 1, 2}
    assert said.count("\n") == (code != 0)
    assert "internal error" not in said
