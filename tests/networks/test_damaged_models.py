"""Damaged and crafted model files are refused in one line that names the file, before the run begins."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from ferpipe import Box, Chip, Face, UsageError
from ferpipe.models import find_model
from ferpipe.resources import shipped
from ferpipe.testing import TestContext, make_packet
from ferpipe_emotion.classify import LiteRT, LiteRTOptions
from ferpipe_networks import probe
from ferpipe_networks.classifier import open_classifier

NANO = shipped("models") / "nano.tflite"
CARD = json.loads((shipped("models") / "nano.json").read_text())


def network() -> Any:
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(NANO.read_bytes()))


def packed(model: Any) -> bytes:
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def first(model: Any) -> Any:
    """The first operator."""
    return model.subgraphs[0].operators[0]


def weights(model: Any) -> Any:
    """The buffer of the first operator's second input."""
    return model.buffers[model.subgraphs[0].tensors[first(model).inputs[1]].buffer]


def put(target: str, value: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        operator, entry = first(model), graph.tensors[graph.inputs[0]]
        constant = graph.tensors[operator.inputs[1]]
        where = {"operator": operator, "graph": graph, "entry": entry, "constant": constant, "model": model}
        name, attribute = target.split(".")
        setattr(where[name], attribute, value)

    return change


def put_input(place: int, value: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        first(model).inputs = [*first(model).inputs]
        first(model).inputs[place] = value

    return change


def deadly(model: Any) -> None:
    """LiteRT 2 reads the sizes that it has lost without looking, and the process ends."""
    codes = {schema.BuiltinOperator.RESHAPE: 1, schema.BuiltinOperator.SPLIT: 0}
    for operator in model.subgraphs[0].operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        if code in codes:
            operator.inputs = [*operator.inputs]
            operator.inputs[codes[code]] = -1
            return
    pytest.fail("the network has none of these operators: choose another")


def lose_weights(share: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        data = bytes(bytearray(weights(model).data))
        weights(model).data = np.frombuffer(data[: int(share * len(data))], np.uint8)

    return change


def unknown_operator(model: Any) -> None:
    for code in model.operatorCodes:
        code.builtinCode = code.deprecatedBuiltinCode = 127


def custom_operator(model: Any) -> None:
    for code in model.operatorCodes:
        code.builtinCode = code.deprecatedBuiltinCode = 32
        code.customCode = b"LaunchMissiles"


def endless(model: Any) -> None:
    """Subgraphs that call themselves."""
    graph = model.subgraphs[0]
    loop = schema.OperatorCodeT()
    loop.builtinCode = loop.deprecatedBuiltinCode = schema.BuiltinOperator.WHILE
    model.operatorCodes.append(loop)
    operator = copy.copy(first(model))
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs = operator.outputs = graph.inputs
    options = schema.WhileOptionsT()
    options.condSubgraphIndex = options.bodySubgraphIndex = 0
    operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.WhileOptions, options
    graph.operators = [operator, *graph.operators]


CRAFTED: dict[str, Callable[[Any], None]] = {
    "an operator without its first input": put_input(0, -1),
    "an operator without its weights": put_input(1, -1),
    "an operator that ends the process": deadly,
    "an input that is not there": put_input(0, 1_000_000),
    "a negative input": put_input(0, -7),
    "an output that is not there": put("operator.outputs", [1_000_000]),
    "no inputs of an operator": put("operator.inputs", []),
    "an operator code that is not there": put("operator.opcodeIndex", 10_000),
    "an unknown operator": unknown_operator,
    "an operator of somebody's own": custom_operator,
    "a huge picture": put("entry.shape", [1, 1 << 15, 1 << 15, 64]),
    "a picture whose size overflows": put("entry.shape", [1 << 30, 1 << 30, 1 << 30, 1 << 30]),
    "a negative picture": put("entry.shape", [1, -48, 48, 1]),
    "a constant of another size": put("constant.shape", [1 << 28]),
    "a buffer that is not there": put("constant.buffer", 100_000),
    "another type": put("constant.type", schema.TensorType.STRING),
    "weights cut in half": lose_weights(0.5),
    "no weights": lose_weights(0.0),
    "a graph that takes nothing": put("graph.inputs", []),
    "a graph that gives nothing": put("graph.outputs", []),
    "a graph whose input is not there": put("graph.inputs", [9_999]),
    "no graph": put("model.subgraphs", []),
    "a loop of itself": endless,
}


def opened(path: Path) -> None:
    stage = LiteRT(LiteRTOptions(model=str(path), classes=tuple(CARD["classes"]), input={"scale": "raw"}))
    stage.open(TestContext(path.parent))
    stage.close()


def refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        opened(path)
    said = str(caught.value)
    assert str(path) in said
    assert "\n" not in said
    return said


QUICK = {
    "an operator without its weights",
    "an input that is not there",
    "an unknown operator",
    "a huge picture",
    "no weights",
    "a loop of itself",
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if case in QUICK else pytest.mark.slow) for case in CRAFTED]
)
def test_a_crafted_network_is_refused(tmp_path: Path, case: str) -> None:
    path = tmp_path / "net.tflite"
    model = network()
    CRAFTED[case](model)
    path.write_bytes(packed(model))
    refused(path)


def test_one_of_them_would_have_ended_the_process(tmp_path: Path) -> None:
    """The reason for trying files in a process of their own."""
    path = tmp_path / "net.tflite"
    model = network()
    deadly(model)
    path.write_bytes(packed(model))
    assert "it ended the process in which it was tried (SIG" in refused(path)


def test_an_unharmed_copy_runs(tmp_path: Path) -> None:
    """What the cases are made of is no reason to refuse them."""
    path = tmp_path / "net.tflite"
    path.write_bytes(packed(network()))
    opened(path)


DAMAGED = {
    "empty": lambda data: b"",
    "a word": lambda data: b"no network",
    "zeros": lambda data: bytes(5000),
    "its head alone": lambda data: data[:8],
    "cut in half": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-100],
    "an offset outside": lambda data: b"\xff\xff\xff\x7f" + data[4:],
    "another identifier": lambda data: data[:4] + b"TFL9" + data[8:],
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_network_is_refused(tmp_path: Path, case: str) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(DAMAGED[case](NANO.read_bytes()))
    refused(path)


def test_a_network_that_takes_any_size_is_tried_in_the_one_it_gets(tmp_path: Path) -> None:
    model = network()
    deadly(model)
    entry = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]]
    entry.shapeSignature = [-1, -1, -1, entry.shape[3]]
    path = tmp_path / "net.tflite"
    path.write_bytes(packed(model))
    size = {key: CARD["input"][key] for key in ("height", "width")} | {"channels": 1, "scale": "raw"}
    stage = LiteRT(LiteRTOptions(model=str(path), classes=tuple(CARD["classes"]), input=size))
    with pytest.raises(UsageError, match="ended the process"):
        stage.open(TestContext(tmp_path))


