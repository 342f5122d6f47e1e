"""The application: every address, behind the guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from ferpipe_web.errors import HANDLERS
from ferpipe_web.guard import Guard
from ferpipe_web.metrics import metrics
from ferpipe_web.rest import analyze, camera, events, jobs, live, openapi, pages, reference
from ferpipe_web.server import Server

__all__ = ["ROUTES", "make_app"]

ROUTES: list[BaseRoute] = [
    Route("/", pages.index),
    Route("/page/{path:path}", pages.page),
    Route("/assets/{path:path}", pages.assets),
    Route("/docs", reference.reference),
    Route("/docs.css", reference.style),
    Route("/openapi.json", openapi.openapi),
    Route("/metrics", metrics),
    Route("/healthz", pages.health),
    Route("/readyz", pages.ready),
    Route("/api/login", pages.login, methods=["POST"]),
    Route("/api/logout", pages.logout, methods=["POST"]),
    Route("/api/state", live.state),
    Route("/api/pipelines", live.pipelines),
    Route("/api/sources", live.sources),
    Route("/api/live", live.live),
    Route("/api/live/start", live.start, methods=["POST"]),
    Route("/api/live/stop", live.stop, methods=["POST"]),
    Route("/api/live/recording", live.begin_recording, methods=["POST"]),
    Route("/api/live/recording", live.end_recording, methods=["DELETE"]),
    Route("/api/live/events", events.events),
    WebSocketRoute("/api/live/events", events.events_socket),
    WebSocketRoute("/api/live/view", events.view),
    Route("/api/live/picture.jpg", events.picture),
    Route("/api/recordings", live.recordings),
    Route("/api/recordings/{id}", live.recording, methods=["GET", "DELETE"]),
    Route("/api/recordings/{id}/{file}", live.recording_file),
    Route("/api/people/merge", live.merge, methods=["POST"]),
    Route("/api/people/split", live.split, methods=["POST"]),
    Route("/api/people/{track}", live.rename, methods=["PUT"]),
    Route("/api/analyze", analyze.analyze, methods=["POST"]),
    Route("/api/jobs", jobs.upload, methods=["POST"]),
    Route("/api/jobs", jobs.jobs),
    Route("/api/jobs/{id}", jobs.job, methods=["GET", "DELETE"]),
    Route("/api/jobs/{id}/{file}", jobs.job_file),
    WebSocketRoute("/api/camera", camera.camera),
]


def make_app(server: Server) -> Starlette:
    """The ASGI application of `server`, which opens and closes with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await server.open()
        try:
            yield
        finally:
            await server.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Guard, settings=server.settings)],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.server = server
    return app
