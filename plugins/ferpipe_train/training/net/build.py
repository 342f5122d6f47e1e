"""Networks from recipes.  All take pictures from 0 to 255 and answer logits."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from ferpipe import UsageError
from ferpipe_train.training.net.face_resnet import face_resnet, halved
from ferpipe_train.training.recipe import HEAD, Recipe
from ferpipe_train.training.recipe_networks import (
    FaceResNet,
    LayersNetwork,
    ResidualNetwork,
    XceptionNetwork,
)

__all__ = ["FERPLUS_HEAD", "build_network"]

FERPLUS_HEAD = "ferplus"


def build_network(recipe: Recipe, classes: int) -> Any:
    """The recipe's network as a `keras.Model`.

    It takes (N, size, size, channels) pictures from 0 to 255 and gives logits: (N, classes) as
    the first output, `emotion`, and (N, 8) as the second, `ferplus`, where the recipe has it.
    Raises UsageError where the layers do not fit the size of the pictures.
    """
    size, channels = recipe.data.size, 1 if recipe.data.color == "grey" else 3
    picture = layers.Input((size, size, channels), name="picture")
    body = recipe.network
    try:
        features = _BODIES[type(body)](_normalised(picture, body.normalise), body, recipe.seed)
    except ValueError as error:
        raise UsageError(f"network of recipe '{recipe.name}': {str(error).splitlines()[0]}") from error
    if len(features.shape) != 2 and not isinstance(body, XceptionNetwork):
        raise UsageError(f"network of recipe '{recipe.name}': end its layers with flatten or global_average")
    outputs = [_head(features, body, classes)]
    if recipe.labels.second_head is not None:
        outputs.append(layers.Dense(8, name=FERPLUS_HEAD, dtype="float32")(_flat(features)))
    return keras.Model(picture, outputs, name=recipe.name.replace(".", "_").replace("-", "_"))


def _normalised(x: Any, how: str) -> Any:
    if how == "unit":
        return layers.Rescaling(1 / 255, name="unit")(x)
    if how == "signed":
        return layers.Rescaling(1 / 127.5, -1.0, name="signed")(x)
    if how == "face":
        x = layers.Rescaling(1 / 255, name="unit")(x)
        return layers.LayerNormalization(
            axis=[1, 2, 3], center=False, scale=False, epsilon=1e-4, name="face"
        )(x)
    return x


def _flat(x: Any) -> Any:
    return x if len(x.shape) == 2 else layers.GlobalAveragePooling2D()(x)


def _head(x: Any, body: Any, classes: int) -> Any:
    if isinstance(body, XceptionNetwork):
        maps = layers.Conv2D(classes, 3, padding="same", name="class_maps")(x)
        return layers.GlobalAveragePooling2D(name=HEAD)(maps)
    penalty = (
        keras.regularizers.L2(body.output_l2) if isinstance(body, LayersNetwork) and body.output_l2 else None
    )
    return layers.Dense(classes, kernel_regularizer=penalty, name=HEAD)(x)


# ---- residual ------------------------------------------------------------------------------


def _residual(x: Any, body: ResidualNetwork, seed: int) -> Any:
    averaged = body.antialias and body.stem_stride == 2
    x = _conv_norm(x, body.widths[0], body.stem_kernel, 1 if averaged else body.stem_stride)
    x = layers.ReLU()(x)
    if averaged:
        x = halved(x)
    for stage, (width, depth) in enumerate(zip(body.widths, body.depths, strict=True)):
        for block in range(depth):
            x = _residual_block(x, width, 2 if stage and not block else 1, body)
    x = layers.GlobalAveragePooling2D()(x)
    # A seed of its own: without one the torch backend draws from a state that no checkpoint holds.
    return layers.Dropout(body.dropout, seed=seed)(x)


def _conv_norm(x: Any, channels: int, kernel: int, stride: int = 1) -> Any:
    x = layers.Conv2D(
        channels, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    return layers.BatchNormalization(momentum=0.9)(x)


def _residual_block(x: Any, channels: int, stride: int, body: ResidualNetwork) -> Any:
    if stride > 1 and body.antialias:
        x, stride = halved(x), 1
    y = layers.ReLU()(_conv_norm(x, channels, 3, stride))
    y = _squeeze_excite(_conv_norm(y, channels, 3), channels, body.squeeze)
    if stride > 1:
        x = layers.AveragePooling2D(2, padding="same")(x)
    if x.shape[-1] != channels:
        x = _conv_norm(x, channels, 1)
    return layers.ReLU()(layers.Add()([y, x]))


def _squeeze_excite(x: Any, channels: int, squeeze: int) -> Any:
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(max(8, channels // squeeze), 1, activation="relu")(gate)
    gate = layers.Conv2D(channels, 1, activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


# ---- mini-XCEPTION -------------------------------------------------------------------------


def _xception(x: Any, body: XceptionNetwork, seed: int) -> Any:  # noqa: ARG001 -- it drops nothing out
    penalty = keras.regularizers.L2(body.l2) if body.l2 else None
    for channels in body.stem:
        x = layers.Conv2D(channels, 3, use_bias=False, kernel_regularizer=penalty)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    for channels in body.widths:
        x = _separable_block(x, channels, penalty)
    return x


def _separable_block(x: Any, channels: int, penalty: Any) -> Any:
    def separable(inputs: Any) -> Any:
        y = layers.SeparableConv2D(
            channels,
            3,
            padding="same",
            use_bias=False,
            depthwise_regularizer=penalty,
            pointwise_regularizer=penalty,
        )(inputs)
        return layers.BatchNormalization()(y)

    shortcut = layers.Conv2D(channels, 1, strides=2, padding="same", use_bias=False)(x)
    shortcut = layers.BatchNormalization()(shortcut)
    y = separable(layers.ReLU()(separable(x)))
    y = layers.MaxPooling2D(3, strides=2, padding="same")(y)
    return layers.Add()([y, shortcut])


# ---- a list of layers ----------------------------------------------------------------------


def _listed(x: Any, body: LayersNetwork, seed: int) -> Any:
    for number, layer in enumerate(body.layers):
        if layer.use == "dropout":
            x = layers.Dropout(layer.rate, seed=seed + number)(x)
        else:
            x = _LAYERS[layer.use](x, layer)
    return x


def _then(x: Any, layer: Any) -> Any:
    if layer.norm:
        x = layers.BatchNormalization()(x)
    return x if layer.activation == "none" else layers.Activation(layer.activation)(x)


def _regular(layer: Any) -> dict[str, Any]:
    penalty = keras.regularizers.L2(layer.l2) if layer.l2 else None
    return {"kernel_regularizer": penalty, "kernel_initializer": layer.initializer}


def _pool(x: Any, layer: Any) -> Any:
    kind = layers.MaxPooling2D if layer.kind == "max" else layers.AveragePooling2D
    return kind(layer.size, layer.stride, padding=layer.padding)(x)


_LAYERS: dict[str, Any] = {
    "conv": lambda x, a: _then(
        layers.Conv2D(a.filters, a.kernel, a.stride, padding=a.padding, **_regular(a))(x), a
    ),
    "dense": lambda x, a: _then(layers.Dense(a.units, **_regular(a))(x), a),
    "pool": _pool,
    "norm": lambda x, _: layers.BatchNormalization()(x),
    "flatten": lambda x, _: layers.Flatten()(x),
    "global_average": lambda x, _: layers.GlobalAveragePooling2D()(x),
}

_BODIES: dict[type, Any] = {
    ResidualNetwork: _residual,
    FaceResNet: face_resnet,
    XceptionNetwork: _xception,
    LayersNetwork: _listed,
}
