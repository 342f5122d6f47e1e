"""Figures for Prometheus, read when they are requested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from starlette.requests import Request
from starlette.responses import Response

import ferpipe
from ferpipe_web.server import server_of

if TYPE_CHECKING:
    from ferpipe_web.server import Server

__all__ = ["metrics"]

_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def metrics(request: Request) -> Response:
    """The figures in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(server_of(request)))
    return Response(generate_latest(registry), headers={"content-type": _TYPE})


class _Figures:
    def __init__(self, server: Server) -> None:
        self._server = server

    def collect(self) -> Iterator[Metric]:
        server, state = self._server, self._server.live.state()
        yield InfoMetricFamily("ferpipe", "The version of ferpipe.", {"version": ferpipe.__version__})
        yield _gauge("live_up", "Whether the live run gives frames.", state["state"] == "live")
        yield _gauge("live_frames_per_second", "Frames a second that leave the live run.", state["fps"])
        if state["age_ms"] is not None:
            yield _gauge("live_age_seconds", "Age of a live frame when it leaves.", state["age_ms"] / 1000)
        yield _gauge("live_frames", "Frames that have left the current run.", state["frames"])
        dropped = GaugeMetricFamily(
            "ferpipe_live_dropped_frames", "Frames dropped in the current run.", labels=["cause"]
        )
        for cause, count in state["dropped"].items():
            dropped.add_metric([cause], count)
        yield dropped
        present = sum(person["present"] for person in state["people"])
        yield _gauge("live_people", "People in the picture.", present)
        yield _gauge("viewers", "Connections that look at the live picture.", state["viewers"])
        yield _gauge("listeners", "Connections that listen to events.", len(server.live.hub.listeners))
        yield _gauge("cameras", "Browser cameras that are open.", server.cameras)
        yield _gauge("recording", "Whether a recording is under way.", state["recording"] is not None)
        yield _counter(
            "camera_frames", "Frames of browser cameras that were analysed.", server.frames_of_cameras
        )
        yield _counter("pictures", "Pictures that were analysed for /api/analyze.", server.analyzer.done)
        yield _gauge("pictures_waiting", "Pictures that wait for /api/analyze.", server.analyzer.waiting)
        yield _counter("picture_workers", "Processes started for pictures.", server.analyzer.restarts)
        yield _gauge("jobs_open", "Jobs that wait or run.", server.jobs.open_jobs)
        jobs = CounterMetricFamily("ferpipe_jobs", "Jobs that have ended.", labels=["state"])
        for name, count in server.jobs.finished.items():
            jobs.add_metric([name], count)
        yield jobs


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"ferpipe_{name}", about, value=value)


def _counter(name: str, about: str, value: float) -> Metric:
    return CounterMetricFamily(f"ferpipe_{name}", about, value=value)
