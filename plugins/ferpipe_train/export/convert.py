"""From a Keras network to a LiteRT or ONNX file with its side file, proven to answer the same."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ferpipe import Output, UsageError
from ferpipe.models import Format, Found, Model, find_model, is_side_file, read_side_file
from ferpipe.quiet import without_lines
from ferpipe_networks.classifier import refuse_misfit, softmax
from ferpipe_networks.keras_files import load_keras, shapes_of, tensorflow
from ferpipe_networks.litert import LiteRTNetwork
from ferpipe_networks.prepare import Batch, prepare
from ferpipe_train.export.onnx import answers_of_onnx, to_onnx

__all__ = ["PARITY", "Precision", "export_litert", "export_onnx", "to_litert"]

Precision = Literal["float32", "float16", "dynamic-range", "int8"]
"""As LiteRT names them; dynamic-range: int8 weights, and activations quantised by the range of each call."""

PARITY: dict[Precision, float] = {"float32": 1e-3, "float16": 5e-3, "dynamic-range": 1.0, "int8": 1.0}
"""The largest difference of a probability that an export may have; int8 weights are judged by accuracy."""


def export_litert(
    source: str | Path | Found,
    card: Model,
    folder: Path,
    *,
    network: Any = None,
    head: str | int | None = None,
    mirror: bool = False,
    precision: Precision = "float32",
    samples: Sequence[npt.NDArray[np.uint8]] | None = None,
) -> tuple[Model, float]:
    """Write `folder`/<card.file> and its side file <card.name>.json from the Keras file `source`.

    card: everything but the checksum.  network: what `load_keras` returned for `source`, where it has been
    called already.  head: name or number of the one output that is kept;
    where it is None, the card's.
    mirror: the file averages over the face and its mirror image by itself, at twice the cost.
    samples: pictures of faces, (H, W) or (H, W, 3) uint8; int8 needs at least 100 of them to
    set its ranges, and the parity is measured on them (on noise where there are none).
    Gives the finished card and the largest difference of a probability.  Raises UsageError
    where the difference is above `PARITY`, the card describes another network, or a file would be
    lost, and then writes nothing.
    """
    _refuse_in_the_way(folder / f"{card.name}.json", card.file)
    found = source if isinstance(source, Found) else find_model(source)
    model = _opened(found, card, head, network, mirror=mirror)
    batch = prepare(_noise(card) if samples is None else samples, card.input)
    content = to_litert(model, precision=precision, samples=None if samples is None else batch)
    difference = _proven(found, model, content, batch, card, PARITY[precision], _answers_of_litert)
    return _written(content, card, folder, "litert", f"{card.name}.json"), difference


def export_onnx(
    source: str | Path | Found,
    card: Model,
    folder: Path,
    *,
    network: Any = None,
    head: str | int | None = None,
    mirror: bool = False,
    samples: Sequence[npt.NDArray[np.uint8]] | None = None,
) -> tuple[Model, float]:
    """Write `folder`/<card.file> as ONNX and its side file <card.file>.json, as `export_litert` does.

    The file is for other programs: it takes any number of prepared pictures, (N, H, W, C)
    float32.  Raises UsageError also where tf2onnx or ONNX Runtime is not installed.
    """
    _refuse_in_the_way(folder / f"{card.file}.json", card.file)
    found = source if isinstance(source, Found) else find_model(source)
    model = _opened(found, card, head, network, mirror=mirror)
    batch = prepare(_noise(card) if samples is None else samples, card.input)
    content = to_onnx(model)
    difference = _proven(found, model, content, batch, card, PARITY["float32"], answers_of_onnx)
    return _written(content, card, folder, "onnx", f"{card.file}.json"), difference


def _opened(found: Found, card: Model, head: str | int | None, network: Any, *, mirror: bool) -> Any:
    """The network to export; raises UsageError where the card does not describe it."""
    whole = load_keras(found) if network is None else network
    shape, _ = shapes_of(found, whole)
    model = with_head(whole, card.output.index if head is None else head)
    first = {"name": found.path.name, "output": card.output.model_copy(update={"index": 0})}
    refuse_misfit(card.model_copy(update=first), shape[1:], shapes_of(found, model)[1])
    return with_mirror(model, card) if mirror else model


def with_head(model: Any, head: str | int) -> Any:
    """The Keras model with only one of its outputs, by name or number."""
    import keras

    names = list(model.output_names)
    index = names.index(head) if head in names else head
    if not isinstance(index, int) or not 0 <= index < len(names):
        raise UsageError(f"the network has no output '{head}'; it has {', '.join(names)}")
    return keras.Model(model.inputs[0], model.outputs[index])


def with_mirror(model: Any, card: Model) -> Any:
    """The Keras model with the mean of its answers to a picture and to the mirrored one."""
    import keras
    from keras import layers

    picture = keras.Input(model.inputs[0].shape[1:], name="picture")
    width = 2 if card.input.layout == "NHWC" else 3
    both = layers.Concatenate(axis=0)([picture, keras.ops.flip(picture, axis=width)])
    straight, mirrored = keras.ops.split(model(both), 2, axis=0)
    return keras.Model(picture, layers.Average()([straight, mirrored]))


def to_litert(model: Any, *, precision: Precision = "float32", samples: Batch | None = None) -> bytes:
    """The LiteRT file of a Keras model with one input and one output, for one picture a call.

    samples: prepared pictures, for int8.  The detour over a SavedModel makes the weights
    constants; as variables they keep XNNPACK from running the network, at four times the cost.
    """
    tf = tensorflow()
    shape = (1, *model.inputs[0].shape[1:])
    with tempfile.TemporaryDirectory() as folder:
        signature = [tf.TensorSpec(shape, tf.float32)]
        model.export(folder, format="tf_saved_model", input_signature=signature, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            converter.representative_dataset = _representative(samples)
        with without_lines("fully_quantize: "):
            return bytes(converter.convert())


def _representative(samples: Batch | None) -> Any:
    if samples is None or len(samples) < 100:
        raise UsageError(
            "int8 needs at least 100 pictures of faces to set its ranges; give them, or take float16"
        )
    return lambda: ([picture[None]] for picture in samples)


def _proven(
    found: Found,
    model: Any,
    content: bytes,
    batch: Batch,
    card: Model,
    allowed: float,
    answers_of: Callable[[Path, Batch], npt.NDArray[np.float32]],
) -> float:
    """The largest difference of a probability; raises UsageError where it is not allowed."""
    parts = [np.asarray(model(batch[i : i + 64], training=False)) for i in range(0, len(batch), 64)]
    with tempfile.TemporaryDirectory() as scratch:
        trial = Path(scratch) / "trial"
        trial.write_bytes(content)
        answers = [np.concatenate(parts).astype(np.float64), answers_of(trial, batch).astype(np.float64)]
    if card.output.kind == "logits":
        answers = [softmax(answer, card.output.temperature) for answer in answers]
    difference = float(np.abs(answers[0] - answers[1]).max())
    if not difference <= allowed:
        raise UsageError(
            f"'{found.path}': the export's probabilities differ by {difference:.2g}, not {allowed}"
        )
    return difference


def _answers_of_litert(path: Path, batch: Batch) -> npt.NDArray[np.float32]:
    network = LiteRTNetwork(path)
    answer = network.run(batch)[0]
    network.close()
    return answer


def _written(content: bytes, card: Model, folder: Path, form: Format, side_file: str) -> Model:
    folder.mkdir(parents=True, exist_ok=True)
    Output.save(folder / card.file, content, overwrite=True)
    output = card.output.model_copy(update={"index": 0})
    sha256 = hashlib.sha256(content).hexdigest()
    done = card.model_copy(update={"sha256": sha256, "format": form, "output": output}).placed(folder)
    _keep_other(folder / side_file, card.file)
    done.write(folder / side_file)
    return done


def _refuse_in_the_way(side: Path, file: str) -> None:
    """Raise UsageError where the side file of `file` would take the place of something else."""
    if not side.exists():
        return
    if not is_side_file(side):
        raise UsageError(f"'{side}' is not a side file and would be lost: give the export another name")
    second = side.with_suffix(".ferpipe.json")
    other = read_side_file(side).file
    if other != file and second.exists() and read_side_file(second).file not in {other, file}:
        raise UsageError(
            f"'{side}' and '{second}' belong to other models, and one would be lost: "
            "give the export another name"
        )


def _keep_other(side: Path, file: str) -> None:
    """A side file in the way that speaks of another file, such as the Keras network, gets its second name."""
    try:
        other = read_side_file(side).file != file
    except UsageError:
        return  # there is none, or it is none
    if other:
        side.replace(side.with_suffix(".ferpipe.json"))


def _noise(card: Model) -> list[npt.NDArray[np.uint8]]:
    shape = (64, card.input.height, card.input.width, card.input.channels)
    return list(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
