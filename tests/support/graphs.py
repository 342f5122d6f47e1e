"""Graphs and runs from stage objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ferpipe import Packet, Stage
from ferpipe.graph import check
from ferpipe.graph.model import ErrorPolicy, Node, RunSettings
from ferpipe.run import Run, RunReport

EXECUTORS = ("inline", "threads")


def balanced(report: RunReport) -> bool:
    """Whether every frame is accounted for."""
    return all(
        s.entered == s.out + sum(s.dropped.values()) + sum(s.failed.values()) and s.in_flight == 0
        for s in report.sources
    )


class Bench:
    """A graph put together by hand: `add` stages, `run` them."""

    def __init__(self, executor: str = "threads", **settings: Any) -> None:
        self.settings = RunSettings(executor=executor, **settings)  # type: ignore[arg-type]
        self.nodes: list[Node] = []
        self.made: dict[str, Stage[Any]] = {}
        self.out: list[Packet] = []

    def add(
        self,
        name: str,
        stage: Stage[Any],
        *inputs: str,
        on_error: str = "fail",
        budget: int | None = None,
        timeout: float = 30.0,
        handed: bool = True,
    ) -> Bench:
        """`handed` False lets the run make the stage itself, and copies of it."""
        before = inputs or (() if not self.nodes else (self.nodes[-1].name,))
        if stage.gives == {"frame"}:
            before = ()
        policy = ErrorPolicy(on_error, budget)  # type: ignore[arg-type]
        self.nodes.append(Node(name, name, type(stage), stage.options, tuple(before), policy, timeout))
        if handed:
            self.made[name] = stage
        return self

    def start(self, trace: Path | None = None) -> Run:
        return Run(check(self.nodes), self.settings, made=self.made, tap=self.out.append, trace=trace).start()

    def run(self, within: float = 20.0, trace: Path | None = None) -> RunReport:
        run = self.start(trace)
        assert run.wait(within), "the run did not end in time"
        return run.report()
