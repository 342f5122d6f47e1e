"""Errors as clients see them: a status, and one line of JSON."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

__all__ = ["HANDLERS", "Refusal", "refusal"]

_LOG = logging.getLogger("ferpipe.serve")
_STANDARD = {
    404: "there is nothing at this address: see /docs",
    405: "the address does not take this method: see /docs",
}


class Refusal(HTTPException):
    """A request that is refused; `message` says what, where, and what to do."""

    def __init__(self, status: int, message: str, *, retry: int | None = None) -> None:
        super().__init__(status, message, None if retry is None else {"Retry-After": str(retry)})


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that is refused."""
    return JSONResponse({"error": message}, status, dict(headers or {}))


async def _known(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 -- it is registered for these
    is_own = isinstance(error, Refusal)
    message = error.detail if is_own else _STANDARD.get(error.status_code, error.detail)
    return refusal(error.status_code, message, error.headers)


async def _unknown(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return refusal(500, "the server failed at this request; its log says where")


HANDLERS = {HTTPException: _known, Exception: _unknown}
