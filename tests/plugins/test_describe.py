"""Stages in words: types, limits and defaults as a person would write them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import Field

from ferpipe import Options, Source, Stage
from ferpipe.plugins.describe import describe


class Colour(Enum):
    RED = "red"


class Inner(Options):
    width: int = 3


WORDS: list[tuple[Any, str]] = [
    (int, "int"),
    (str | None, "str | none"),
    (Optional[float], "float | none"),  # noqa: UP045 -- the older spelling must work too
    (Literal["left", "right"], "left | right"),
    (list[str], "list of str"),
    (tuple[int, ...], "tuple of int"),
    (tuple[int, int], "tuple of int"),
    (dict[str, float], "dict of str, float"),
    (Mapping[str, int], "Mapping of str, int"),
    (Annotated[int, Field(ge=1, lt=9)], "int, >= 1, < 9"),
    (list[Annotated[int, Field(ge=1)]], "list of int"),
    (Annotated[str, Field(min_length=2)], "str, length >= 2"),
    (Path, "path"),
    (Colour, "colour"),
    (Inner, "inner"),
    (Any, "any"),
]


@pytest.mark.parametrize(("annotation", "words"), WORDS)
def test_a_type_in_words(annotation: Any, words: str) -> None:
    made = type("Made", (Options,), {"__annotations__": {"it": annotation}, "__module__": __name__})
    stage = type("It", (Stage,), {"__doc__": "It.", "Options": made})
    assert describe(stage).options[0].type == words


def test_defaults_are_json() -> None:
    class Many(Options):
        must: int
        path: Path = Path("a/b")
        inner: Inner = Inner()
        made: list[int] = Field(default_factory=lambda: [1, 2], description="Made\n   anew.")
        colour: Colour = Colour.RED

    class It(Stage[Many]):
        """It."""

        Options = Many

    told = {option.name: option for option in describe(It).options}
    assert {name: option.default for name, option in told.items()} == {
        "must": None,
        "path": "a/b",
        "inner": {"width": 3},
        "made": [1, 2],
        "colour": "red",
    }
    assert [option.name for option in told.values() if option.required] == ["must"]
    assert told["made"].description == "Made anew."


def test_the_summary_is_the_first_paragraph_and_never_the_base_classes() -> None:
    class Told(Source[Options]):
        """Tells
        much.

        And more.
        """

    class Silent(Stage[Options]):
        pass

    assert describe(Told).summary == "Tells much."
    assert describe(Told).source
    assert describe(Told).gives == ("frame",)
    assert describe(Silent).summary == ""
    assert not describe(Silent).source
