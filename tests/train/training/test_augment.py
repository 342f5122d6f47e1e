"""Augmentation layers do what they say, to the pixel where that can be worked out."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from train_support import tiny_recipe

pytest.importorskip("tensorflow")
from ferpipe_train.training.net.augment import make_augmentation
from ferpipe_train.training.net.resample import blur_matrices, low_resolution_matrices, sample

RANDOM = np.random.default_rng(1)
FACES = cv2.GaussianBlur(RANDOM.uniform(0, 255, (48, 48, 4)).astype(np.float32), (0, 0), 2)
FACES = FACES.transpose(2, 0, 1)[..., None]


def layer(part: str, seed: int = 5) -> Any:
    (found,) = make_augmentation(tiny_recipe(f"augment=[{part}]").augment, seed)
    found.build(FACES.shape)
    return found


def change(part: str, seed: int = 5) -> np.ndarray:
    return np.asarray(layer(part, seed)(FACES, training=True))


EVERY = [
    "{use: affine, turn: 9, zoom: [-0.2, 0.2], stretch: 0.1, shift: 0.1, fill: mixed}",
    "{use: light, p: 1, gamma: 0.5, contrast: 0.3, brightness: 20}",
    "{use: noise, p: 1}",
    "{use: blur, p: 1}",
    "{use: low_resolution, p: 1}",
    "{use: erase, p: 1}",
]


@pytest.mark.parametrize("part", EVERY)
def test_seeded_bounded_and_only_in_training(part: str) -> None:
    once = change(part)
    assert once.shape == FACES.shape
    assert np.isfinite(once).all()
    assert once.min() >= 0
    assert once.max() <= 255
    assert not np.allclose(once, FACES, atol=1)
    assert np.array_equal(once, change(part))
    assert not np.array_equal(once, change(part, seed=6))
    assert np.array_equal(np.asarray(layer(part)(FACES, training=False)), FACES)


@pytest.mark.parametrize("part", EVERY)
def test_two_calls_draw_anew(part: str) -> None:
    found = layer(part)
    first, second = (np.asarray(found(FACES, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_part_of_the_batch_is_left_alone() -> None:
    many = np.repeat(FACES, 50, axis=0)
    changed = np.asarray(layer("{use: noise, p: 0.3}")(many, training=True))
    touched = (np.abs(changed - many).max(axis=(1, 2, 3)) > 0).mean()
    assert 0.2 < touched < 0.4


def test_a_sure_flip_is_a_mirror() -> None:
    assert np.allclose(change("{use: affine, flip: 1}"), FACES[:, :, ::-1], atol=1e-3)
    assert np.allclose(change("{use: affine, flip: 0}"), FACES, atol=1e-3)


@pytest.mark.parametrize("channels", [1, 3])
def test_resampling_agrees_with_opencv(channels: int) -> None:
    faces = np.repeat(FACES, channels, axis=-1)
    angle, zoom, shift = 0.2, 1.1, (2.5, -1.5)
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    ones = np.ones(len(faces), np.float32)
    matrix = [np.float32(part) * ones for part in (cos, sin, -sin, cos)]
    ours = np.asarray(sample(faces, matrix, [np.float32(part) * ones for part in shift]))
    centre = 23.5
    whole = np.array([[cos, sin, 0], [-sin, cos, 0]])
    whole[:, 2] = np.array(shift) + centre - whole[:, :2] @ [centre, centre]
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    theirs = cv2.warpAffine(faces[0], whole, (48, 48), flags=how, borderMode=cv2.BORDER_REPLICATE)
    # OpenCV rounds positions to 1/32 of a pixel.
    assert np.abs(ours[0] - theirs.reshape(ours[0].shape)).max() < 6
    assert np.abs(ours[0] - theirs.reshape(ours[0].shape)).mean() < 0.5


def test_what_comes_in_from_outside() -> None:
    ones = np.ones(len(FACES), np.float32)
    away = [20 * ones, 0 * ones]
    identity = [ones, 0 * ones, 0 * ones, ones]
    outside = np.array([7, 7, -1, -1], np.float32)
    moved = np.asarray(sample(FACES, identity, away, outside))
    assert np.allclose(moved[:, :, :28], FACES[:, :, 20:], atol=1e-3)
    assert np.all(moved[:2, :, 29:] == 7)
    assert np.allclose(moved[2:, :, 29:], FACES[2:, :, 47:48], atol=1e-3), "the edge's own"


def test_blur_and_low_resolution_agree_with_opencv() -> None:
    face = FACES[0, ..., 0]
    blur = blur_matrices(48, [1.2])[0]
    theirs = cv2.GaussianBlur(face, (9, 9), 1.2, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(blur @ face @ blur.T - theirs).max() < 0.5
    low = low_resolution_matrices(48, [24])[0]
    small = cv2.resize(face, (24, 24), interpolation=cv2.INTER_AREA)
    theirs = cv2.resize(small, (48, 48), interpolation=cv2.INTER_LINEAR)
    assert np.abs(low @ face @ low.T - theirs).max() < 0.05
    odd = low_resolution_matrices(48, [31])[0]
    small = cv2.resize(face, (31, 31), interpolation=cv2.INTER_AREA)
    theirs = cv2.resize(small, (48, 48), interpolation=cv2.INTER_LINEAR)
    assert np.abs(odd @ face @ odd.T - theirs).max() < 0.05


def test_noise_is_as_strong_as_asked() -> None:
    many = np.full((64, 48, 48, 1), 128, np.float32)
    found = layer("{use: noise, p: 1, sigma: [10, 10]}")
    noise = np.asarray(found(many, training=True)) - 128
    assert noise.std() == pytest.approx(10, rel=0.03)
    assert abs(noise.mean()) < 0.5
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1


def test_erased_rectangles_have_one_grey_and_the_size_asked() -> None:
    many = np.zeros((40, 48, 48, 1), np.float32)
    changed = np.asarray(layer("{use: erase, p: 1, size: [0.25, 0.5]}")(many, training=True))[..., 0]
    for picture in changed:
        inside = picture > 0
        height, width = inside.any(axis=1).sum(), inside.any(axis=0).sum()
        assert 11 <= height <= 25
        assert 11 <= width <= 25
        assert inside.sum() == height * width
        assert len(np.unique(picture[inside])) == 1
