"""Pictures of faces in, probabilities out: a network together with its card.

It works without a pipeline, for evaluation and for notebooks:
`open_classifier("base").probabilities(images)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from ferpipe import UsageError
from ferpipe.models import Found, Input, Model, Output, find_model, side_files_of_others
from ferpipe_networks.prepare import Batch, prepare

__all__ = ["Classifier", "Network", "classifier_of", "open_classifier", "refuse_misfit", "softmax"]

FER2013 = "angry, disgust, fear, happy, sad, surprise, neutral"


class Network(Protocol):
    """What runs a model file: LiteRT, ONNX Runtime or Keras."""

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Of one picture, without the batch: three sizes, None where any will do."""
        ...

    @property
    def output_sizes(self) -> tuple[int, ...]:
        """How many numbers a picture each output has."""
        ...

    def run(self, batch: Batch) -> tuple[npt.NDArray[np.float32], ...]:
        """Every output, (N, its size), for a batch as `prepare` makes it."""
        ...

    def close(self) -> None:
        """Release the network."""
        ...


class Classifier:
    """A network that is ready to run, and the card that says how.

    card: classes, input and output; network: what runs it.
    temperature: overrides the card's.  flip: average with the mirrored picture, at twice the cost.
    """

    def __init__(
        self, card: Model, network: Network, *, temperature: float | None = None, flip: bool = False
    ) -> None:
        self.card = card
        self.network = network
        self.temperature = card.output.temperature if temperature is None else temperature
        self.flip = flip
        refuse_misfit(card, network.input_shape, network.output_sizes)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the probabilities."""
        return self.card.classes

    def logits(self, images: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """(N, classes) before temperature and softmax; the logarithms where the network itself
        gives probabilities.  Images are (H, W) grey or (H, W, 3) BGR uint8 of any size.
        """
        if not images:
            return np.empty((0, len(self.classes)))
        batch = prepare(images, self.card.input)
        answer = self.network.run(batch)[self.card.output.index].astype(np.float64)
        if self.card.output.kind == "logits":
            return answer
        return np.log(np.maximum(answer, 1e-12))

    def probabilities(self, images: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """(N, classes), each row summing to 1; a row of NaN where the network's answer was not
        finite.  Images are (H, W) grey or (H, W, 3) BGR uint8 of any size.
        """
        straight = softmax(self.logits(images), self.temperature)
        if not self.flip:
            return straight
        mirrored = softmax(self.logits([image[:, ::-1] for image in images]), self.temperature)
        return (straight + mirrored) / 2

    def close(self) -> None:
        """Release the network."""
        self.network.close()


def softmax(logits: npt.NDArray[np.float64], temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Probabilities of (N, K) logits; rows that are not finite become NaN."""
    sane = np.where(np.isfinite(logits).all(axis=1, keepdims=True), logits, np.nan) / temperature
    with np.errstate(invalid="ignore"):
        raised = np.exp(sane - sane.max(axis=1, keepdims=True))
        shares: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def open_classifier(
    model: str | Path | Found,
    *,
    classes: Sequence[str] | None = None,
    given: dict[str, Any] | None = None,
    threads: int = 1,
    temperature: float | None = None,
    flip: bool = False,
) -> Classifier:
    """Open any model file that ferpipe can read, a shipped model by name, or what `find_model` returned.

    `classes` and `given` (fields of `ferpipe.models.Input`) complete or override what
    the side file says.  Raises UsageError with what to do.
    """
    found = model if isinstance(model, Found) else find_model(model)
    network = _open_network(found, threads)
    return classifier_of(found, network, classes=classes, given=given, temperature=temperature, flip=flip)


def classifier_of(
    found: Found,
    network: Network,
    *,
    classes: Sequence[str] | None = None,
    given: dict[str, Any] | None = None,
    temperature: float | None = None,
    flip: bool = False,
) -> Classifier:
    """A classifier of model files and the network that was opened from them."""
    if repeated := sorted({name for name in classes or () if list(classes or ()).count(name) > 1}):
        raise UsageError(
            f"model '{found.path.name}': the class '{repeated[0]}' is given twice; each output needs a "
            "name of its own, such as 'a1' and 'a2'"
        )
    card = _described(found, network, classes, given or {}) if found.card is None else found.card
    if found.card is not None and (classes or given):
        card = _overridden(card, classes, given or {})
    classifier = Classifier(card, network, temperature=temperature, flip=flip)
    try:
        classifier.logits([np.zeros((48, 48), np.uint8)])
    except Exception as error:
        reason = " ".join(str(error).split())[:160]
        raise UsageError(
            f"'{found.path}' is damaged or not a classifier: it cannot be run ({reason})"
        ) from error
    return classifier


