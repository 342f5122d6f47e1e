"""From the command line to a server that listens."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from ferpipe import Pipeline, UsageError, redact
from ferpipe_web.app import make_app
from ferpipe_web.chains import live_chain, read
from ferpipe_web.listen import bind, listener
from ferpipe_web.server import Server
from ferpipe_web.settings import Choice, Settings

__all__ = ["Request", "run", "settings_of"]

_USUAL = "webcam"
"""The pipeline that is offered where none is named."""
_NEW = "new"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,60}")
_STILLS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".gif"})


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line says."""

    pipeline: str | None
    host: str
    port: int
    sources: tuple[str, ...]
    also: tuple[str, ...]
    sets: tuple[str, ...]
    plugins: tuple[str, ...]
    data: Path | None
    token: str | None
    public: bool
    hosts: tuple[str, ...]
    certificate: Path | None
    key: Path | None
    loop: bool


def run(request: Request) -> int:
    """Serve until a signal; gives the exit code.  Raises UsageError and ConfigError before that."""
    settings, own = settings_of(request)
    server = Server(settings, own)
    sock = bind(settings)
    try:
        uvicorn = listener(make_app(server), settings)
        uvicorn.ending = server.end_soon
        _greet(settings, sock.getsockname()[1])
        _log()
        asyncio.run(uvicorn.serve([sock]))
    finally:
        sock.close()
    return 128 + uvicorn.signal if uvicorn.signal is not None else 0


def settings_of(request: Request) -> tuple[Settings, str]:
    """The settings, and the type of the served pipeline's source.  Raises UsageError, ConfigError."""
    if (request.certificate is None) != (request.key is None):
        raise UsageError("--certificate and --key belong together: give both")
    token = secrets.token_urlsafe(24) if request.token == _NEW else request.token or None
    if token is not None and len(token) < 8:
        raise UsageError("--token is shorter than 8 characters: choose a longer one, or 'new'")
    if token is None and not request.public and not _is_local(request.host):
        raise UsageError(
            f"others can reach {request.host}: protect it with --token new, or say --public to serve without"
        )
    common = {"overrides": list(request.sets), "plugins": list(request.plugins)}
    chosen: dict[str, Choice] = {}
    own = "other"
    for name in (request.pipeline or _USUAL, *request.also):
        config = {"pipeline": name, **(common if not chosen else {"plugins": common["plugins"]})}
        pipeline = read(config)
        chain = live_chain(pipeline)
        own = own if chosen else _source_use(chain)
        chosen.setdefault(pipeline.name, Choice(pipeline.name, config, _title(chain)))
    return Settings(
        pipelines=chosen,
        sources=dict(map(_source, request.sources)),
        data=(
            request.data or Path(platformdirs.user_data_dir("ferpipe", appauthor=False)) / "serve"
        ).absolute(),
        host=request.host,
        port=request.port,
        token=token,
        hosts=frozenset(name.lower() for name in request.hosts),
        autostart=request.pipeline is not None,
        loop=request.loop,
        certificate=request.certificate,
        key=request.key,
    ), own


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _source_use(pipeline: Pipeline) -> str:
    return next(node.use for node in pipeline.graph.nodes if node.is_source)


def _title(pipeline: Pipeline) -> str:
    """The types of the stages, in order."""
    return ", ".join(node.use for node in pipeline.graph.nodes if not node.is_source)


def _source(text: str) -> tuple[str, tuple[str, Mapping[str, Any]]]:
    """A name and a source stage of `NAME=ADDRESS`."""
    name, equals, address = text.partition("=")
    if not equals or not _NAME.fullmatch(name) or not address:
        raise UsageError(f"--source {redact(text)}: give a name and an address, such as door=rtsp://camera/1")
    if name == "pipeline":
        raise UsageError(
            "--source pipeline=...: that is the name of the pipeline's own source, choose another"
        )
    if address.startswith("camera:"):
        device = address.removeprefix("camera:")
        return name, ("webcam", {"device": int(device) if device.isdecimal() else device})
    if "://" in address:
        return name, ("rtsp", {"url": address})
    path = Path(address).absolute()
    if not path.exists():
        raise UsageError(f"--source {name}: {address} does not exist: give a file, a URL, or camera:0")
    if path.is_dir() or path.suffix.lower() in _STILLS:
        return name, ("images", {"path": str(path)})
    return name, ("file", {"path": str(path)})


def _greet(settings: Settings, port: int) -> None:
    scheme = "https" if settings.secure else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    secret = f"#token={settings.token}" if settings.token is not None else ""
    _say(f"ferpipe: serving {settings.served.name} at {scheme}://{host}:{port}/{secret}")
    _say(f"ferpipe: recordings and jobs are in {settings.data}")


def _log() -> None:
    logging.basicConfig(level=logging.WARNING, format="ferpipe: %(message)s", stream=sys.stderr)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201
