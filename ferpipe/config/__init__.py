"""The config of ferpipe: YAML in, a checked pipeline out, or every mistake with its place."""

from ferpipe.config.definition import Definition
from ferpipe.config.find import find
from ferpipe.config.load import from_dict, load, loads, settings_with
from ferpipe.config.protocols import StageEntry, Stages
from ferpipe.config.schema import json_schema

__all__ = [
    "Definition",
    "StageEntry",
    "Stages",
    "find",
    "from_dict",
    "json_schema",
    "load",
    "loads",
    "settings_with",
]
