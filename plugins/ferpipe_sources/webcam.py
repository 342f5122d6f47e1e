"""Cameras on this machine."""

from __future__ import annotations

import errno
from pathlib import Path

import cv2  # noqa: F401 -- before PyAV, whose copy of libxcb would make OpenCV's windows hang

# isort: split
import av
from av.container import InputContainer
from pydantic import Field, model_validator
from typing_extensions import Self

from ferpipe import Context, StreamInfo, UsageError, remedy
from ferpipe_sources._live import LiveOptions, LiveSource
from ferpipe_sources._reader import Connection
from ferpipe_sources.cameras import FORMATS, camera_path, device_format, list_cameras

__all__ = ["WebcamOptions", "WebcamSource"]

BUSY = errno.EBUSY
GONE = frozenset({errno.ENODEV, errno.ENOENT, errno.ENXIO})


class WebcamOptions(LiveOptions):
    """Which camera, and what to ask of it."""

    device: int | str = Field(0, description="Index of the camera, or its path, such as /dev/video2.")
    width: int | None = Field(
        None, ge=1, description="Width in pixels, to be given with `height`. Default: the camera's own."
    )
    height: int | None = Field(None, ge=1, description="Height in pixels, to be given with `width`.")
    fps: float | None = Field(None, gt=0, description="Frames per second. Default: the camera's own.")
    pixel_format: str | None = Field(
        None,
        description="Pixel format that the camera sends, such as mjpeg or yuyv422; mjpeg is often faster.",
    )
    format: str | None = Field(
        None,
        description="Input device of FFmpeg. Default: that of this platform (v4l2, avfoundation or dshow).",
    )

    @model_validator(mode="after")
    def _whole_size(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("give both width and height, or neither")
        return self


class WebcamSource(LiveSource[WebcamOptions]):
    """Reads a camera of this machine, at the times that its driver stamps on the frames.

    A camera that is unplugged during the run is waited for and opened again.
    Raises UsageError in `open` where there is no such camera, and says which there are.
    """

    Options = WebcamOptions

    def open(self, context: Context) -> None:
        """See that the camera is there."""
        super().open(context)
        self._format = self.options.format or device_format()
        if not context.trusted and self._format not in FORMATS.values():
            raise UsageError(
                f"the format '{self._format}' can do more than read a camera, and the pipeline is run with "
                f"{remedy('--no-local-plugins', 'trusted=False')}: leave the format out, or give "
                f"one of {', '.join(FORMATS.values())}"
            )
        device = self.options.device
        self._path = camera_path(device) if self.options.format is None else str(device)
        if self._format == "v4l2" and not Path(self._path).exists():
            raise UsageError(f"there is no camera {device}; {which_exist()}")
        if not context.trusted and self._format == "v4l2" and not Path(self._path).is_char_device():
            # V4L2 opens what it is given for writing too.
            raise UsageError(f"{self._path} is no camera but a file or folder: give the device of one")
        options = self.options
        self.stream = StreamInfo(
            name=f"webcam {device}",
            uri=self._path,
            live=True,
            width=options.width,
            height=options.height,
            rate=options.fps,
        )

    def connection(self) -> Connection:
        """The device."""
        borrowed = self._format == "v4l2"
        return Connection(self._connect, self.stream.name, latest=self.context.live, borrowed=borrowed)

    def _connect(self) -> InputContainer:
        options = self.options
        settings: dict[str, str] = {}
        if options.width is not None:
            settings["video_size"] = f"{options.width}x{options.height}"
        if options.fps is not None:
            settings["framerate"] = f"{options.fps:g}"
        if options.pixel_format is not None:
            settings["input_format" if self._format == "v4l2" else "pixel_format"] = options.pixel_format
        return av.open(
            self._path,
            "r",
            format=self._format,
            container_options=settings,
            timeout=(options.open_timeout, options.stall_timeout),
        )

    def is_final(self, error: Exception) -> bool:
        """Before the first frame everything is: a camera is there and works, or not."""
        return not isinstance(error, TimeoutError)

    def explain(self, error: Exception) -> str:
        """One line for the user."""
        what = f"camera {self.options.device}"
        if isinstance(error, av.error.PermissionError):
            return f"{what} may not be opened; add yourself to the group 'video', or grant access to cameras"
        if isinstance(error, av.error.FFmpegError) and error.errno in GONE:
            return f"{what} is not there, or not any more; {which_exist()}"
        if isinstance(error, av.error.FFmpegError) and error.errno == BUSY:
            return f"{what} is in use by another program; close it first"
        if isinstance(error, av.error.FFmpegError):
            said = error.strerror or type(error).__name__
            return f"{what} does not work ({said}); check size, fps and pixel_format; {which_exist()}"
        return f"{what}: {error}"


def which_exist() -> str:
    """The cameras of this machine, in words."""
    found = list_cameras()
    if not found:
        return "no camera is connected to this machine"
    return "connected are: " + ", ".join(map(str, found))
