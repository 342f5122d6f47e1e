"""The schema says of a pipeline what loading says, and editors find the options in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ConfigDict

from ferpipe.config import Definition, json_schema
from ferpipe.resources import shipped

PIPELINES = sorted(shipped("pipelines").glob("*.yaml"))
HEAD = "version: 1\nstages:\n- {use: camera, name: cam, with: {path: a.mp4}}\n"


@pytest.fixture
def validator(registry: Any) -> jsonschema.Draft202012Validator:
    schema = json_schema(registry)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_good_pipeline_is_valid(validator: jsonschema.Draft202012Validator, good: str) -> None:
    validator.validate(yaml.safe_load(good))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- detect\n",
        "- null\n",
        "- {use: null}\n",
        "- {use: detect, with: null}\n",
        "- {use: detect, with: {every: '${EVERY}', model: '${M:-full}'}}\n",
        "- {use: detect, timeout: '${T}', on_error: {action: '${A}', budget: '${B}'}}\n",
        "- {use: write, with: {style: {width: '${W}', colour: '${C}'}, labels: ['${L}']}}\n",
        "- {use: '${STAGE}'}\n",
        "run: {queue: '${Q}', overwrite: '${O}', executor: '${E}'}\n",
        "plugins:\n",
    ],
)
def test_what_loads_is_valid(
    validator: jsonschema.Draft202012Validator, build: Callable[..., Definition], text: str
) -> None:
    env = {"EVERY": "2", "M": "full", "T": "5", "A": "skip", "B": "3", "W": "4", "C": "red", "L": "x"}
    build(HEAD + text, env=env | {"STAGE": "null", "Q": "2", "O": "true", "E": "inline"})
    validator.validate(yaml.safe_load(HEAD + text))


@pytest.mark.parametrize(
    "text",
    [
        "- detct\n",
        "- 3\n",
        "- {use: camera}\n",
        "- {use: detect, with: {evry: 2}}\n",
        "- {use: detect, with: {every: 0}}\n",
        "- {use: detect, with: {model: long}}\n",
        "- {use: write, with: {style: {widht: 3}}}\n",
        "- {use: detect, on_error: skp}\n",
        "- {use: detect, every: 2}\n",
        "run: {queue: many}\n",
        "zzz: 1\n",
    ],
)
def test_what_does_not_load_is_not_valid(
    validator: jsonschema.Draft202012Validator, mistakes: Callable[..., list[str]], text: str
) -> None:
    assert mistakes(HEAD + text)
    assert not validator.is_valid(yaml.safe_load(HEAD + text))


def test_descriptions_come_from_docstrings_and_fields(registry: Any) -> None:
    schema = json_schema(registry)
    uses = schema["$defs"]["stage"]["properties"]["use"]["anyOf"]
    assert {"const": "camera", "description": "Frames of a camera, as they come."} in uses
    options = schema["$defs"]["camera.options"]
    assert options["properties"]["path"]["description"] == "The file or address to read."
    assert options["required"] == ["path"]


def test_a_broken_stage_is_known_by_name_only(registry: Any) -> None:
    schema = json_schema(registry)
    names = [choice.get("const") for choice in schema["$defs"]["stage"]["properties"]["use"]["anyOf"]]
    assert "broken" in names
    assert "broken.options" not in schema["$defs"]


def test_options_that_have_no_schema_are_any_mapping(registry: Any) -> None:
    from ferpipe import Options as Base
    from ferpipe import Stage

    class Odd(Stage):
        class Options(Base):
            model_config = ConfigDict(arbitrary_types_allowed=True)
            pattern: Callable[[int], int] | None = None

    registry.classes["odd"] = Odd
    assert json_schema(registry)["$defs"]["odd.options"] == {"type": "object", "title": "options of odd"}


def installed() -> Any:
    from ferpipe.plugins import Registry

    return Registry(allow=["ferpipe"])


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_a_shipped_pipeline_fits_the_schema_it_names(path: Path) -> None:
    import json

    text = path.read_text(encoding="utf-8")
    line = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert line, "the first line names the schema"
    schema = json.loads((path.parent / line[1]).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))
    jsonschema.Draft202012Validator(json_schema(installed())).validate(yaml.safe_load(text))


def test_the_shipped_schema_has_every_stage_and_option() -> None:
    import json

    def options(schema: dict[str, Any]) -> dict[str, list[str]]:
        return {name: sorted(part.get("properties", ())) for name, part in schema["$defs"].items()}

    kept = json.loads((shipped("pipelines") / "schema.json").read_text(encoding="utf-8"))
    assert options(kept) == options(json_schema(installed())), "run: ferpipe schema -o pipelines/schema.json"
