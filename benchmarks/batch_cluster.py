"""A simulation: a batch over a million videos on 100 to 1,000 nodes, with failures and stragglers.

    python benchmarks/batch_cluster.py

Nothing here runs a video.  Service times are log-normal around the measured throughput, videos are lost with
their node, nodes are slow now and then.  It compares a queue of videos
(Ray), one shard for each node, and twenty shards for each node (array jobs), with the ideal: all work divided
by all cores.  It also counts what the manifest takes.
"""

from __future__ import annotations

import heapq
import random
import time

VIDEOS = 1_000_000
CORES = 8
"""A node's."""
MEAN, SIGMA = 60.0, 0.8
"""Seconds of one core for a video: a minute of video in the mean, a few of ten minutes."""
OVERHEAD = 0.05
LOST = 0.002
"""Chance that the node is lost while a video runs: half of its time is wasted, and it begins again."""
SLOW, FACTOR = 0.05, 1.5
"""Part of the nodes that are slow, and by how much."""
RECORDS = 2
RECORD = 300
"""Bytes of a record in the journal; two for each video."""


def services(chance: random.Random) -> list[float]:
    mu = 0.0
    values = [chance.lognormvariate(mu, SIGMA) for _ in range(VIDEOS)]
    scale = MEAN * VIDEOS / sum(values)
    return [value * scale + OVERHEAD for value in values]


def speeds(nodes: int, chance: random.Random) -> list[float]:
    return [1 / FACTOR if chance.random() < SLOW else 1.0 for _ in range(nodes)]


def queued(work: list[float], speed: list[float], chance: random.Random) -> float:
    """The makespan where each free core takes the next video, the longest first."""
    cores = [(0.0, node) for node in range(len(speed)) for _ in range(CORES)]
    heapq.heapify(cores)
    waiting, end = sorted(work), 0.0
    while waiting:
        video = waiting.pop()
        free, node = heapq.heappop(cores)
        spent = video / speed[node]
        if chance.random() < LOST:
            waiting.append(video)  # Ray gives out at once what was lost with a worker
            spent /= 2
        end = max(end, free + spent)
        heapq.heappush(cores, (free + spent, node))
    return end


def sharded(work: list[float], speed: list[float], chance: random.Random, *, each: int) -> float:
    """The makespan with `each` shards a node, dealt out by size to and fro; a node that is free takes the
    next shard, as the scheduler of an array job does it."""
    count = len(speed) * each
    parts: list[list[float]] = [[] for _ in range(count)]
    for number, video in enumerate(sorted(work, reverse=True)):
        place = number % (2 * count)
        parts[place if place < count else 2 * count - 1 - place].append(video)
    lasts = [queued(part, [1.0], chance) for part in parts]
    nodes = [(0.0, factor) for factor in speed]
    heapq.heapify(nodes)
    end = 0.0
    for lasting in lasts:
        free, factor = heapq.heappop(nodes)
        end = max(end, free + lasting / factor)
        heapq.heappush(nodes, (free + lasting / factor, factor))
    return end


def main() -> None:
    print(f"simulated: {VIDEOS:,} videos of {MEAN:.0f} core seconds in the mean, {CORES} cores a node")
    print("nodes  ideal h    queue  1 shard  20 shards a node   records/s  journals at a start")
    for nodes in (100, 300, 1000):
        chance = random.Random(nodes)  # noqa: S311
        work, speed = services(chance), speeds(nodes, chance)
        ideal = sum(work) / (CORES * sum(speed))
        began = time.monotonic()
        made = [
            queued(work, speed, chance),
            *(sharded(work, speed, chance, each=each) for each in (1, 20)),
        ]
        over = "  ".join(f"{value / ideal - 1:+7.1%}" for value in made)
        rate = RECORDS * VIDEOS / made[0]
        volume = RECORDS * VIDEOS * RECORD / 1e6
        took = time.monotonic() - began
        print(
            f"{nodes:5}  {ideal / 3600:7.2f}  {over}  {rate:9.0f}  {volume:.0f} MB  ({took:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
