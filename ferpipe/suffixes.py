"""Which files of a folder are taken for videos."""

from __future__ import annotations

__all__ = ["VIDEOS"]

VIDEOS = frozenset(
    ".264 .265 .3g2 .3gp .amv .asf .avi .divx .dv .f4v .flv .h264 .h265 .hevc .ivf .m1v .m2ts .m2v .m4v "  # noqa: SIM905
    ".mjpeg .mjpg .mkv .mov .mp4 .mpe .mpeg .mpg .mts .mxf .nut .ogg .ogv .qt .rm .rmvb .ts .vob .webm .wmv "
    ".wtv .y4m".split()
)
"""Suffixes, in lower case, of the files of a folder that are read as videos; a file that is named may
have any."""
