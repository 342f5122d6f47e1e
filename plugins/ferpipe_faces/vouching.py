"""Whether a new track is a person: what the detector found must pass a second look before it is shown."""

from __future__ import annotations

from ferpipe import Frame
from ferpipe.packet import MICROSECONDS
from ferpipe_faces.second_look import SecondLook
from ferpipe_faces.tracking import Trajectory

__all__ = ["Vouching"]

_TRIES = 5
"""Looks in a row that may say no before they get rare."""
_RARE = MICROSECONDS // 2
"""Microseconds between looks at what was refused so often."""
_AGAIN = MICROSECONDS
"""Microseconds after which a person whose score is still low is looked at again, since people turn over:
twice as many after each look that finds them upright, up to `_SELDOM`."""
_SELDOM = 4 * MICROSECONDS


class Vouching:
    """Looks a second time at tracks whose faces score less than `doubt`, seldom enough to cost little."""

    def __init__(self, look: SecondLook, doubt: float) -> None:
        self._look = look
        self._doubt = doubt

    def review(self, one: Trajectory, frame: Frame, time: int) -> None:
        """Decide on a trajectory that was found in `frame` just now.

        Who passed once stays a person: a head that turns away must not end its track.
        """
        if one.face.score >= self._doubt:
            one.vouched, one.turned = True, False
        elif one.reviewed is None or time - one.reviewed >= self._wait(one):
            verdict = self._look(frame.image, one.face.box)
            one.reviewed = time
            one.refusals += not verdict.face
            one.upright = 0 if verdict.turned else one.upright + 1
            if verdict.face:
                one.vouched, one.turned = True, verdict.turned

    def _wait(self, one: Trajectory) -> int:
        if one.vouched:
            return min(_AGAIN << max(one.upright - 1, 0), _SELDOM)
        return 0 if one.refusals < _TRIES else _RARE
