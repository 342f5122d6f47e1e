"""Variables, `--set`, and what must never be shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferpipe.config import Definition, find, from_dict, load
from ferpipe.errors import UsageError
from ferpipe.graph import ErrorPolicy

Build = Callable[..., Definition]
Mistakes = Callable[..., list[str]]
URL = "rtsp://admin:hunter2@10.0.0.5/live"


def camera(value: str, key: str = "device") -> str:
    return f"version: 1\nstages:\n- use: camera\n  name: cam\n  with:\n    path: x\n    {key}: {value}\n"


def device(definition: Definition) -> Any:
    return definition.graph["cam"].options.device  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("written", "env", "value"),
    [
        ("${A}", {"A": "7"}, 7),
        ("'${A}'", {"A": "x7"}, "x7"),
        ("${A:-3}", {}, 3),
        ("${A:-3}", {"A": ""}, 3),
        ("${A:-a-b}", {}, "a-b"),
        ("x${A}y${B}", {"A": "1", "B": "2"}, "x1y2"),
        ("$${A}", {"A": "7"}, "${A}"),
        ("a$$${A}", {"A": "7"}, "a$${A}"),
        ("$A", {"A": "7"}, "$A"),
        ("${A}", {"A": "[1, 2]"}, "[1, 2]"),
        ("${A}", {"A": "{b: 1}"}, "{b: 1}"),
        ("${A}", {"A": "x: y # z"}, "x: y # z"),
        ("${A}", {"A": "${B}"}, "${B}"),
        ("${A}", {"A": "2026-01-01"}, "2026-01-01"),
    ],
)
def test_a_variable_is_resolved(build: Build, written: str, env: dict[str, str], value: object) -> None:
    assert device(build(camera(written), env=env)) == value


def test_a_plain_variable_has_the_type_that_yaml_gives_it(build: Build) -> None:
    options = build(camera("${A}", "loop"), env={"A": "yes"}).graph["cam"].options
    assert options.loop is True  # type: ignore[attr-defined]


def test_variables_of_plain_objects(registry: Any) -> None:
    stages = [{"use": "camera", "name": "cam", "with": {"path": "a${A}", "device": "${A}"}}]
    definition = from_dict({"version": 1, "stages": stages}, registry=registry, env={"A": "5"})
    assert definition.graph["cam"].options.model_dump()["path"] == "a5"
    assert device(definition) == 5


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("cam.device=3", 3),
        ("cam.device=three", "three"),
        ("cam.device=*.jpg", "*.jpg"),
        ("cam.device=#ff8800", "#ff8800"),
        ("cam.device=[x].mp4", "[x].mp4"),
        ("cam.device=a=b", "a=b"),
        ("cam.device=${A}", "${A}"),
        (f"cam.device={URL}", URL),
    ],
)
def test_set_gives_a_value_in_yaml(build: Build, override: str, value: object) -> None:
    assert device(build(camera("0"), overrides=[override])) == value


def test_set_reaches_settings_nested_options_and_the_policy(build: Build) -> None:
    definition = build(
        camera("0") + "- write\n",
        overrides=[
            "run.queue=3",
            "run.queue=4",
            "write.style.width=9",
            "write.labels=[a, b]",
            "write.on_error=skip",
            "write.timeout=7",
        ],
    )
    node = definition.graph["write"]
    assert definition.settings.queue == 4
    assert node.options.model_dump()["style"] == {"width": 9, "colour": "white"}
    assert node.options.model_dump()["labels"] == ("a", "b")
    assert (node.on_error, node.timeout) == (ErrorPolicy("skip"), 7)


def test_set_gives_an_option_that_the_file_leaves_out(build: Build) -> None:
    assert build("version: 1\nstages: [camera]\n", overrides=["camera.path=b.mp4"]).graph["camera"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cam", "--set cam: expected stage.option=value, such as "),
        ("queue=4", "--set queue: expected stage.option=value, such as "),
        ("cam.=4", "--set cam.: expected stage.option=value, such as "),
        ("cma.path=x", "--set cma.path: the pipeline has no stage 'cma' (did you mean 'cam'?)"),
        ("zz.path=x", "--set zz.path: the pipeline has no stage 'zz' (the pipeline has 'cam', and run)"),
        ("cam.pth=x", "--set cam.pth: unknown option 'pth' (did you mean 'path'?)"),
        ("cam.rate=[1]", "--set cam.rate: 'rate': expected a number, found a list"),
        ("cam.size=[1, b]", "--set cam.size: 'size[1]': expected a whole number, found 'b'"),
        ("run.queue=b", "--set run.queue: 'run.queue': expected a whole number, found 'b'"),
        ("run.que=1", "--set run.que: unknown key 'run.que' (did you mean 'queue'?)"),
        ("cam.timeout=b", "--set cam.timeout: 'timeout': expected a number, found 'b'"),
    ],
)
def test_a_wrong_set_names_itself(mistakes: Mistakes, override: str, message: str) -> None:
    (line,) = mistakes(camera("0"), overrides=[override])
    assert line.startswith(message)


@pytest.mark.parametrize("key", ["rate", "loop", "size", "device", "nokey"])
def test_a_password_in_the_file_is_never_shown(mistakes: Mistakes, key: str) -> None:
    value = f"[{URL}]" if key == "device" else URL
    for line in mistakes(camera(value, key)):
        assert "hunter2" not in line


def test_a_long_url_is_redacted_before_it_is_cut_short(mistakes: Mistakes) -> None:
    (line,) = mistakes(camera(f"rtsp://admin:{'hunter2' * 20}@10.0.0.5/live", "rate"))
    assert line.endswith("found 'rtsp://***@10.0.0.5/live'")


def test_an_address_for_a_file_is_refused_without_its_password(mistakes: Mistakes, registry: Any) -> None:
    (line,) = mistakes(camera("0") + f"plugins: ['{URL}']\n")
    assert line.endswith("expected the path of a plugin file, found 'rtsp://***@10.0.0.5/live'")
    for open_it in (lambda: load(URL, registry=registry), lambda: find(URL, {})):
        with pytest.raises(UsageError, match=r"'rtsp://\*\*\*@10.0.0.5/live' is an address"):
            open_it()


def test_a_password_in_a_set_is_never_shown(mistakes: Mistakes) -> None:
    for override in (f"cam.rate={URL}", f"cam.pth={URL}", f"zz.path={URL}", URL, f"run.queue={URL}"):
        assert not any("hunter2" in line for line in mistakes(camera("0"), overrides=[override]))


def test_the_value_of_a_variable_is_never_shown(mistakes: Mistakes) -> None:
    (line,) = mistakes(camera("x${SECRET}", "rate"), env={"SECRET": "hunter2"})
    assert line == "p.yaml:7:11: cam: 'rate': expected a number, found the value of x${SECRET}"


def test_a_password_in_a_stage_name_or_input_is_never_shown(mistakes: Mistakes) -> None:
    for part in (f"- {URL}\n", f"- {{use: 'null', from: '{URL}'}}\n", f"- {{use: 'null', name: '{URL}'}}\n"):
        assert not any("hunter2" in line for line in mistakes(camera("0") + part))
