"""Texts and plugins that mean harm, or might as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Mistakes = Callable[..., list[str]]

CAM = "version: 1\nstages:\n- {use: camera, name: cam, with: {path: a.mp4}}\n"


def test_an_alias_bomb_is_refused(mistakes: Mistakes) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    (line,) = mistakes(bomb)
    assert "more than 20000 values, aliases counted" in line


def test_a_validator_that_raises_anything_is_one_line(mistakes: Mistakes, registry: object) -> None:
    from ferpipe import Options as Base
    from ferpipe import Stage

    class Bad(Stage):
        class Options(Base):
            def model_post_init(self, _: object) -> None:
                raise ZeroDivisionError("oh")

    registry.classes["bad"] = Bad  # type: ignore[attr-defined]
    assert mistakes(CAM + "- bad\n") == [
        "p.yaml:4:3: bad: the options could not be checked: ZeroDivisionError: oh (the plugin is broken)"
    ]


def test_a_validator_that_exits_does_not_end_the_program(mistakes: Mistakes, registry: object) -> None:
    from pydantic import field_validator

    from ferpipe import Options as Base
    from ferpipe import Stage

    class Bad(Stage):
        class Options(Base):
            x: int = 0

            @field_validator("x")
            @classmethod
            def check(cls, value: int) -> int:
                if value == 1:
                    raise ValueError("one\n\ntwo")
                raise SystemExit(0)

    registry.classes["bad"] = Bad  # type: ignore[attr-defined]
    assert mistakes(CAM + "- {use: bad, with: {x: 2}}\n") == [
        "p.yaml:4:20: bad: the options could not be checked: SystemExit: 0 (the plugin is broken)"
    ]
    (line,) = mistakes(CAM + "- {use: bad, with: {x: 1}}\n")
    assert line.endswith("one two")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "kind",
    ["keys", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("options", "inputs", "plugins"))],
)
def test_many_mistakes_take_a_time_that_grows_with_them(mistakes: Mistakes, kind: str) -> None:
    """With their square, these took minutes."""
    many = range(4_000)
    text = {
        "keys": CAM + "".join(f"k{i}: 1\n" for i in many),
        "options": CAM + "- use: detect\n  with:\n" + "".join(f"    k{i}: 1\n" for i in many),
        "inputs": CAM + f"- {{use: detect, from: [{', '.join(f'k{i}' for i in many)}]}}\n",
        "plugins": CAM + f"plugins: [{', '.join(f'k{i}.py' for i in many)}]\n",
    }[kind]
    assert len(mistakes(text)) >= len(many)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "stage",
    [
        "null",
        *(
            pytest.param(one, marks=pytest.mark.slow)
            for one in ("detect", "unknown", "{use: detect, name: x}")
        ),
    ],
)
def test_a_pipeline_has_no_more_stages_than_can_be_proven(mistakes: Mistakes, stage: str) -> None:
    lines = mistakes(CAM + f"- {stage}\n" * 5_000)
    assert lines == ["p.yaml:3:1: 'stages': expected at most 1000 values, found 5001"]


def test_as_many_stages_as_are_allowed_are_numbered(build: Callable[..., Any]) -> None:
    definition = build(CAM + "- detect\n" * 999)
    assert [node.name for node in definition.graph.nodes][:4] == ["cam", "detect", "detect-2", "detect-3"]
    assert definition.graph.nodes[-1].name == "detect-999"
