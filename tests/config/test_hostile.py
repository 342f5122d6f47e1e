"""Texts and plugins that mean harm, or might as well."""

from __future__ import annotations

from collections.abc import Callable

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
