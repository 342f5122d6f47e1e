"""What `ferpipe doctor` says of writing video: encoders, and the ffmpeg that streams."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from ferpipe import Check

__all__ = ["checks"]


def checks() -> Iterator[Check]:
    """H.264 and sound through PyAV, encoders in hardware, and the ffmpeg of imageio-ffmpeg."""
    yield _encoders()
    yield _hardware()
    yield _ffmpeg()


def _encoders() -> Check:
    advice = "pip install --force-reinstall av: its own wheel has them"
    try:
        import av.codec
    except ImportError as error:
        return Check("writing video", "fail", f"PyAV cannot be imported: {error}", advice)
    missing = [name for name in ("libx264", "aac") if not _encodes(name)]
    if missing:
        return Check("writing video", "fail", f"PyAV cannot encode {', '.join(missing)}", advice)
    return Check("writing video", "ok", f"libx264, aac (PyAV {av.__version__})")


def _hardware() -> Check:
    try:
        from ferpipe_sinks._hardware import HARDWARE, usable
    except ImportError as error:
        return Check("hardware encoders", "warn", f"cannot be tried: {error}")
    found = [name for name in HARDWARE if usable(name)]
    said = ", ".join(found) or "none works on this machine"
    return Check("hardware encoders", "ok", f"{said}; 'codec: auto' uses {found[0] if found else 'libx264'}")


def _encodes(name: str) -> bool:
    from av.codec import Codec

    try:
        return Codec(name, "w").is_encoder
    except ValueError:
        return False


def _ffmpeg() -> Check:
    advice = "pip install --force-reinstall imageio-ffmpeg if you want the stage 'stream'"
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        path = get_ffmpeg_exe()
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=True)
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Check("ffmpeg", "warn", f"cannot be run: {error}", advice)
    return Check("ffmpeg", "ok", f"{done.stdout.split(' Copyright')[0]} ({path})")
