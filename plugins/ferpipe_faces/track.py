"""The `track` stage."""

from __future__ import annotations

import dataclasses

import numpy as np
from pydantic import Field

from ferpipe import Box, Context, Face, Frame, Options, Packet, Stage, freeze
from ferpipe.packet import MICROSECONDS
from ferpipe_faces.cuts import Cuts
from ferpipe_faces.one_euro import OneEuro
from ferpipe_faces.second_look import SecondLook
from ferpipe_faces.tracking import Trajectory, box_overlaps, match, still_there
from ferpipe_faces.vouching import Vouching

__all__ = ["Track", "TrackOptions"]

_HIDDEN = 0.4
"""Overlap with a found face from which a face that was not found counts as hidden behind it."""

_FOLLOW = 3.0
"""Growth of the steadying filter's cutoff, in Hz for one face height a second."""

_PAUSE = 3
"""Usual steps from which a longer one is a gap."""

_SLOW = 10
"""Times `lost_after` from which the first step, with none to compare, is a gap."""


class TrackOptions(Options):
    """The options of `track`."""

    lost_after: float = Field(
        1.0, ge=0, description="Seconds that a person may be out of view and keep the track's identity."
    )
    carry: float = Field(
        0.15,
        ge=0,
        description="Seconds for which a face that the detector missed is shown at its predicted position.",
    )
    confirm: float = Field(
        0.1,
        ge=0,
        description=(
            "Seconds that a face with a low score must persist before it is shown, which suppresses short "
            "false detections. Use 0 for stills."
        ),
    )
    sure: float = Field(
        0.75, ge=0, le=1, description="Score from which a new face is shown at once, regardless of `confirm`."
    )
    steady: float = Field(
        0,
        ge=0,
        description=(
            "Cutoff frequency in Hz of the filter on boxes and landmarks at rest (moving ones are followed "
            "without delay). Lower values jitter less; 0 turns the filter off."
        ),
    )
    doubt: float = Field(
        0.9,
        ge=0,
        le=1,
        description=(
            "A new person whose faces have a lower score must pass a second look, which decides whether it "
            "is a face and which way up it is. 0 turns it off."
        ),
    )
    cuts: bool = Field(
        True,
        description="Begin anew at a hard cut, unless those who were there still are; the frame is marked as "
        "a discontinuity, at which the smoother begins anew too.",
    )


