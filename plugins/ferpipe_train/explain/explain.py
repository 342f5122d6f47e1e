"""Explain a still: its faces as a user would get them, and why each is answered so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ferpipe import Box, ChipFormat, Context, Options, Output, Packet, Pipeline, Stage, UsageError
from ferpipe.models import Found, chip_format, find_model, keras_twin
from ferpipe_networks.classifier import Classifier, classifier_of, open_classifier
from ferpipe_train.explain import draw, heat
from ferpipe_train.extras import need_keras, need_matplotlib
from ferpipe_train.report.page import page, picture, table

__all__ = ["Explained", "Explanation", "explain"]

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """One face: where it is, the aligned picture, the probabilities, and the heat map over it."""

    box: Box
    chip: Picture
    probabilities: npt.NDArray[np.float64]
    heat: npt.NDArray[np.float32]
    layers: list[tuple[str, npt.NDArray[np.float32]]]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The page that was written, the faces on it, their classes, and a line on the kind of heat map."""

    page: Path
    faces: list[Explained]
    classes: tuple[str, ...]
    method: str


def explain(image: Path, model: str, folder: Path) -> Explanation:
    """Write `folder`/index.html and its pictures for the faces of `image`.

    Raises UsageError where there is no face, or the image cannot be read.
    """
    need_matplotlib()
    if not image.is_file():
        raise UsageError(f"there is no image file '{image}'")
    found = find_model(model)
    keras_file = keras_twin(found)
    network = _keras_network(keras_file)
    classifier = _classifier(found, keras_file, network)
    whole, boxes = _faces(image, classifier)
    faces = [_explained(classifier, network, box, chip) for box, chip in boxes]
    how = _how(classifier, keras_file)
    folder.mkdir(parents=True, exist_ok=True)
    index = _write(folder, image, whole, faces, classifier, how)
    return Explanation(index, faces, classifier.classes, how)


def _faces(image: Path, classifier: Classifier) -> tuple[Picture, list[tuple[Box, Picture]]]:
    """The picture, and box and aligned picture of each face in it, found by the usual stages."""
    source = ("images", {"path": str(image), "unreadable": "fail"})
    pipeline = Pipeline.of(source, "blazeface", "align", _Asking(chip_format(classifier.card)))
    packets = list(pipeline)
    if not packets or not packets[0].faces:
        raise UsageError(f"no face was found in '{image}': try a picture in which one is larger or upright")
    packet = packets[0]
    return packet.frame.image, [(face.box, face.data["chip"].image) for face in packet.faces]


class _Asking(Stage[Options]):
    """Asks the aligner for the faces that a network would be given in a pipeline."""

    needs = frozenset({"face.chip"})

    def __init__(self, wanted: ChipFormat) -> None:
        super().__init__()
        self._wanted = wanted

    def open(self, context: Context) -> None:
        """Ask."""
        super().open(context)
        context.ask("face.chip", self._wanted)

    def process(self, packet: Packet) -> Packet:
        """Nothing more."""
        return packet


def _keras_network(found: Found | None) -> Any:
    if found is None:
        return None
    need_keras()
    from ferpipe_networks.keras_files import load_keras

    return load_keras(found)


def _classifier(found: Found, keras_file: Found | None, network: Any) -> Classifier:
    """The model itself; a Keras network that was read for the heat map is not read again."""
    if keras_file is not found:
        return open_classifier(found)
    from ferpipe_networks.keras import KerasNetwork

    return classifier_of(found, KerasNetwork(found, network=network))


def _how(classifier: Classifier, keras_file: Found | None) -> str:
    if keras_file is not None:
        return f"heat map: Grad-CAM on {keras_file.path.name}"
    name = classifier.card.path.with_suffix(".keras").name
    return (
        f"heat map: occlusion. Grad-CAM and the layers' answers need the Keras network: put {name} beside "
        f"{classifier.card.path.name}, or name it with --model"
    )


def _explained(classifier: Classifier, network: Any, box: Box, chip: Picture) -> Explained:
    probabilities = classifier.probabilities([chip])[0]
    if not np.isfinite(probabilities).all():
        raise UsageError(f"model '{classifier.card.name}' gives no finite answer: its file is damaged")
    label = int(probabilities.argmax())
    if network is None:
        return Explained(box, chip, probabilities, heat.occlusion(classifier, chip, label), [])
    warm = heat.grad_cam(network, classifier.card, chip, label)
    return Explained(box, chip, probabilities, warm, heat.layer_answers(network, classifier.card, chip))


def _write(
    folder: Path, image: Path, whole: Picture, faces: list[Explained], classifier: Classifier, how: str
) -> Path:
    classes = classifier.classes
    overview = draw.overview(whole, [face.box for face in faces])
    Output.save(folder / "picture.png", overview, overwrite=True)
    parts = [
        f"<p>{escape(image.name)}, model {escape(classifier.card.name)}. {escape(how)}.</p>",
        picture(overview, "the picture with its faces"),
    ]
    for number, face in enumerate(faces, 1):
        shown = draw.face(face.chip, face.heat, face.probabilities, classes)
        Output.save(folder / f"face-{number}.png", shown, overwrite=True)
        rows = sorted(zip(classes, face.probabilities, strict=True), key=lambda pair: -pair[1])
        parts += [
            f"<h2>Face {number}: {escape(rows[0][0])}</h2>",
            picture(shown, f"face {number}, heat map and probabilities"),
            table(("class", "probability"), ((name, f"{share:.4f}") for name, share in rows)),
        ]
        if face.layers:
            layers = draw.layers(face.layers)
            Output.save(folder / f"face-{number}-layers.png", layers, overwrite=True)
            parts.append(picture(layers, f"output of each convolution for face {number}"))
    content = {
        "image": image.name,
        "model": classifier.card.name,
        "heat_map": how,
        "faces": [
            {
                "box": [round(float(value), 2) for value in face.box],
                "label": classes[int(face.probabilities.argmax())],
                "probabilities": {
                    name: round(float(share), 6)
                    for name, share in zip(classes, face.probabilities, strict=True)
                },
            }
            for face in faces
        ],
    }
    Output.save(folder / "explanation.json", json.dumps(content, indent=2) + "\n", overwrite=True)
    return Output.save(folder / "index.html", page(f"{image.name}, explained", parts), overwrite=True)
