"""The 52 blendshapes of MediaPipe's Face Landmarker as measures.

The names are those of MediaPipe (and of Apple's ARKit) in small letters; left and right are the person's own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ferpipe import Measure
from ferpipe_geometry.region import Floats

__all__ = ["MEASURES", "NAMES", "POINTS", "values"]

_NAMES = """
    neutral brow_down_left brow_down_right brow_inner_up brow_outer_up_left brow_outer_up_right cheek_puff
    cheek_squint_left cheek_squint_right eye_blink_left eye_blink_right eye_look_down_left
    eye_look_down_right eye_look_in_left eye_look_in_right eye_look_out_left eye_look_out_right
    eye_look_up_left eye_look_up_right eye_squint_left eye_squint_right eye_wide_left eye_wide_right
    jaw_forward jaw_left jaw_open jaw_right mouth_close mouth_dimple_left mouth_dimple_right
    mouth_frown_left mouth_frown_right mouth_funnel mouth_left mouth_lower_down_left
    mouth_lower_down_right mouth_press_left mouth_press_right mouth_pucker mouth_right mouth_roll_lower
    mouth_roll_upper mouth_shrug_lower mouth_shrug_upper mouth_smile_left mouth_smile_right
    mouth_stretch_left mouth_stretch_right mouth_upper_up_left mouth_upper_up_right nose_sneer_left
    nose_sneer_right
"""
NAMES = tuple(_NAMES.split())
"""In the order of the network's outputs."""

_POINTS = """
    0 1 4 5 6 7 8 10 13 14 17 21 33 37 39 40 46 52 53 54 55 58 61 63 65 66 67 70 78 80 81 82 84 87 88 91
    93 95 103 105 107 109 127 132 133 136 144 145 146 148 149 150 152 153 154 155 157 158 159 160 161 162
    163 168 172 173 176 178 181 185 191 195 197 234 246 249 251 263 267 269 270 276 282 283 284 285 288
    291 293 295 296 297 300 308 310 311 312 314 317 318 321 323 324 332 334 336 338 356 361 362 365 373
    374 375 377 378 379 380 381 382 384 385 386 387 388 389 390 397 398 400 402 405 409 415 454 466 468
    469 470 471 472 473 474 475 476 477
"""
POINTS: npt.NDArray[np.intp] = np.array(_POINTS.split(), np.intp)
"""Which of the 478 points the network is shown (MediaPipe's face blendshapes graph)."""

MEASURES = tuple(
    Measure(
        f"blendshape.{name}",
        "",
        0,
        1,
        f"Blendshape '{name}' of MediaPipe's Face Landmarker; sides as the person's own.",
    )
    for name in NAMES
)


def values(shapes: Floats) -> Mapping[str, float]:
    """The measures for the network's 52 numbers; one that is not finite is omitted."""
    clipped = np.clip(shapes, 0, 1).tolist()
    return {
        measure.name: value for measure, value in zip(MEASURES, clipped, strict=True) if np.isfinite(value)
    }
