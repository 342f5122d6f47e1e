"""Networks of recipes: their shapes, and that what LiteRT runs is what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from train_support import tiny_recipe

from ferpipe.models import Input, Model
from ferpipe_train.export.convert import export_litert
from ferpipe_train.training.recipe import Recipe

pytest.importorskip("tensorflow")

FACE_RESNET = tiny_recipe("network={use: face_resnet, blocks: 5}", "data.size=48")
AVERAGED = tiny_recipe("network={use: face_resnet, blocks: 8, antialias: true}", "data.size=48")
ANTIALIASED = tiny_recipe(
    "network={use: residual, widths: [8, 16], depths: [1, 1], stem_kernel: 3, antialias: true}",
    "data.size=48",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "recipe", [FACE_RESNET, AVERAGED, ANTIALIASED], ids=["face_resnet", "averaged", "residual"]
)
def test_an_export_answers_as_the_network_does(recipe: Recipe, tmp_path: Path) -> None:
    import keras

    from ferpipe_train.training.net.build import build_network

    keras.utils.set_random_seed(4)
    network = build_network(recipe, 3)
    pictures = np.random.default_rng(2).integers(0, 256, (64, 48, 48, 1)).astype(np.float32)
    network(pictures, training=True)  # moves the means away from 0, so that they matter
    network.save(tmp_path / "net.keras")
    card = Model(
        name="net",
        file="net.tflite",
        format="litert",
        classes=("a", "b", "c"),
        input=Input(height=48, width=48, scale="raw"),
    )
    _, difference = export_litert(tmp_path / "net.keras", card, tmp_path / "out")
    assert difference < 1e-3


def test_without_strides_a_shift_by_two_pixels_shifts_what_is_halved_by_one() -> None:
    import keras

    from ferpipe_train.training.net.face_resnet import halved

    picture = keras.Input((16, 16, 1))
    halve = keras.Model(picture, halved(picture))
    dot = np.zeros((1, 16, 16, 1), np.float32)
    dot[0, 7, 7] = 36
    spread = np.asarray(halve(dot))[0, :, :, 0]
    np.testing.assert_allclose(spread[3:6, 3:6], [[4, 2, 0], [2, 1, 0], [0, 0, 0]], atol=1e-5)
    shifted = np.asarray(halve(np.roll(dot, 2, axis=2)))[0, :, :, 0]
    np.testing.assert_allclose(shifted, np.roll(spread, 1, axis=1), atol=1e-5)
