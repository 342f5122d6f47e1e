"""The first blocks of dlib's face recognition ResNet, as a Keras network.

Davis King's network of 2017 (`dlib_face_recognition_resnet_model_v1`), an adaptation of the 34-layer
network of He et al. (2016) with fewer layers and half of the filters.  Differences from it: one grey
channel in place of three, batch normalisation in place of its fixed affine layers, and 256
channels without a further halving, since the picture is smaller.  dlib subtracts a mean and divides by 256
first; the first convolution is not padded, so that its weights and the norm behind it can hold both.
"""

from __future__ import annotations

from typing import Any

from keras import layers

from ferpipe_train.training.recipe_networks import FaceResNet

__all__ = ["face_resnet", "halved"]

_CHANNELS = (32, 32, 32, 64, 64, 64, 64, 128, 128, 128, 256, 256, 256)


def face_resnet(x: Any, body: FaceResNet, seed: int) -> Any:
    """(N, H, W, 1) normalised pictures to (N, C) features."""
    # Not Resizing: behind it, Keras 3 exports batch normalisation as it is in training.
    x = layers.UpSampling2D(body.enlarge, interpolation="bilinear", name="enlarged")(x)
    x = layers.ReLU()(_conv_norm(x, 32, 7, 2, "valid"))
    x = halved(layers.MaxPooling2D(2, 1)(x)) if body.antialias else layers.MaxPooling2D(3, 2)(x)
    before = 32
    for channels in _CHANNELS[: body.blocks]:
        x = _block(x, channels, halve=before != channels and channels < 256, antialias=body.antialias)
        before = channels
    return layers.Dropout(body.dropout, seed=seed)(layers.GlobalAveragePooling2D()(x))


def _conv_norm(x: Any, channels: int, kernel: int, stride: int = 1, padding: str = "same") -> Any:
    x = layers.Conv2D(
        channels, kernel, stride, padding=padding, use_bias=False, kernel_initializer="he_normal"
    )(x)
    return layers.BatchNormalization(momentum=0.95, epsilon=1e-5)(x)


def halved(x: Any) -> Any:
    """Every second pixel of the average by (1, 2, 2, 1) / 6, down and across."""
    x = layers.AveragePooling2D(3, 1, padding="same")(x)
    return layers.AveragePooling2D(2)(x)


def _block(x: Any, channels: int, *, halve: bool, antialias: bool) -> Any:
    y = layers.AveragePooling2D(2, 1)(x) if halve and antialias else x
    y = _conv_norm(y, channels, 3, 2, "valid") if halve else _conv_norm(y, channels, 3)
    y = _conv_norm(layers.ReLU()(y), channels, 3)
    if halve:
        x = layers.AveragePooling2D(2)(x)
    if x.shape[-1] != channels:
        x = layers.Concatenate()([x, layers.Rescaling(0.0)(x)])  # dlib fills new channels with zeros
    size = max(x.shape[1], y.shape[1])
    return layers.ReLU()(layers.Add()([_padded(x, size), _padded(y, size)]))


def _padded(x: Any, size: int) -> Any:
    """Zeros below and to the right, where dlib's halves differ by a pixel."""
    missing = size - x.shape[1]
    return layers.ZeroPadding2D(((0, missing), (0, missing)))(x) if missing else x
