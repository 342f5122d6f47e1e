"""Frames from Python: an iterable of arrays, with their times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from ferpipe import Context, Frame, Options, Packet, Source, StreamInfo, UsageError, as_image
from ferpipe.packet import MICROSECONDS

__all__ = ["FramesOptions", "FramesSource"]


class FramesOptions(Options):
    """Which frames, and when each of them was."""

    images: Any = Field(
        description=(
            "An iterable of uint8 arrays, (H, W, 3) or grey (H, W), or of (array, seconds) pairs. It can "
            "only be given in Python."
        )
    )
    seconds: Any = Field(
        None, description="An iterable of the times of the frames in seconds, if they are not pairs."
    )
    rate: float | None = Field(
        None, gt=0, le=1e6, description="Frames per second, if the frames have no times of their own."
    )
    live: bool = Field(
        default=False,
        description=(
            "Whether the iterable yields frames at its own pace. Then frames are dropped if they come too "
            "fast, and a frame without a time gets the time of its arrival."
        ),
    )
    color: Literal["bgr", "rgb"] = Field("bgr", description="Order of the channels of an array.")

    @field_validator("images", "seconds")
    @classmethod
    def _is_iterable(cls, value: Any) -> Any:
        if value is not None and (isinstance(value, str | bytes | dict) or not isinstance(value, Iterable)):
            raise ValueError("expected an iterable, given from Python")
        return value

    @model_validator(mode="after")
    def _one_clock(self) -> FramesOptions:
        if self.seconds is not None and self.rate is not None:
            raise ValueError("give seconds or rate, not both")
        return self


class FramesSource(Source[FramesOptions]):
    """Gives the frames of an iterable: arrays of a program's own, with times.

    The arrays are copied, and stay the caller's.  An iterator is used up by its first run, a list serves
    any number.  Raises UsageError for what is no picture, for times that do not increase, and where a
    frame has no time.
    """

    Options = FramesOptions

    def open(self, context: Context) -> None:
        """Nothing is requested yet: the first frame may take its time."""
        super().open(context)
        images = self.options.images
        first = images[0] if isinstance(images, list | tuple | np.ndarray) and len(images) else None
        if isinstance(first, list | tuple):
            first = first[0]
        shape = np.shape(first) if isinstance(first, np.ndarray) else ()
        self.live = self.options.live
        self.stream = StreamInfo(
            name=context.name,
            uri="memory",
            live=self.live,
            width=shape[1] if len(shape) > 1 else None,
            height=shape[0] if len(shape) > 1 else None,
            frames=len(images) if hasattr(images, "__len__") else None,
            rate=self.options.rate,
        )

    def frames(self) -> Iterator[Packet]:
        """One packet an array."""
        times = None if self.options.seconds is None else iter(self.options.seconds)
        begun = monotonic()
        last = -1
        for index, item in enumerate(self.options.images):
            if self.context.stop.is_set():
                return
            picture, seconds = self._parts(item, index)
            if times is not None:
                seconds = next(times, None)
            elif seconds is None and self.options.rate is not None:
                seconds = index / self.options.rate
            elif seconds is None and self.live:
                seconds = max(monotonic() - begun, (last + 1) / MICROSECONDS)
            last = self._time(seconds, index, last)
            captured = monotonic() if self.live else None
            image = as_image(picture, self.options.color)
            yield Packet(Frame(image, last, index, self.context.name, captured=captured))

    def _parts(self, item: Any, index: int) -> tuple[Any, Any]:
        """The picture and its time; the options' check has made lists of tuples."""
        if not isinstance(item, list | tuple):
            return item, None
        if len(item) != 2:
            raise UsageError(
                f"frame {index}: expected an array or an (array, seconds) pair, found {len(item)} values"
            )
        return item[0], item[1]

    @staticmethod
    def _time(seconds: Any, index: int, last: int) -> int:
        """`seconds` in microseconds, checked."""
        if seconds is None:
            raise UsageError(
                f"frame {index} has no time: give (array, seconds) pairs, seconds=[...] or rate=25"
            )
        try:
            value = float(seconds)
        except (TypeError, ValueError):
            value = math.nan
        if not math.isfinite(value) or value < 0:
            raise UsageError(f"frame {index}: expected a time of 0 s or more, found {seconds!r}")
        time = round(value * MICROSECONDS)
        if time <= last:
            raise UsageError(f"frame {index}: its time, {value:g} s, is not after {last / MICROSECONDS:g} s")
        return time