def _open_network(found: Found, threads: int) -> Network:
    if found.format == "litert":
        from ferpipe_networks.litert import LiteRTNetwork

        return LiteRTNetwork(found.path, threads, found.card.input.shape if found.card else None)
    if found.format == "onnx":
        from ferpipe_networks.onnx import OnnxNetwork

        return OnnxNetwork(found.path, threads, found.card.input.shape if found.card else None)
    from ferpipe_networks.keras import KerasNetwork

    return KerasNetwork(found, threads)


def _overridden(card: Model, classes: Sequence[str] | None, given: dict[str, Any]) -> Model:
    wanted = _checked(card.name, {**card.input.model_dump(), **given})
    return card.model_copy(update={"input": wanted, "classes": tuple(classes or card.classes)})


def _described(found: Found, network: Network, classes: Sequence[str] | None, given: dict[str, Any]) -> Model:
    """The card of a bare file: what the network itself says, and what the user adds."""
    name, shape = found.path.name, network.input_shape
    sizes = " and ".join(str(size) for size in network.output_sizes)
    if not classes or "scale" not in given:
        raise UsageError(
            f"model '{name}' has no side file with its classes and scale{side_files_of_others(found)}: "
            "write one (docs/models.md), "
            f"or give its {sizes} classes in order (of FER2013: classes: [{FER2013}]) and how it wants its "
            "pixels (input: {scale: raw, unit, signed or standardize}); to evaluate, --classes and --scale"
        )
    index = next((i for i, size in enumerate(network.output_sizes) if size == len(classes)), 0)
    card = Model(
        name=found.path.stem,
        file=found.path.name,
        weights=found.weights.name if found.weights else None,
        format=found.format,
        sha256=found.sha256(),
        classes=tuple(classes),
        input=_checked(name, {**_input_of(shape), **given}),
        output=Output(index=index),
    ).placed(found.path.parent)
    refuse_misfit(card, network.input_shape, network.output_sizes)
    output = Output(kind=_kind_of(network, card.input, index), index=index)
    return card.model_copy(update={"output": output})


def _checked(name: str, fields: dict[str, Any]) -> Input:
    try:
        return Input.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(("input", *map(str, first["loc"])))
        raise UsageError(f"model '{name}': option {where}: {first['msg']}") from None


def _input_of(shape: tuple[int | None, ...]) -> dict[str, Any]:
    first = len(shape) == 3 and shape[0] in {1, 3} and shape[2] not in {1, 3}
    names = ("channels", "height", "width") if first else ("height", "width", "channels")
    known = {name: size for name, size in zip(names, shape, strict=False) if size}
    return {**known, "layout": "NCHW" if first else "NHWC"}


def _kind_of(network: Network, wanted: Input, index: int) -> Any:
    """Whether the output is a softmax's: of noise, it is positive and sums to 1."""
    noise = np.random.default_rng(0).integers(0, 256, (2, wanted.height, wanted.width, 3), np.uint8)
    answer = network.run(prepare(list(noise), wanted))[index]
    shares = bool((answer >= 0).all()) and bool(np.allclose(answer.sum(axis=1), 1, atol=0.02))
    return "probabilities" if shares else "logits"


def refuse_misfit(card: Model, shape: Sequence[int | None], sizes: Sequence[int]) -> None:
    """Raise UsageError where a side file describes another network than one that takes pictures of
    `shape` and has outputs of `sizes`.
    """
    index = card.output.index
    if index >= len(sizes):
        raise UsageError(
            f"model '{card.name}' has {len(sizes)} outputs, its side file asks for output {index}"
        )
    if sizes[index] != len(card.classes):
        raise UsageError(
            f"model '{card.name}' distinguishes {sizes[index]} classes, but {len(card.classes)} are named: "
            f"{', '.join(card.classes)}"
        )
    given = card.input
    ours = given.shape
    theirs = tuple(shape)
    if len(theirs) != 3 or any(t is not None and t != o for t, o in zip(theirs, ours, strict=True)):
        shown = " x ".join(str(size or "any") for size in theirs)
        raise UsageError(
            f"model '{card.name}' expects an input of {shown}, but {' x '.join(map(str, ours))} is described "
            f"({given.layout}); correct 'input' in the side file or the options"
        )
