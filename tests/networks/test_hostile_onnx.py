"""An .onnx file is tried in a process of its own, as a .tflite file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferpipe import UsageError
from ferpipe_networks import probe
from ferpipe_networks.classifier import open_classifier

onnx = pytest.importorskip("onnx", reason="the extra onnx-export is not installed")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytestmark = pytest.mark.slow


def endless(path: Path) -> None:
    """A classifier of two classes whose loop has 2^62 rounds."""
    make, kinds = onnx.helper, onnx.TensorProto
    value = make.make_tensor_value_info
    body = make.make_graph(
        [make.make_node("Identity", ["go"], ["on"]), make.make_node("Identity", ["seen"], ["next"])],
        "body",
        [
            value("round", kinds.INT64, []),
            value("go", kinds.BOOL, []),
            value("seen", kinds.FLOAT, [1, 2]),
        ],
        [value("on", kinds.BOOL, []), value("next", kinds.FLOAT, [1, 2])],
    )
    nodes = [
        make.make_node("ReduceMean", ["face"], ["mean"], axes=[1, 2], keepdims=0),
        make.make_node("Loop", ["rounds", "always", "mean"], ["out"], body=body),
    ]
    graph = make.make_graph(
        nodes,
        "endless",
        [value("face", kinds.FLOAT, [1, 8, 8, 2])],
        [value("out", kinds.FLOAT, [1, 2])],
        [
            make.make_tensor("rounds", kinds.INT64, [], [2**62]),
            make.make_tensor("always", kinds.BOOL, [], [True]),
        ],
    )
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)


def test_a_network_that_never_answers_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 5)
    endless(tmp_path / "net.onnx")
    with pytest.raises(UsageError, match=r"net\.onnx' is not a network .*: it does not answer within 5 s"):
        open_classifier(tmp_path / "net.onnx", classes=("a", "b"), given={"scale": "raw"})
