"""The JSON Schema of pipelines, with the options of every installed stage."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError

from ferpipe.config.document import PipelineKeys, StageKeys
from ferpipe.config.protocols import Stages
from ferpipe.stages import Stage

__all__ = ["json_schema"]

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: Schema = {
    "type": "string",
    "pattern": r"\$\{",
    "description": "A variable of the environment: ${NAME} or ${NAME:-default}.",
}
_WITHIN = ("items", "additionalProperties", "contains", "not", "if", "then", "else")
_MAPS = ("properties", "patternProperties", "$defs")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")


def json_schema(stages: Stages) -> Schema:
    """The schema (JSON Schema 2020-12) that an editor completes and checks pipelines with.

    Descriptions come from the docstrings of stages and the fields of their options; a variable
    may stand wherever a scalar may.  A stage that cannot be loaded, or whose options have no
    schema, is known by name only.
    """
    definitions: Schema = {}
    document = _of_model(PipelineKeys, "", definitions)
    stage = _of_model(StageKeys, "", definitions)
    known = [(entry.name, entry.stage) for entry in sorted(stages.entries(), key=lambda e: e.name)]
    use = _names(known)
    stage["properties"]["use"] = use
    stage["allOf"] = [_options_of(name, cls, definitions) for name, cls in known if cls]
    definitions["stage"] = stage
    document["properties"]["stages"]["items"] = {"anyOf": [{"$ref": "#/$defs/stage"}, use]}
    return {"$schema": _DIALECT, "title": "ferpipe pipeline", **document, "$defs": definitions}


def _names(known: list[tuple[str, type[Stage[Any]] | None]]) -> Schema:
    choices = [{"const": name, "description": _description(cls)} for name, cls in known]
    description = StageKeys.model_fields["use"].description
    return {"description": description, "anyOf": [*choices, {"type": "null"}, _VARIABLE]}


def _description(cls: type[Stage[Any]] | None) -> str:
    """The first paragraph of the stage's docstring, on one line, and what the stage measures."""
    if cls is None:
        return "This stage's plugin is broken: see `ferpipe plugins`."
    words = " ".join((getdoc(cls) or cls.__name__).split("\n\n")[0].split())
    measures = ", ".join(map(str, cls.measures))
    return f"{words} Measures {measures}." if measures else words


def _options_of(name: str, cls: type[Stage[Any]], definitions: Schema) -> Schema:
    """If a stage uses `name`, then its options are those of `cls`."""
    try:
        options = _of_model(cls.Options, f"{name}.", definitions)
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError):
        options = {"type": "object"}
    definitions[f"{name}.options"] = {**options, "title": f"options of {name}"}
    then: Schema = {"properties": {"with": {"anyOf": [{"$ref": f"#/$defs/{name}.options"}]}}}
    if options.get("required"):
        then["required"] = ["with"]
    else:
        then["properties"]["with"]["anyOf"].append({"type": "null"})
    return {"if": {"properties": {"use": {"const": name}}, "required": ["use"]}, "then": then}


def _of_model(model: type[BaseModel], prefix: str, definitions: Schema) -> Schema:
    """The schema of a model, with variables; the models it refers to go to `definitions`."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}{{model}}")
    for name, definition in schema.pop("$defs", {}).items():
        definitions[prefix + name] = _with_variables(definition)
    return _with_variables(schema)


def _with_variables(schema: Schema) -> Schema:
    """`schema` with a variable allowed in place of every scalar that is not any text."""
    result = dict(schema)
    result.pop("title", None)
    for key in _WITHIN:
        if isinstance(result.get(key), dict):
            result[key] = _with_variables(result[key])
    for key in _MAPS:
        if isinstance(result.get(key), dict):
            result[key] = {name: _with_variables(part) for name, part in result[key].items()}
    for key in _LISTS:
        if isinstance(result.get(key), list):
            result[key] = [_with_variables(part) for part in result[key]]
    return _or_variable(result) if _is_narrow_scalar(result) else result


def _is_narrow_scalar(schema: Schema) -> bool:
    if "enum" in schema or "const" in schema or schema.get("type") in {"integer", "number", "boolean"}:
        return True
    return schema.get("type") == "string" and bool({"pattern", "format", "maxLength"} & schema.keys())


def _or_variable(schema: Schema) -> Schema:
    outer: Schema = {key: schema.pop(key) for key in ("description", "default") if key in schema}
    return {**outer, "anyOf": [schema, _VARIABLE]}
