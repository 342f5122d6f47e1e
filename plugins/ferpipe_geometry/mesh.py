"""The `mesh` stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import cv2
import numpy as np
from pydantic import Field

from ferpipe import Context, Face, Measure, Options, Packet, Stage
from ferpipe.packet import Image
from ferpipe_geometry import blendshapes
from ferpipe_geometry.networks import open_landmarker, open_mesh
from ferpipe_geometry.region import Floats, Region, region_of_face, region_of_points

__all__ = ["Mesh", "MeshOptions"]

cv2.setNumThreads(1)

PRESENCE = Measure(
    "mesh.presence",
    "",
    0,
    1,
    "How sure the mesh network is that a face is there; below the option there is no mesh.",
)
_FAR = 0.5
"""Distance between a mesh and the detector's box, in sides of the mesh, from which they are two faces."""


class MeshOptions(Options):
    """The options of `mesh`."""

    model: Literal["mesh", "landmarker"] = Field(
        "mesh",
        description="The network: mesh (shipped, 468 points) or landmarker (478 points with the irises, and "
        "52 blendshapes; 'ferpipe models pull face_landmarker' downloads it).",
    )
    presence: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Least presence, 0 to 1, with which a face gets a mesh and is followed by its points.",
    )
    threads: int = Field(
        1, ge=1, le=64, description="Number of threads of the network; 1 is best in a pipeline."
    )


class Mesh(Stage[MeshOptions]):
    """Fits a mesh of 468 points to each face, in three dimensions, with MediaPipe's face mesh.

    `face.data["mesh"]` is (N, 3) float32: x, y and z in pixels of the frame; z falls towards the
    camera.  A face with a track is followed from frame to frame by its own points, also where the
    tracker carries it over a frame without detection; where its presence falls, or the detector finds the
    face elsewhere, it is searched anew in the detector's box.  A face that has too little presence has
    no mesh.
    """

    Options = MeshOptions
    needs = frozenset({"frame", "faces"})
    gives = frozenset({"face.mesh"})
    measures = (PRESENCE,)

    @classmethod
    def measured(
        cls,
        options: MeshOptions,
        arriving: Mapping[str, Measure],  # noqa: ARG003
    ) -> tuple[Measure, ...]:
        """The presence, and the blendshapes of the landmarker."""
        return (PRESENCE, *blendshapes.MEASURES) if options.model == "landmarker" else (PRESENCE,)

    def open(self, context: Context) -> None:
        """Load the networks."""
        super().open(context)
        threads = self.options.threads
        self._shapes = None
        if self.options.model == "landmarker":
            self._network, self._shapes = open_landmarker(threads)
        else:
            self._network = open_mesh(threads)
        self._known: dict[str, dict[int, Floats]] = {}
        context.note("mesh", {"model": self.options.model})

    def close(self) -> None:
        """Release the networks."""
        super().close()
        for name in ("_network", "_shapes"):
            vars(self).pop(name, None)

    def process(self, packet: Packet) -> Packet:
        """Hang its mesh on every face that has one."""
        frame = packet.frame
        before = {} if frame.discontinuity else self._known.get(frame.source, {})
        now: dict[int, Floats] = {}
        faces = []
        for face in packet.faces:
            last = before.get(face.track) if face.track is not None else None
            points, presence = self._find(frame.image, face, last)
            if points is not None and face.track is not None:
                now[face.track] = points
            faces.append(self._with(face, points, presence))
        self._known[frame.source] = now
        return packet.replace(faces=tuple(faces))

    def _with(self, face: Face, points: Floats | None, presence: float | None) -> Face:
        if presence is None:
            return face
        values: dict[str, float] = {PRESENCE.name: presence}
        if points is None:
            return face.with_measures(values)
        if self._shapes is not None:
            values.update(blendshapes.values(self._shapes(points[blendshapes.POINTS, :2])))
        return face.with_data(mesh=points).with_measures(values)

    def _find(self, image: Image, face: Face, last: Floats | None) -> tuple[Floats | None, float | None]:
        """(points, presence): no points where the presence is too low, neither where nothing is to see."""
        if last is not None and _is_near(face, last):
            points, presence = self._look(image, region_of_points(last))
            if points is not None:
                return points, presence
        points, presence = self._look(image, region_of_face(face))
        if points is None:
            return None, presence
        # Detectors differ in what they frame; the points themselves always give the same square.
        closer, surer = self._look(image, region_of_points(points))
        return (points, presence) if closer is None else (closer, surer)

    def _look(self, image: Image, region: Region | None) -> tuple[Floats | None, float | None]:
        if region is None or not _is_inside(image, region):
            return None, None
        points, presence = self._network(image, region)
        return (points if presence >= self.options.presence else None), presence


def _is_inside(image: Image, region: Region) -> bool:
    """Whether the centre lies in the picture or near it: beyond, the network would see edges alone."""
    height, width = image.shape[:2]
    reach = region.side / 2
    return bool(-reach < region.x < width + reach and -reach < region.y < height + reach)


def _is_near(face: Face, points: Floats) -> bool:
    """Whether the detector's box lies where the mesh was; a face that was carried says nothing new."""
    if not face.detected:
        return True
    middle = (points[:, :2].min(axis=0) + points[:, :2].max(axis=0)) / 2
    centre = np.array([face.box.x + face.box.w / 2, face.box.y + face.box.h / 2])
    away = float(np.linalg.norm(centre - middle))
    return away < _FAR * float(np.ptp(points[:, :2], axis=0).max())
