"""Gather the figures of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ferpipe.run.context import Board
from ferpipe.run.executor import Component
from ferpipe.run.report import RunReport, SourceReport, StageReport
from ferpipe.run.timing import Histogram, merged
from ferpipe.run.worker import Worker

__all__ = ["summarise"]


def summarise(
    workers: Mapping[str, Sequence[Worker]],
    components: Sequence[Component],
    depths: Mapping[str, tuple[int, int]],
    board: Board,
    report: RunReport,
    ages: Mapping[str, tuple[float, float]],
) -> RunReport:
    """`report` with the figures of all stages and sources."""
    waiting = {component.source for component in components if component.live}
    timings = {name: merged(worker.timing for worker in replicas) for name, replicas in workers.items()}
    work = {name: 0.0 if name in waiting else timing.total for name, timing in timings.items()}
    everything = sum(work.values()) or 1.0
    stages = tuple(
        _stage(replicas, timings[name], work[name] / everything, depths.get(name, (0, 0)))
        for name, replicas in workers.items()
    )
    sources = tuple(_source(component, board, ages.get(component.source)) for component in components)
    return replace(report, stages=stages, sources=sources)


def _stage(
    replicas: Sequence[Worker], timing: Histogram, share: float, depth: tuple[int, int]
) -> StageReport:
    worker = replicas[0]
    return StageReport(
        name=worker.node.name,
        use=worker.node.use,
        frames=timing.count,
        mean=1e3 * timing.total / timing.count if timing.count else 0.0,
        p50=1e3 * timing.percentile(0.50),
        p95=1e3 * timing.percentile(0.95),
        p99=1e3 * timing.percentile(0.99),
        total=1e3 * timing.total,
        share=share,
        queue=depth[0],
        deepest=depth[1],
        errors=worker.error_count.errors,
        state=worker.state,
        counters=_added(replicas),
        copies=len(replicas),
    )


def _added(replicas: Sequence[Worker]) -> dict[str, int]:
    """The counters of all; the stages go on counting meanwhile, so each is copied in one step."""
    whole: Counter[str] = Counter()
    for worker in replicas:
        whole.update(dict(worker.counters))
    return dict(whole)


def _source(component: Component, board: Board, ages: tuple[float, float] | None) -> SourceReport:
    ledger = component.ledger
    with ledger.condition:
        return SourceReport(
            name=component.source,
            stream=board.streams.get(component.source),
            live=component.live,
            entered=ledger.entered,
            out=ledger.out,
            dropped=dict(ledger.dropped),
            failed=dict(ledger.failed),
            in_flight=ledger.in_flight,
            position=ledger.position,
            age=None if ages is None else ages[0],
            oldest=None if ages is None else ages[1],
        )
