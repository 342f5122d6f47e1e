"""Videos and their pictures, for the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferpipe_report.media.thumbnails import moments, portraits
from ferpipe_report.media.video import video_data
from ferpipe_report.recording import Recording

__all__ = ["media_data"]


def media_data(
    recordings: Sequence[Recording],
    videos: Mapping[int, Path],
    target: Path,
    *,
    embed: bool,
    thumbnails: bool,
) -> tuple[list[dict[str, Any]], dict[str, str], dict[Path, bytes]]:
    """For each recording `video`, `moments` and `portraits`, where it has a video; the embedded videos;
    and the files to write beside the page.
    """
    found: list[dict[str, Any]] = [{} for _ in recordings]
    blobs: dict[str, str] = {}
    copies: dict[Path, bytes] = {}
    for i, video in videos.items():
        facts, content, beside = video_data(video, target, i, embed=embed)
        blobs.update(content)
        copies.update(beside)
        found[i] = {"video": {**facts, "name": video.name}}
        if thumbnails:
            found[i]["moments"] = moments(recordings[i], video)
            found[i]["portraits"] = portraits(recordings[i], video)
    return found, blobs, copies
