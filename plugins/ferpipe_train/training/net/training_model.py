"""The model that is trained: augmentation, network, losses and averaged weights in one.

It is a plain `keras.Model`, so that TensorFlow, JAX and PyTorch train it alike.  The targets go
in with the pictures, because mixup blends both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from ferpipe_train.training.distillation import LiveTeachers
from ferpipe_train.training.net.augment import make_augmentation
from ferpipe_train.training.net.build import FERPLUS_HEAD
from ferpipe_train.training.recipe import HEAD, Recipe
from ferpipe_train.training.recipe_parts import Adam, Mixup

__all__ = ["Trainee", "make_optimizer"]


class Trainee(keras.Model):  # type: ignore[misc]
    """Give it {"picture", "emotion", "ferplus"?, "weight"} in `train_on_batch`.

    picture: (N, H, W, C) uint8; emotion, ferplus: (N, K) targets; weight: (N,).
    """

    def __init__(self, recipe: Recipe, network: Any, teachers: LiveTeachers | None = None) -> None:
        super().__init__(name="trainee")
        self.network = network
        self.augmentation = make_augmentation(recipe.augment, recipe.seed)
        self.mixup = next((part for part in recipe.augment if isinstance(part, Mixup)), None)
        head = recipe.labels.second_head
        self.head_weights = {HEAD: 1.0} | ({FERPLUS_HEAD: head.weight} if head else {})
        self.seeds = keras.random.SeedGenerator(recipe.seed + 17)
        if self.mixup is not None:
            draws = np.random.default_rng(recipe.seed).beta(self.mixup.alpha, self.mixup.alpha, 4096)
            # No backend-neutral Beta can be compiled: a table of its quantiles can.
            self.blends = np.sort(draws).astype(np.float32)
        self.teachers = teachers
        self.hits = keras.metrics.Mean(name="accuracy")
        self.average = Average(network, recipe.ema) if recipe.ema is not None else None

    def call(self, inputs: Any, training: bool | None = None) -> Any:  # noqa: FBT001 -- Keras's own signature
        """Logits of each head and the targets that belong to them."""
        pictures = ops.cast(inputs["picture"], "float32")
        for layer in self.augmentation:
            pictures = layer(pictures, training=training)
        targets = {name: ops.cast(inputs[name], "float32") for name in self.head_weights}
        weight = ops.cast(inputs["weight"], "float32")
        if training and self.mixup is not None:
            pictures, targets, weight = self._mixed(pictures, targets, weight)
        if training and self.teachers is not None:
            targets[HEAD] = self.teachers.blended(pictures, targets[HEAD])
        if training and self.average is not None:
            self.average.see()
        answers = self.network(pictures, training=training)
        answers = answers if isinstance(answers, (list, tuple)) else [answers]
        return {
            "logits": dict(zip(self.head_weights, answers, strict=True)),
            "targets": targets,
            "weight": weight,
        }

    def _mixed(self, pictures: Any, targets: Any, weight: Any) -> Any:
        """Blended with the neighbour in the batch, which is in random order already."""
        assert self.mixup is not None  # noqa: S101 -- for the type checker
        chance = keras.random.uniform((2,), seed=self.seeds)
        index = ops.cast(chance[0] * len(self.blends), "int32")
        blend = ops.take(ops.convert_to_tensor(self.blends), ops.minimum(index, len(self.blends) - 1))
        blend = ops.where(chance[1] < self.mixup.p, blend, 1.0)

        def mix(values: Any) -> Any:
            return blend * values + (1 - blend) * ops.roll(values, 1, axis=0)

        return mix(pictures), {name: mix(value) for name, value in targets.items()}, mix(weight)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,  # noqa: ARG002
        y_pred: Any = None,
        sample_weight: Any = None,  # noqa: ARG002
        training: bool = True,  # noqa: ARG002, FBT001, FBT002 -- Keras's own signature
    ) -> Any:
        """Cross-entropy of the heads, weighted, and the network's own penalties."""
        weight = y_pred["weight"]
        total = 0.0
        for name, share in self.head_weights.items():
            errors = ops.categorical_crossentropy(
                y_pred["targets"][name], y_pred["logits"][name], from_logits=True
            )
            total = total + share * ops.sum(errors * weight) / ops.maximum(ops.sum(weight), 1e-6)
        right = ops.argmax(y_pred["logits"][HEAD], -1) == ops.argmax(x[HEAD], -1)
        self.hits.update_state(right)
        for penalty in self.losses:
            total = total + ops.cast(penalty, "float32")
        return total


class Average(keras.layers.Layer):  # type: ignore[misc]
    """Exponential means of all of a network's float variables, also of its normalisations.

    At the start it forgets faster (as in TensorFlow's ExponentialMovingAverage), so that the random initial
    weights do not linger.
    """

    def __init__(self, network: Any, decay: float) -> None:
        super().__init__(trainable=False, dtype="float32")
        self.decay = decay
        followed: list[Any] = [v for v in network.variables if "float" in str(v.dtype)]
        # As a list it would be tracked, and the network's weights be this layer's own.
        self.followed: Callable[[], list[Any]] = lambda: followed
        self.means = [
            self.add_weight(shape=v.shape, initializer="zeros", trainable=False, name=f"mean_{i}")
            for i, v in enumerate(followed)
        ]
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False, name="seen")
        self.restart()
        self.built = True

    def restart(self) -> None:
        """Take the present weights for the means."""
        for mean, variable in zip(self.means, self.followed(), strict=True):
            mean.assign(variable)

    def see(self) -> None:
        """Take the present weights into the means."""
        self.seen.assign(self.seen + 1)
        decay = ops.minimum(self.decay, (1 + self.seen) / (10 + self.seen))
        for mean, variable in zip(self.means, self.followed(), strict=True):
            mean.assign(decay * mean + (1 - decay) * ops.convert_to_tensor(variable))

    def write_to(self, network: Any) -> None:
        """Set the weights of `network`, a twin of the one that is followed, to the means."""
        twins = [v for v in network.variables if "float" in str(v.dtype)]
        for variable, mean in zip(twins, self.means, strict=True):
            variable.assign(ops.convert_to_numpy(mean))


def make_optimizer(recipe: Recipe) -> Any:
    """The recipe's optimiser; weight decay spares biases and normalisations."""
    chosen = recipe.optimizer
    common = {
        "learning_rate": chosen.rate,
        "weight_decay": chosen.weight_decay or None,
        "global_clipnorm": chosen.clip_norm,
    }
    if isinstance(chosen, Adam):
        optimizer = keras.optimizers.Adam(epsilon=chosen.epsilon, **common)
    else:
        optimizer = keras.optimizers.SGD(momentum=chosen.momentum, nesterov=chosen.nesterov, **common)
    if chosen.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