def test_a_file_is_tried_once_and_a_shipped_one_never(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[list[str]] = []
    plain = probe.subprocess.run
    monkeypatch.setattr(
        probe.subprocess, "run", lambda args, **more: (tried.append(args), plain(args, **more))[1]
    )
    open_classifier("nano")
    assert tried == []
    (tmp_path / "net.tflite").write_bytes(packed(network()))
    for _ in range(3):
        opened(tmp_path / "net.tflite")
    assert len(tried) == 1


def test_nothing_beside_the_pipeline_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process in which a file is tried begins in the user's folder, which may be a stranger's."""
    monkeypatch.chdir(tmp_path)
    for name in ("numpy", "ai_edge_litert", "json", "resource"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')\n")
    (tmp_path / "net.tflite").write_bytes(packed(network()))
    opened(tmp_path / "net.tflite")
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_damage_ends_this_process(tmp_path: Path) -> None:
    """Words of the file replaced at random: refused, or run to an answer."""
    chance, data = random.Random(3), NANO.read_bytes()  # noqa: S311 -- which words are damaged is no secret
    said: list[bool] = []
    packet = make_packet(faces=[Face(Box(0, 0, 9, 9), 0.9)], chips=(chip(),))
    for number in range(40):
        damaged = bytearray(data)
        for _ in range(3):
            # The tables stand at the end, where most of the damage that LiteRT does not see is.
            at = (len(data) - chance.randrange(4, 40_000)) & ~3
            damaged[at : at + 4] = chance.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", chance.randbytes(4)])
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(damaged)
        stage = LiteRT(LiteRTOptions(model=str(path), classes=tuple(CARD["classes"]), input={"scale": "raw"}))
        try:
            stage.open(TestContext(tmp_path))
            stage.process(packet)
        except UsageError as error:
            said.append(path.name in str(error))
        finally:
            stage.close()
    assert all(said)
    assert 10 < len(said) < 40


def chip() -> Chip:
    return Chip(np.zeros((48, 48), np.uint8), np.eye(2, 3))


@pytest.mark.parametrize("text", ['{"version":', "[1]", "[" * 100_000, "\0", ""])
def test_a_damaged_side_file_is_not_taken_for_none(tmp_path: Path, text: str) -> None:
    """The advice to write one sent people looking for a file that was there."""
    (tmp_path / "mine.tflite").write_bytes(b"anything")
    side = tmp_path / "mine.ferpipe.json"
    side.write_text(text)
    with pytest.raises(UsageError, match=r"mine\.ferpipe\.json' is wrong: "):
        find_model(tmp_path / "mine.tflite")


def test_another_json_of_the_models_name_is_no_side_file(tmp_path: Path) -> None:
    (tmp_path / "mine.tflite").write_bytes(b"anything")
    (tmp_path / "mine.json").write_text('{"epochs": 3}')
    assert find_model(tmp_path / "mine.tflite").card is None
