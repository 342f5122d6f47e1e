"""The page /docs: every address, as plain HTML that needs no script and no network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import escape
from http import HTTPStatus
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ferpipe_web.rest.openapi import document

__all__ = ["page", "reference", "style"]

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>ferpipe serve: the API</title><link rel="icon" href="/page/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs.css"></head><body><main>
<h1>ferpipe serve: the API</h1>
<p>Version {version}. The same as <a href="/openapi.json">OpenAPI 3.1</a>; the live page is
<a href="/">here</a>.
Where a token is set, send it as <code>Authorization: Bearer TOKEN</code>. Every error has
the body <a href="#ErrorAnswer">ErrorAnswer</a>, <code>{{"error": "one line"}}</code>.</p>
"""

_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "shortest length",
    "maxLength": "longest length",
    "maxItems": "most items",
}


async def reference(_: Request) -> Response:
    """The page."""
    return HTMLResponse(page())


async def style(_: Request) -> Response:
    """Its style."""
    text = (resources.files("ferpipe_web") / "static" / "docs.css").read_bytes()
    return Response(text, media_type="text/css", headers={"cache-control": "no-cache"})


@cache
def page() -> str:
    """The whole page."""
    described = document()
    operations = [
        (path, method, operation)
        for path, item in described["paths"].items()
        for method, operation in item.items()
    ]
    parts = [_HEAD.format(version=escape(described["info"]["version"]))]
    for tag in described["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>")
        parts += [_operation(*each) for each in operations if each[2]["tags"] == [tag["name"]]]
    parts.append("<h2>Bodies</h2>")
    parts += [_schema(name, schema) for name, schema in sorted(described["components"]["schemas"].items())]
    return "".join(parts) + "</main></body></html>"


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(each['name'])}</code></th><td>{escape(each['in'])}</td>"
        f"<td>{_text(each['description'])}</td></tr>"
        for each in operation.get("parameters", ())
    )
    body = "".join(_content("Body", operation["requestBody"]) if "requestBody" in operation else ())
    answers = "".join(
        f"<tr><th scope='row'>{status} {HTTPStatus(int(status)).phrase}</th>"
        f"<td>{escape(answer['description'])}{_shown(status, answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    return (
        f'<details><summary><span class="method">{method.upper()}</span> '
        f"<code>{escape(path)}</code> <span class='about'>{_text(operation['summary'])}</span></summary>"
        f'<div id="{operation["operationId"]}">'
        + (f"<h3>Parameters</h3><table>{rows}</table>" if rows else "")
        + body
        + f"<h3>Answers</h3><table>{answers}</table></div></details>"
    )


def _content(title: str, holder: dict[str, Any]) -> Iterator[str]:
    yield f"<h3>{title}</h3><p>{' or '.join(_kinds(holder))}</p>"


def _kinds(holder: dict[str, Any]) -> Iterator[str]:
    for kind, content in holder.get("content", {}).items():
        ref = content.get("schema", {}).get("$ref", "")
        name = ref.rpartition("/")[2]
        yield f'<a href="#{name}">{name}</a>' if name else f"<code>{escape(kind)}</code>"


def _shown(status: str, answer: dict[str, Any]) -> str:
    """The body of an answer; that of every error is the same, and is told at the top."""
    kinds = "" if int(status) >= HTTPStatus.BAD_REQUEST else "".join(_kinds(answer))
    return f" {kinds}" if kinds else ""


def _schema(name: str, schema: dict[str, Any]) -> str:
    needed = schema.get("required", ())
    rows = "".join(
        f"<tr><th scope='row'><code>{escape(field)}</code></th>"
        f"<td>{_type(each)}{'' if field in needed else ', optional'}</td></tr>"
        for field, each in schema.get("properties", {}).items()
    )
    # A link to what is inside of `details` opens it; one to `details` itself does not.
    return (
        f"<details><summary><code>{escape(name)}</code> "
        f"<span class='about'>{_text(schema.get('description', ''))}</span></summary>"
        f'<div id="{name}"><table>{rows}</table></div></details>'
    )


def _type(schema: dict[str, Any]) -> str:
    """The type of a field in words, with its limits and links to other bodies."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " or ".join(
            f"<code>{escape(str(each))}</code>" for each in schema.get("enum", [schema.get("const")])
        )
    kind = str(schema.get("type", "any value"))
    if "prefixItems" in schema:
        return "list of " + ", ".join(map(_type, schema["prefixItems"]))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object, each value {_type(schema['additionalProperties'])}"
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    return escape(", ".join([kind, *limits]))


def _text(text: str) -> str:
    """Prose, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
