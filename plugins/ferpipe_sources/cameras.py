"""The cameras of this machine."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Camera", "camera_path", "device_format", "list_cameras"]

LINUX_DEVICES = Path("/sys/class/video4linux")

FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""FFmpeg's name for cameras, by platform."""


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera: the index that a pipeline gives, the device to open, and its name."""

    index: int
    path: str
    name: str

    def __str__(self) -> str:
        return f"{self.index} ({self.name}, {self.path})"


def device_format() -> str:
    """FFmpeg's input format for cameras on this platform."""
    return FORMATS.get(sys.platform, "v4l2")


def list_cameras() -> tuple[Camera, ...]:
    """The cameras that are plugged in now, by index; an empty tuple where there are none."""
    if sys.platform == "linux":
        return linux_cameras(LINUX_DEVICES)
    return library_cameras()


def linux_cameras(devices: Path) -> tuple[Camera, ...]:
    """The cameras listed in `devices` (sysfs); nodes for metadata of another camera are omitted."""
    found = []
    for node in devices.glob("video*"):
        number = re.fullmatch(r"video(\d+)", node.name)
        if number and _text(node / "index") in ("0", ""):
            found.append(Camera(int(number[1]), f"/dev/{node.name}", _text(node / "name") or node.name))
    return tuple(sorted(found, key=lambda camera: camera.index))


def library_cameras() -> tuple[Camera, ...]:
    """The cameras that FFmpeg's device library sees (macOS and Windows)."""
    from av.device import enumerate_input_devices
    from av.error import FFmpegError

    try:
        devices = enumerate_input_devices(device_format())
    except (FFmpegError, ValueError):
        return ()
    videos = [device for device in devices if "video" in device.media_types]
    return tuple(Camera(i, device.name, device.description) for i, device in enumerate(videos))


def camera_path(device: int | str) -> str:
    """What FFmpeg opens for `device`, an index of `list_cameras` or a path of the user's."""
    if isinstance(device, str) and not device.isdecimal():
        return device
    if sys.platform == "linux":
        return f"/dev/video{device}"
    found = {camera.index: camera.path for camera in list_cameras()}
    name = found.get(int(device), str(device))
    return f"video={name}" if sys.platform == "win32" else name


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
