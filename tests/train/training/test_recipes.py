"""Recipes: every mistake with its place, and the shipped ones as their authors have them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from train_support import TINY, lfw_faces, tiny_recipe

from ferpipe import ConfigError, UsageError
from ferpipe_train.data import FER_CLASSES, LabelledFaces
from ferpipe_train.training.adapt import fitted
from ferpipe_train.training.batches import Batches, class_weights
from ferpipe_train.training.recipe_file import find_recipe, known_recipes, load_recipe, parse_recipe
from ferpipe_train.training.recipe_parts import Plateau
from ferpipe_train.training.schedule import PlateauState, rate_at
from ferpipe_train.training.targets import keep_faces, make_targets

SHIPPED = {
    "base": 877_711,
    "base-finish": 877_711,
    "classic-folders": 4_478_727,
    "classic-json-h5": 1_914_951,
    "classic-plain": 2_345_607,
    "classic-three-layers": 1_276_807,
    "classic-two-blocks": 9_703_879,
    "mini-xception": 58_423,
    "nano": 224_600,
    "wide": 7_431_783,
}
"""Weights; those of mini-XCEPTION and of the folders' network are their authors' own figures."""

WRONG = """version: 1
name: wrong
network:
  use: layers
  layers:
    - {use: conv, filers: 3}
    - {use: convv}
    - {use: dropout, rate: 1.5}
data: {sze: 3}
optimizer: {use: sgd, rate: -1, weightdecay: 3}
schedule: {use: cosin}
epochs: 0
augment:
  - {use: affine, tun: 3}
  - {p: 3}
