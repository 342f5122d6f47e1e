"""The label of one face over time: earned by evidence, and forgotten with it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

__all__ = ["DoubtRule", "Label", "LabelRule"]

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelRule:
    """What earns a label; all times are microseconds.

    margin, hold: a class that is ahead of every other by `margin`, in smoothed probability, for `hold`.
    window, lasting: a class that leads the mean of the last `window`, by however little, for `lasting`.
    keep: how long a label stays that nothing earns again.
    """

    margin: float
    hold: int
    window: int
    lasting: int
    keep: int


@dataclass(slots=True)
class _Streak:
    """Which class something has held for, and since when."""

    who: int | None = None
    since: int = 0

    def update(self, who: int | None, before: int, time: int) -> int:
        """How long it has lasted at `time`: a sample holds since the one `before`."""
        if who != self.who:
            self.who, self.since = who, before
        return time - self.since


@dataclass(slots=True)
class _Window:
    """The samples of the last `length` microseconds."""

    length: int
    samples: deque[tuple[int, int, float, Shares]] = field(default_factory=deque)

    def mean(self, sample: Shares, before: int, time: int, weight: float) -> Shares:
        """Their mean after one more, each weighted by the part of its time that lies in the window."""
        self.samples.append((before, time, weight, sample))
        start = time - self.length
        while self.samples[0][1] <= start and len(self.samples) > 1:
            self.samples.popleft()
        spans = np.array([(end - max(begin, start)) * share for begin, end, share, _ in self.samples])
        total = spans.sum()
        if total <= 0:
            return sample
        return np.asarray(spans @ np.array([each for *_, each in self.samples]) / total)


class Label:
    """Decides which class is shown.

    Neither way to earn a label looks at the label that is shown, and both look back for a bounded time.
    So runs that begin at different moments of a clip agree as soon as both have seen the same evidence:
    a Schmitt trigger, which compares with the label that it shows, need never agree.
    """

    def __init__(self, rule: LabelRule, *, at_once: bool = False) -> None:
        self._rule = rule
        self._at_once = at_once
        self._shown: int | None = None
        self._earned = 0
        self._before: int | None = None
        self._clear, self._leader = _Streak(), _Streak()
        self._window = _Window(rule.window)

    def update(
        self, smoothed: Shares, sample: Shares, time: int, weight: float = 1.0, *, unsure: bool = False
    ) -> int | None:
        """The number of the class shown after a sample at `time`, None while none is earned.

        smoothed: (K,) probabilities after the low-pass filter.  sample: (K,) those of this moment.
        weight: the part of its time for which the sample counts.  unsure: whether it can earn no label.
        """
        before = time if self._before is None else self._before
        self._before = time
        best = int(smoothed.argmax())
        lead = smoothed[best] - np.delete(smoothed, best).max(initial=0.0)
        leader = int(self._window.mean(sample, before, time, weight).argmax())
        clear = self._clear.update(best if lead >= self._rule.margin else None, before, time)
        lasts = self._leader.update(leader, before, time)
        if self._clear.who is not None and clear >= self._rule.hold and not unsure:
            self._shown, self._earned = best, time
        elif leader == best and lasts >= self._rule.lasting and not unsure:
            self._shown, self._earned = leader, time
        elif self._shown is not None and time - self._earned > self._rule.keep:
            self._shown = None
        if self._shown is None and self._at_once:
            self._shown, self._earned = leader, time
        return self._shown


class DoubtRule:
    """Whether a face is unsure over time: it is where most of the last `window` was, for `lasting`.

    Like a label, it depends on nothing older than that.
    """

    def __init__(self, rule: LabelRule, *, at_once: bool = False) -> None:
        self._lasting = 0 if at_once else rule.lasting
        self._window = _Window(rule.window)
        self._streak = _Streak()
        self._before: int | None = None
        self._doubtful = False

    def update(self, time: int, weight: float = 1.0, *, unsure: bool) -> bool:
        """Whether the face is unsure after a sample at `time`, microseconds, that is `unsure` or not."""
        before = time if self._before is None else self._before
        self._before = time
        share = self._window.mean(np.array([float(unsure)]), before, time, weight)
        most = bool(share[0] > 0.5)
        if self._streak.update(int(most), before, time) >= self._lasting:
            self._doubtful = most
        return self._doubtful
