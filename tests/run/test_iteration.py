"""Iterating over a pipeline: at a named stage, with `async for`, and with stage objects."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from support.stages import Counter, CounterOptions, Keep, Sum, doing

from ferpipe import Pipeline, StageError, UsageError, stage


def leveled(value: int, **attributes: Any) -> Any:
    return doing(lambda p: p.replace(level=value), gives=frozenset({"level"}), **attributes)


@pytest.mark.parametrize("executor", ["inline", "threads"])
def test_any_stage_can_be_iterated(executor):
    pipeline = Pipeline.of(Counter(), Sum(), leveled(-1), stage("null", from_="sum"), executor=executor)
    assert [packet.data.get("level") for packet in pipeline.at("counter")] == [None] * 10
    assert [packet.data["level"] for packet in pipeline.at("sum")] == list(range(10))
    assert [packet.data["level"] for packet in pipeline.at("doing")] == [-1] * 10
    assert pipeline.report.frames == 10
    with pytest.raises(UsageError, match=r"no stage 'summ': did you mean 'sum'\?"):
        pipeline.at("summ")


@pytest.mark.parametrize("executor", ["inline", "threads"])
def test_leaving_the_loop_at_a_stage_ends_the_run(executor):
    keep = Keep()
    pipeline = Pipeline.of(Counter(CounterOptions(frames=10_000)), Sum(), keep, executor=executor)
    for packet in pipeline.at("sum"):
        if packet.frame.index == 3:
            break
    assert keep.calls == ["open", "flush", "close"]
    assert pipeline.report.frames < 1000


def test_async_for_leaves_the_event_loop_free():
    async def look() -> tuple[list[int], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.005)
                ticks += 1

        other = asyncio.create_task(tick())
        slow = doing(lambda p: (time.sleep(0.02), p)[1])
        levels = [packet.data["level"] async for packet in Pipeline.of(Counter(), Sum(), slow)]
        other.cancel()
        return levels, ticks

    levels, ticks = asyncio.run(look())
    assert levels == list(range(10))
    assert ticks >= 5, "a loop that is held up for 200 ms would not tick"


def test_async_for_raises_and_ends():
    bad = doing(lambda p: p if p.frame.index < 3 else 1 / 0)
    seen = []

    async def all_of(pipeline: Pipeline) -> None:
        async for packet in pipeline.at("counter"):
            seen.append(packet.frame.index)  # noqa: PERF401 -- what came before the error counts

    with pytest.raises(StageError, match="at frame 3"):
        asyncio.run(all_of(Pipeline.of(Counter(), bad)))
    assert seen[:3] == [0, 1, 2]
    keep = Keep()
    pipeline = Pipeline.of(Counter(CounterOptions(frames=10_000)), keep)

    async def first() -> int:
        async for packet in pipeline:
            if packet.frame.index == 3:
                return packet.frame.index
        return -1

    assert asyncio.run(first()) == 3
    assert keep.calls == ["open", "flush", "close"]
    assert pipeline.report.frames < 1000


def test_a_cancelled_task_ends_its_run():
    keep = Keep()
    pipeline = Pipeline.of(Counter(CounterOptions(frames=10_000, period=0.01)), keep)

    async def forever() -> None:
        async for _ in pipeline:
            pass

    async def soon() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(forever(), 0.3)

    asyncio.run(soon())
    assert keep.calls == ["open", "flush", "close"]
    assert 0 < pipeline.report.frames < 1000


def test_a_stage_object_serves_one_run_at_a_time():
    keep = Keep()
    long = Pipeline.of(Counter(CounterOptions(frames=10_000, period=0.01)), keep)
    run = long.start()
    with pytest.raises(
        UsageError, match=r"'keep' is an object that another run is using.*make a Keep for each"
    ):
        Pipeline.of(Counter(), keep).run()
    with pytest.raises(UsageError, match="another run is using"):
        long.run()
    run.finish()
    assert run.wait(10)
    assert Pipeline.of(Counter(), keep).run().frames == 10, "it is free again"
    twin = Pipeline.of(Counter(), doing(lambda p: 1 / 0), keep)
    for _ in range(2):
        with pytest.raises(StageError, match="ZeroDivisionError"):
            twin.run()