"""


def test_all_mistakes_at_once_each_with_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_recipe(WRONG, "wrong.yaml", ["labels.smoothing=2", "nonsense"])
    lines = str(caught.value).splitlines()
    for expected in (
        "wrong.yaml:6:19: unknown key 'filers' (did you mean 'filters'?)",
        "wrong.yaml:7:13: there is no 'convv' (did you mean 'conv'?)",
        "wrong.yaml:8:28: 'rate': expected less than 1",
        "wrong.yaml:9:8: unknown key 'data.sze' (did you mean 'size'?)",
        "wrong.yaml:10:33: unknown key 'weightdecay' (did you mean 'weight_decay'?)",
        "wrong.yaml:11:17: there is no 'cosin' (did you mean 'cosine'?)",
        "wrong.yaml:12:9: 'epochs': expected at least 1, found 0",
        "wrong.yaml:14:19: unknown key 'tun' (did you mean 'turn'?)",
        "wrong.yaml:15:5: 'use' is missing (one of affine, light, noise, blur, low_resolution, erase, mixup)",
        "--set nonsense: expected a key of the recipe and its value, such as optimizer.rate=0.1",
    ):
        assert any(line.startswith(expected) for line in lines), expected
    assert any(line.startswith("--set labels.smoothing: ") for line in lines)
    assert not any("input tag" in line or "discriminator" in line for line in lines)


def test_what_does_not_fit_together() -> None:
    with pytest.raises(ConfigError, match="2 widths but 1 depths"):
        tiny_recipe("network={use: residual, widths: [8, 16], depths: [1]}")


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ("{use: stable_decay, warmup: 2, decay: 4}", "schedule.warmup=1 and schedule.decay=2"),
        ("{use: cosine, warmup: 5}", "schedule.warmup=3"),
    ],
)
def test_a_training_shorter_than_its_schedule_shortens_it(schedule: str, told: str) -> None:
    recipe, lines = fitted(tiny_recipe(f"schedule={schedule}", "optimizer.rate=1"), lfw_faces())
    assert [line.partition("shortened to ")[2] for line in lines] == [told]
    rates = [rate_at(recipe, step, 1) for step in range(4)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[round(recipe.schedule.warmup)] == pytest.approx(1)
    assert fitted(recipe, lfw_faces()) == (recipe, [])


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_recipe_can_be_tried_for_one_epoch(name: str) -> None:
    recipe, _ = fitted(load_recipe(name, ("epochs=1",)), lfw_faces())
    assert max(rate_at(recipe, step, 10) for step in range(10)) <= recipe.optimizer.rate


def test_no_yaml_and_no_recipe() -> None:
    with pytest.raises(ConfigError, match="bad YAML"):
        parse_recipe("version: [", "r.yaml")
    with pytest.raises(UsageError, match=r"neither a file nor a shipped recipe \(did you mean 'base'"):
        find_recipe("bas")


def test_changes_reach_into_the_recipe() -> None:
    recipe = tiny_recipe("optimizer.rate=0.3", "augment=[]", "labels.second_head.weight=2")
    assert recipe.optimizer.rate == 0.3
    assert recipe.augment == ()
    assert recipe.labels.second_head is not None
    assert recipe.labels.second_head.weight == 2


def test_what_is_wrong_inside_a_change_names_the_change() -> None:
    with pytest.raises(UsageError) as caught:
        tiny_recipe("labels.teacher={models: [], live: perhaps}")
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("--set labels.teacher: ") for line in lines)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_shipped_recipes_build_the_networks_they_name(name: str) -> None:
    pytest.importorskip("tensorflow")
    from ferpipe_train.training.net.build import build_network

    recipe = load_recipe(name)
    assert recipe.name == name
    network = build_network(recipe, 7)
    assert network.count_params() == SHIPPED[name]
    heads = 2 if recipe.labels.second_head else 1
    assert [tuple(output.shape) for output in network.outputs] == [(None, 7), (None, 8)][:heads]


def test_no_recipe_is_shipped_untested() -> None:
    assert set(known_recipes()) == set(SHIPPED)


def rates(recipe_change: str, steps: int = 10) -> Callable[[float], float]:
    recipe = parse_recipe(TINY.replace("epochs: 3", "epochs: 10"), None, [recipe_change, "optimizer.rate=1"])
    return lambda epoch: rate_at(recipe, round(epoch * steps), steps)


def test_schedules_at_their_landmarks() -> None:
    cosine = rates("schedule={use: cosine, warmup: 2, floor: 0.1}")
    assert [cosine(e) for e in (0, 1, 2, 6, 10)] == pytest.approx([0.1, 0.55, 1.0, 0.55, 0.1])
    stable = rates("schedule={use: stable_decay, warmup: 1, decay: 4, floor: 0.05}")
    assert [stable(e) for e in (1, 6, 8, 10)] == pytest.approx([1.0, 1.0, 0.5, 0.05])
    inverse = rates("schedule={use: constant, inverse: 0.01}")
    assert inverse(10) == pytest.approx(1 / 2)


def test_a_plateau_waits_and_then_reduces() -> None:
    schedule = Plateau(use="plateau", monitor="loss", factor=0.5, patience=2)
    state = PlateauState()
    factors = []
    for loss in (1.0, 0.9, 0.9, 0.95, 0.8, 0.81, 0.82):
        state.see(schedule, loss)
        factors.append(state.factor)
    assert factors == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]


VOTES = np.zeros((3, 10), np.float32)
VOTES[0, [1, 2]] = 8, 2  # happiness and surprise
VOTES[1, [0, 8]] = 2, 8  # two for neutral, the rest unknown
VOTES[2, 9] = 10  # no face


def voted() -> LabelledFaces:
    return LabelledFaces(
        np.zeros((3, 48, 48, 1), np.uint8), np.array([5, 0, 3]), np.zeros(3, np.int64), FER_CLASSES, VOTES
    )


def test_targets_mix_labels_and_votes_by_hand() -> None:
    change = "labels={ferplus: 0.25, smoothing: 0.07, second_head: {weight: 1, smoothing: 0}, not_a_face: 5}"
    labels = tiny_recipe(change).labels
    targets = make_targets(voted(), labels)
    happy = 0.93 * 0.25 * 0.8 + 0.01
    surprise = 0.93 * (0.75 + 0.25 * 0.2) + 0.01
    assert targets.emotion[0] == pytest.approx([0.01, 0.01, 0.01, happy, 0.01, surprise, 0.01])
    assert targets.emotion[1, 0] == pytest.approx(0.94), "two votes are too few: the label alone"
    assert targets.ferplus is not None
    assert targets.ferplus[0].tolist() == pytest.approx([0, 0.8, 0.2, 0, 0, 0, 0, 0])
    assert targets.ferplus[1].tolist() == pytest.approx([1, 0, 0, 0, 0, 0, 0, 0])
    assert targets.ferplus[2].tolist() == pytest.approx([0, 1, 0, 0, 0, 0, 0, 0]), "no votes: the label"
    assert len(keep_faces(voted(), labels)) == 2


def test_votes_that_are_wanted_and_not_there() -> None:
    faces = LabelledFaces(voted().images, voted().labels, voted().splits, FER_CLASSES)
    with pytest.raises(UsageError, match=r"put fer2013new.csv beside fer2013.csv"):
        make_targets(faces, tiny_recipe("labels.ferplus=0.5").labels)


def test_balanced_weights_give_each_class_the_same_say() -> None:
    labels = np.array([0] * 6 + [1] * 3)
    weights = class_weights(labels, 3, "balanced")
    assert weights.sum() == pytest.approx(9)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())


def test_an_epochs_order_is_the_seeds_and_balanced_sampling_balances(lfw: LabelledFaces) -> None:
    few = lfw.take([*range(10), *range(100, 190)])
    plain = Batches.of(tiny_recipe(), few)
    assert sorted(plain.order(0)) == list(range(100))
    assert plain.order(0).tolist() == plain.order(0).tolist() != plain.order(1).tolist()
    drawn = few.labels[Batches.of(tiny_recipe("sampling=balanced"), few).order(0)]
    assert 30 <= (drawn == 0).sum() <= 70
    later = list(plain.epoch(0, start=2))
    assert len(later) == plain.steps - 2
    assert np.array_equal(later[0]["picture"], list(plain.epoch(0))[2]["picture"])
