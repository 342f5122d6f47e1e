"""How far a run is: a bar in a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from ferpipe.packet import MICROSECONDS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ferpipe.run import Run, RunReport, SourceReport

__all__ = ["clock", "show"]

_EVERY = 10.0
"""Seconds between the plain lines."""


def show(run: Run) -> None:
    """Show the run until its end."""
    if sys.stderr.isatty():
        _bar(run)
    else:
        _lines(run)


def clock(seconds: float) -> str:
    """Stream time as people read it: 1:02:03 or 2:03."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class _Pace:
    """Frames a second over the last few seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int, int]] = deque(maxlen=40)

    def add(self, source: SourceReport) -> None:
        self._seen.append((monotonic(), source.out, source.position))

    def _over(self, index: int) -> float:
        first, last = self._seen[0], self._seen[-1]
        return (last[index] - first[index]) / (last[0] - first[0]) if last[0] > first[0] else 0.0

    @property
    def fps(self) -> float:
        return self._over(1)

    @property
    def speed(self) -> float:
        """Microseconds of stream time a second."""
        return self._over(2)


def _part(source: SourceReport) -> tuple[int, int | None]:
    """Where the requested part of the stream begins and ends, in microseconds; an end of
    None is not known.
    """
    stream = source.stream
    if stream is None:
        return 0, None
    ends = [end for end in (stream.duration, stream.end) if end]
    return stream.start, min(ends, default=None)


def _facts(report: RunReport, source: SourceReport, pace: _Pace) -> list[str]:
    facts = [f"{source.out} frames"] + ([f"{pace.fps:.1f} fps"] if pace.fps > 0 else [])
    _, end = _part(source)
    if source.live:
        state = next((stage.state for stage in report.stages if stage.name == source.name), "")
        facts += [state] if state else []
        facts += [f"age {source.age * 1000:.0f} ms"] if source.age is not None else []
    elif end and pace.speed > 0:
        facts.append(f"ETA {clock(max(0, end - source.position) / pace.speed)}")
    facts += [f"dropped {sum(source.dropped.values())}"] if source.dropped else []
    facts += [f"failed {sum(source.failed.values())}"] if source.failed else []
    waiting = {stage.name: stage.queue for stage in report.stages if stage.queue}
    if waiting:
        facts.append("queues " + " ".join(f"{name} {depth}" for name, depth in waiting.items()))
    return facts


def _line(report: RunReport, source: SourceReport, pace: _Pace) -> str:
    place = clock(source.position / MICROSECONDS)
    _, end = _part(source)
    if end:
        place += f" of {clock(end / MICROSECONDS)}"
    return ", ".join([f"{source.name}: {place}", *_facts(report, source, pace)])


def _lines(run: Run) -> None:
    paces: dict[str, _Pace] = {}
    last = monotonic()
    while not run.wait(0.2):
        sys.stderr.flush()
        if monotonic() - last < _EVERY:
            continue
        last = monotonic()
        report = run.report()
        for source in report.sources:
            pace = paces.setdefault(source.name, _Pace())
            pace.add(source)
            print(_line(report, source, pace), file=sys.stderr, flush=True)  # noqa: T201


def _bar(run: Run) -> None:
    from rich.console import Console
    from rich.live import Live

    paces: dict[str, _Pace] = {}
    console = Console(stderr=True)
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        while not run.wait(0.125):
            live.update(_picture(run.report(), paces))


def _picture(report: RunReport, paces: dict[str, _Pace]) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 1))
    for source in report.sources:
        pace = paces.setdefault(source.name, _Pace())
        pace.add(source)
        start, end = _part(source)
        done = max(0, source.position - start)
        bar = ProgressBar(total=end - start if end else None, completed=done, width=24, pulse=not end)
        place = clock(source.position / MICROSECONDS)
        if end:
            place += f"/{clock(end / MICROSECONDS)}"
        facts = Text("  ".join(_facts(report, source, pace)), overflow="ellipsis", no_wrap=True)
        table.add_row(Text(source.name, style="bold"), bar, Text(place, style="cyan"), facts)
    return table
