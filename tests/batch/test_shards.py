"""Which part of a batch a task of an array job does."""

from __future__ import annotations

import pytest

from ferpipe import UsageError
from ferpipe_batch.shards import Shard, read_shard
from ferpipe_batch.video import Video

SLURM = {"SLURM_ARRAY_TASK_MIN": "0", "SLURM_ARRAY_TASK_MAX": "9", "SLURM_ARRAY_TASK_COUNT": "10"}


@pytest.mark.parametrize(
    ("given", "environment", "shard"),
    [
        (None, {}, "1-of-1"),
        ("3/10", {"JOB_COMPLETION_INDEX": "9"}, "3-of-10"),
        (None, {**SLURM, "SLURM_ARRAY_TASK_ID": "9"}, "10-of-10"),
        (None, {**SLURM, "SLURM_ARRAY_TASK_ID": "4", "SLURM_ARRAY_TASK_STEP": "1"}, "5-of-10"),
        (
            None,
            {
                "SLURM_ARRAY_TASK_ID": "6",
                "SLURM_ARRAY_TASK_MIN": "2",
                "SLURM_ARRAY_TASK_MAX": "8",
                "SLURM_ARRAY_TASK_STEP": "2",
                "SLURM_ARRAY_TASK_COUNT": "4",
            },
            "3-of-4",
        ),
        (None, {"JOB_COMPLETION_INDEX": "0", "FERPIPE_SHARDS": "4"}, "1-of-4"),
        (None, {"AWS_BATCH_JOB_ARRAY_INDEX": "3", "AWS_BATCH_JOB_ARRAY_SIZE": "4"}, "4-of-4"),
    ],
)
def test_it_is_read_from_the_array_job(given: str | None, environment: dict[str, str], shard: str) -> None:
    assert str(read_shard(given, environment)) == shard


@pytest.mark.parametrize(
    ("given", "environment", "message"),
    [
        ("0/4", {}, "there is no shard 0 of 4"),
        ("5/4", {}, "there is no shard 5 of 4"),
        ("half", {}, "give it as 3/10"),
        (None, {"JOB_COMPLETION_INDEX": "0"}, "FERPIPE_SHARDS is not set"),
        (None, {**SLURM, "SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_COUNT": "3"}, "not one stretch"),
        (None, {"AWS_BATCH_JOB_ARRAY_INDEX": "x", "FERPIPE_SHARDS": "4"}, "is no number"),
    ],
)
def test_what_makes_no_sense_is_refused(given: str | None, environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_shard(given, environment)


def test_the_shards_share_all_videos_evenly() -> None:
    videos = [Video(f"/{n}", f"{n}", f"{n}", size=(n * 7919) % 1000) for n in range(103)]
    parts = [Shard(index, 4).of(videos) for index in range(1, 5)]
    assert sorted(video.key for part in parts for video in part) == sorted(video.key for video in videos)
    sums = [sum(video.size or 0 for video in part) for part in parts]
    assert max(sums) < 1.05 * min(sums)
