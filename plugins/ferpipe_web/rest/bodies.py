"""Reading the body of a request, bounded in size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from ferpipe_web.errors import Refusal
from ferpipe_web.settings import Limits

__all__ = ["chunks", "json_body", "whole"]

_SLOWEST = 1024
_GRACE = 30.0
"""Seconds before a body that comes too slowly is given up."""
M = TypeVar("M", bound=BaseModel)


async def chunks(request: Request, most: int, idle: float) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises Refusal: 413 where it is larger than `most` bytes (before the first one, where its length is
    declared), 408 where nothing comes for `idle` seconds.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise Refusal(413, f"the body is {int(declared)} bytes; at most {most} are taken")
    total, began = 0, monotonic()
    stream = request.stream().__aiter__()
    while True:
        try:
            chunk = await asyncio.wait_for(stream.__anext__(), idle)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError:
            raise Refusal(408, f"nothing came for {idle:g} s; send the request again") from None
        except ClientDisconnect:
            raise Refusal(400, "the connection ended before the body did") from None
        total += len(chunk)
        if total > most:
            raise Refusal(413, f"the body is larger than {most} bytes, which is the most that is taken")
        if monotonic() - began > _GRACE + total / _SLOWEST:
            raise Refusal(408, f"the body comes at less than {_SLOWEST} bytes a second; send it faster")
        if chunk:
            yield chunk


async def whole(parts: AsyncIterator[bytes], seconds: float) -> bytes:
    """All of `parts`, which must come within `seconds`.  Raises Refusal."""
    data = bytearray()

    async def read() -> None:
        async for chunk in parts:
            data.extend(chunk)

    try:
        await asyncio.wait_for(read(), seconds)
    except asyncio.TimeoutError:
        raise Refusal(408, "the body came too slowly; send the request again") from None
    return bytes(data)


async def json_body(request: Request, model: type[M], limits: Limits) -> M:
    """The body as `model`; an empty one is `{}`.  Raises Refusal."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = await whole(chunks(request, limits.body, limits.idle), limits.idle)
    if data and kind != "application/json":
        raise Refusal(415, "the body is not JSON: send it with Content-Type: application/json")
    try:
        return model.model_validate_json(data or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise Refusal(422, f"{where}: {first['msg'][:200]}; see /docs") from None