class Track(Stage[TrackOptions]):
    """Gives every face an identity that lasts over time, also through short occlusions and crossings.

    A constant-velocity Kalman filter a face, in seconds of stream time; new faces are matched by place,
    overlap and looks.  Identities count from 1 and are never used twice in a run; a discontinuity
    of the stream and a hard cut start afresh.  Where the detector left a frame out (`every`) or missed
    a face for a moment, the face is given where it should be, with `detected` False.  Faces are in the
    order of their identities.  Those found but not shown are in the kind `unconfirmed`.  Somebody who
    is turned by more than 90 degrees has `turned` in the face's data.
    """

    Options = TrackOptions
    needs = frozenset({"frame", "faces"})
    gives = frozenset({"faces", "tracks"})

    def open(self, context: Context) -> None:
        """Begin with nobody."""
        super().open(context)
        self._known: list[Trajectory] = []
        self._filters: dict[int, tuple[OneEuro, OneEuro, int]] = {}
        self._next_id = 1
        self._cuts = Cuts()
        self._vouching = Vouching(SecondLook(), self.options.doubt) if self.options.doubt else None
        self._last: int | None = None
        self._step: int | None = None

    def close(self) -> None:
        """Release the networks of the second look, which keep their files open."""
        self._vouching = None

    def process(self, packet: Packet) -> Packet:
        """Give the faces of a packet their identities."""
        time = packet.time
        afresh = self._is_gap(time) or packet.frame.discontinuity
        if afresh:
            self._known = []
            self._cuts.forget()
        for one in self._known:
            one.advance(time)
        if self.options.cuts and self._is_cut(packet) and not afresh:
            self._known = []
            packet = dataclasses.replace(packet, frame=packet.frame.replace(discontinuity=True))
        # A detector that did not look repeats its last faces as not detected.
        others: tuple[Face, ...] = packet.data.get("unconfirmed", ())
        if not packet.faces or any(face.detected for face in packet.faces):
            self._look([face for face in packet.faces if face.detected], packet.frame, time)
        faces = self._shown(packet.frame.shape, time)
        if self.options.steady:
            faces = self._steadied(faces, time)
        return packet.replace(faces=faces, unconfirmed=(*self._unconfirmed(time), *others))

    def _is_cut(self, packet: Packet) -> bool:
        """Whether the picture says so, and the faces do not contradict it: light that is switched on, and
        somebody who passes close by, can change a picture as much as a cut.
        """
        # A detector that follows faces has looked at the picture already.
        seen: bool | None = packet.data.get("cut")
        if not (self._cuts.update(packet.frame) if seen is None else seen):
            return False
        found = [face for face in packet.faces if face.detected]
        if still_there(self._known, found, packet.frame):
            return False
        self.context.count("cuts")
        return True

    def _is_gap(self, time: int) -> bool:
        """Whether nothing came for so long that nobody can be followed over it.

        Rare frames are no gap: what counts as long depends on the last step too.
        """
        last, self._last = self._last, time
        if last is None:
            return False
        step, self._step = self._step, time - last
        lost_after = self.options.lost_after * MICROSECONDS
        limit = _SLOW * lost_after if step is None else max(lost_after, _PAUSE * step)
        return self._step > limit

    def _look(self, faces: list[Face], frame: Frame, time: int) -> None:
        pairs, memorable, seen = match(self._known, faces, frame)
        for i, j in pairs:
            self._known[i].found(faces[j], time, memorable[j])
        found = {i for i, _ in pairs}
        for i, one in enumerate(self._known):
            if i not in found:
                one.missed(time)
        self._known = [one for one in self._known if self._may_return(one, time)]
        taken = {j for _, j in pairs}
        self._known += [Trajectory(face, time, seen[j]) for j, face in enumerate(faces) if j not in taken]
        for one in self._known:
            if one.last == time and self._vouching is not None:
                self._vouching.review(one, frame, time)
        self._name(time)

    def _may_return(self, one: Trajectory, time: int) -> bool:
        """A face that was never confirmed is given up at once."""
        if one.missed_since is None:
            return True
        return one.id is not None and (time - one.missed_since) / MICROSECONDS <= self.options.lost_after

    def _name(self, time: int) -> None:
        for one in self._known:
            lasted = (time - one.first) / MICROSECONDS
            if self._vouching is not None and not one.vouched:
                continue
            if one.id is None and (lasted >= self.options.confirm or one.face.score >= self.options.sure):
                one.id = self._next_id
                self._next_id += 1

    def _unconfirmed(self, time: int) -> tuple[Face, ...]:
        """Faces that are not shown yet, where they should be by now; whoever hides faces hides these too."""
        return tuple(
            one.face if one.last == time else one.expected()
            for one in self._known
            if one.id is None and one.missed_since is None
        )

    def _shown(self, shape: tuple[int, ...], time: int) -> list[Face]:
        named = sorted((one for one in self._known if one.id is not None), key=lambda one: one.id or 0)
        present = [one for one in named if one.missed_since is None]
        faces = []
        for one in named:
            if one.last == time:
                faces.append(_shown_as(one, one.face))
            elif one.missed_since is None or (
                (time - one.last) / MICROSECONDS <= self.options.carry and not _hidden(one, present)
            ):
                face = one.expected()
                if _inside(face.box, shape):
                    faces.append(_shown_as(one, face))
        return faces

    def _steadied(self, faces: list[Face], time: int) -> list[Face]:
        filters: dict[int, tuple[OneEuro, OneEuro, int]] = {}
        steadied = []
        for face in faces:
            key = face.track or 0
            fresh = OneEuro(self.options.steady, _FOLLOW), OneEuro(self.options.steady, _FOLLOW), time
            of_box, of_landmarks, last = self._filters.get(key, fresh)
            filters[key] = of_box, of_landmarks, time
            seconds = (time - last) / MICROSECONDS
            box = Box(*(float(value) for value in of_box(np.array(face.box), seconds, face.box.h)))
            landmarks = face.landmarks
            if landmarks is not None:
                landmarks = freeze(of_landmarks(landmarks, seconds, face.box.h).astype(np.float32))
            steadied.append(face.replace(box=box, landmarks=landmarks))
        self._filters = filters
        return steadied


def _shown_as(one: Trajectory, face: Face) -> Face:
    face = face.replace(track=one.id)
    return face.with_data(turned=True) if one.turned else face


def _hidden(one: Trajectory, present: list[Trajectory]) -> bool:
    if not present:
        return False
    boxes = [other.motion.box for other in present]
    return bool(box_overlaps([one.motion.box], boxes).max() > _HIDDEN)


def _inside(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether the centre lies in the picture."""
    return 0 <= box.x + box.w / 2 < shape[1] and 0 <= box.y + box.h / 2 < shape[0]
