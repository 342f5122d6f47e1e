"""Local files for FFmpeg: opened here, so that no name is taken for an address, a pattern or a list."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError

from ferpipe import UsageError
from ferpipe_sources import _limits  # noqa: F401 -- bounds what FFmpeg allocates

__all__ = ["open_file", "refuse_unreadable", "refuse_url"]

BUFFER = 1 << 18
"""Bytes that FFmpeg asks for at a time where it reads through Python."""

PLAYLISTS = frozenset({"concat", "dash", "hls", "imf", "webm_dash_manifest"})
"""FFmpeg's formats that name other files."""

STILLS = frozenset({b"heic", b"heix", b"heim", b"heis", b"avif", b"mif1"})
"""Major brands of single pictures (ISO/IEC 23008-12), whose tiles FFmpeg gives as videos."""


def refuse_url(path: str) -> None:
    """Raise UsageError for an address, naming the source that reads it."""
    if "://" in path and not path.startswith("ferpipe:"):
        raise UsageError(
            f"a {path.partition('://')[0][:20]} address is not a file; "
            "read it with 'use: rtsp' and 'with: {url: ...}'"
        )


def refuse_unreadable(path: Path) -> None:
    """Raise UsageError for what is missing, a folder, not a plain file, empty or not readable."""
    try:
        if path.is_dir():
            raise UsageError(
                f"{path} is a folder; name a video in it, or read its pictures with 'use: images'"
            )
        if not path.exists():
            raise UsageError(f"{path} is not there; check the path (it is relative to {Path.cwd()})")
        if not path.is_file():
            raise UsageError(_no_file(path))
        if path.stat().st_size == 0:
            raise UsageError(f"{path} is empty (0 bytes); copy or record it again")
        with path.open("rb"):
            pass
    except OSError as error:
        raise UsageError(_unreadable(path, error)) from None


def open_file(path: Path) -> InputContainer:
    """Open `path` as a video; nothing else than that file is touched (no network, no other file).

    FFmpeg is given an open file and never its name.  So `%03d` in a name is no pattern, a colon no
    protocol, and a format that names or guesses further files (VobSub, playlists) cannot open them.
    Raises UsageError where it is not a video, for playlists, and for HEIC and AVIF pictures.
    """
    head = _head(path)
    if _looks_like_playlist(head):
        raise UsageError(_no_playlist(path))
    if head[4:8] == b"ftyp" and head[8:12] in STILLS:
        raise UsageError(f"{path} is a picture, not a video; read it with 'use: images'")
    try:
        container = _by_object(path) if os.name == "nt" else _by_handle(path)
    except FFmpegError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"{path} is not a video that can be read ({reason}); it may be cut short or of another kind"
        ) from None
    except OSError as error:
        raise UsageError(_unreadable(path, error)) from None
    if PLAYLISTS.intersection(container.format.name.split(",")):
        container.close()
        raise UsageError(_no_playlist(path))
    return container


def _by_handle(path: Path) -> InputContainer:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe put there is not waited for
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UsageError(_no_file(path))
        settings = {"fd": str(handle), "protocol_whitelist": "fd"}
        return av.open("fd:", "r", container_options=settings, metadata_errors="replace")
    finally:
        os.close(handle)  # FFmpeg has one of its own


def _by_object(path: Path) -> InputContainer:
    """As `_by_handle`, where FFmpeg and Python do not share their file numbers (Windows)."""
    file = path.open("rb")
    try:
        settings = {"protocol_whitelist": "none"}
        return av.open(file, "r", container_options=settings, metadata_errors="replace", buffer_size=BUFFER)
    except BaseException:
        file.close()
        raise


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(1024)
    except OSError as error:
        raise UsageError(_unreadable(path, error)) from None


def _looks_like_playlist(head: bytes) -> bool:
    """Whether it begins as an HLS (RFC 8216), FFmpeg concat or DASH (ISO/IEC 23009-1) playlist."""
    head = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"#EXTM3U", b"ffconcat ")) or (head.startswith(b"<") and b"<MPD" in head)


def _no_playlist(path: Path) -> str:
    return f"{path} is a playlist, which names other files; give one of the videos that it names"


def _no_file(path: Path) -> str:
    return (
        f"{path} is a pipe or device, not a file; read a pipe with 'use: rtsp' and "
        f"'url: fifo://{path.absolute()}', a camera with 'use: webcam'"
    )


def _unreadable(path: Path, error: OSError) -> str:
    return f"{path} cannot be read: {error.strerror or error}; check its permissions"
