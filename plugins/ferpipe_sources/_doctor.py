"""What `ferpipe doctor` says of reading video: decoders and cameras."""

from __future__ import annotations

import sys
from collections.abc import Iterator

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
    """The cameras with what they can do; the index is what the stage `webcam` takes."""
    from ferpipe_sources._v4l2 import describe
    from ferpipe_sources.cameras import list_cameras

    found = list_cameras()
    if not found:
        advice = "connect one; in a container, pass /dev/video0 through"
        return Check("cameras", "warn", "none", advice)
    listed = []
    for camera in found:
        modes = describe(camera.path) if sys.platform == "linux" else ""
        listed.append(f"{camera}: {modes}" if modes else str(camera))
    return Check("cameras", "ok", " | ".join(listed))
