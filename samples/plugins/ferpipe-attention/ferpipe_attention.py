"""The stage `attention`: how far a face is turned to the camera, as a measure from 0 to 1."""

import numpy as np
from ferpipe import Face, Measure, Options, Packet, Stage, hookimpl
from pydantic import Field


class AttentionOptions(Options):
    turned: float = Field(default=0.4, gt=0, description="Where the nose means 0, in eye distances.")


class Attention(Stage[AttentionOptions]):
    """Measures whether a face is present and turned to the camera, by its eyes and nose."""

    Options = AttentionOptions
    needs = frozenset({"faces"})
    measures = (Measure("attention", "", 0, 1, "How far the face is turned to the camera; 1 is straight."),)

    @classmethod
    def independent(cls, options: AttentionOptions) -> bool:
        return True

    def process(self, packet: Packet) -> Packet:
        return packet.replace(faces=[self.measured_face(face) for face in packet.faces])

    def measured_face(self, face: Face) -> Face:
        if face.landmarks is None or "nose" not in face.landmark_names or not face.detected:
            return face  # what is not known is absent
        left, right = face.landmarks[:2].astype(float)
        across, nose = right - left, face.landmarks[face.landmark_names.index("nose")] - (left + right) / 2
        out = abs(nose @ across) / max(float(across @ across), 1e-6)  # along the line of the eyes
        return face.with_measures({"attention": float(np.clip(1 - out / self.options.turned, 0, 1))})


@hookimpl
def ferpipe_stages() -> dict[str, type[Attention]]:
    return {"attention": Attention}
