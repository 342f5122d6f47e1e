"""What `ferpipe doctor` says of reading video: decoders and cameras."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ferpipe import Check

__all__ = ["checks"]

_DECODERS = ("h264", "hevc", "vp9", "av1", "mjpeg")


def checks() -> Iterator[Check]:
    """PyAV with its FFmpeg, the decoders that videos need, the cameras."""
    try:
        import av
    except ImportError as error:
        yield Check(
            "reading video", "fail", f"PyAV cannot be imported: {error}", "pip install --force-reinstall av"
        )
        return
    yield Check("reading video", "ok", f"PyAV {av.__version__}, FFmpeg's libavcodec {_libavcodec()}")
    missing = [name for name in _DECODERS if name not in av.codecs_available]
    advice = "pip install --force-reinstall av: its own wheel has them"
    found = f"no {', '.join(missing)}" if missing else ", ".join(_DECODERS)
    yield Check("decoders", "warn" if missing else "ok", found, advice if missing else "")
    yield _cameras()


def _libavcodec() -> str:
    import av

    return ".".join(map(str, av.library_versions["libavcodec"]))


def _cameras() -> Check:
    if not sys.platform.startswith("linux"):
        return Check("cameras", "ok", "not listed on this system", "")
    devices = sorted(Path("/dev").glob("video[0-9]*"), key=lambda path: int(path.name[5:]))
    if not devices:
        advice = "plug one in; in a container or over ssh, hand /dev/video0 on"
        return Check("cameras", "warn", "none", advice)
    return Check("cameras", "ok", ", ".join(map(_camera, devices)))


def _camera(device: Path) -> str:
    """The device with the name that the kernel gives it (sysfs, video4linux)."""
    try:
        name = Path(f"/sys/class/video4linux/{device.name}/name").read_text(encoding="utf-8").strip()
    except OSError:
        return str(device)
    return f"{device} ({name})"
