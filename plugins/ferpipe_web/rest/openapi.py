"""The OpenAPI document, made of the addresses and of the models of their bodies."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import ferpipe
from ferpipe_web.rest import models
from ferpipe_web.rest.operations import OPERATIONS, Operation

__all__ = ["document", "openapi"]

_REFS = "#/components/schemas/{model}"
_MEANINGS = {
    400: "The request is damaged.",
    401: "A token is needed, or it is wrong.",
    403: "The request comes from another site.",
    404: "There is no such thing.",
    405: "The address does not take this method.",
    408: "The body comes too slowly.",
    409: "It cannot be done in this state.",
    413: "The body is too large.",
    415: "The body is of a type that is not taken.",
    422: "The body, or the file, does not make sense.",
    429: "Too many requests; see Retry-After.",
    503: "Not now; see Retry-After.",
    507: "The disk of the server is full.",
}


async def openapi(_: Request) -> Response:
    """The document."""
    return JSONResponse(document())


@cache
def document() -> dict[str, Any]:
    """OpenAPI 3.1, as JSON takes it."""
    used = [getattr(models, name) for name in models.__all__]
    _, schemas = models_json_schema(
        [(model, "validation") for model in used], ref_template=_REFS, title="ferpipe"
    )
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ferpipe serve",
            "version": ferpipe.__version__,
            "description": "What faces show over time: pictures, files and a live run.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in OPERATIONS)],
    }


def _described(operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(status): {"description": operation.about, **_content(kind)}
        for status, kind in operation.answers.items()
    }
    errors = {*operation.errors, 403, 405, 429} | (set() if operation.open else {401})
    for status in sorted(errors):
        answers[str(status)] = {"description": _MEANINGS[status], **_content(models.ErrorAnswer)}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.about,
        "tags": [operation.tag],
        "responses": answers,
        "security": [] if operation.open else [{"token": []}, {}],
    }
    if operation.parameters:
        described["parameters"] = [dict(each) for each in operation.parameters]
    if operation.body is not None:
        described["requestBody"] = {
            "required": operation.body is not models.StartBody,
            **_body(operation.body),
        }
    return described


def _content(kind: type[BaseModel] | str | None) -> dict[str, Any]:
    if kind is None:
        return {}
    if isinstance(kind, str):
        return {"content": {kind: {}}}
    return {"content": {"application/json": {"schema": {"$ref": _REFS.format(model=kind.__name__)}}}}


def _body(kind: type[BaseModel] | str) -> dict[str, Any]:
    if not isinstance(kind, str):
        return _content(kind)
    form = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
    }
    return {"content": {"multipart/form-data": {"schema": form}, kind: {}}}
