"""Several trained networks as one: an ensemble in a Keras file, which exports and explains like any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferpipe import UsageError
from ferpipe.models import Found, Model, Output, digest, find_model, keras_twin, read_side_file
from ferpipe_networks.classifier import refuse_misfit
from ferpipe_networks.keras_files import load_keras, shapes_of
from ferpipe_train.training.recipe import HEAD

__all__ = ["Member", "ensemble", "members"]

_LEAST = 1e-7
"""The smallest probability that is taken into a logarithm."""


@dataclass(frozen=True, slots=True)
class Member:
    """One network of an ensemble, by the name that it was given; its files and its side file."""

    name: str
    found: Found
    card: Model


def ensemble(members: Sequence[Member], out: Path, *, soup: bool = False) -> tuple[Model, Any]:
    """Write `out`, a .keras file that answers with the mean of the members' logits, and its side file.

    soup: the mean of their weights instead, at the cost of one network, for networks that grew from one
    start (Wortsman et al. 2022, arXiv:2203.05482).

    Each network's logits are divided by its own temperature first, so none speaks louder for being
    surer; probabilities are taken as their logarithms.  The mean is thus a product of experts
    (Hinton 2002, doi:10.1162/089976602760128018).  The side file is NAME.ferpipe.json, so that an
    export beside it can have NAME.json.  Gives its card and the Keras network.  Raises UsageError where
    a side file describes another network, or `out` is there already.
    """
    side = out.with_suffix(".ferpipe.json")
    _refuse_in_the_way(out, side, [member.found for member in members])
    cards = [member.card for member in members]
    networks = [_loaded(member.found, member.card) for member in members]
    network = _blended(networks, members) if soup else _averaged(networks, cards)
    out.parent.mkdir(parents=True, exist_ok=True)
    _save(network, out)
    card = Model(
        name=out.stem,
        file=out.name,
        format="keras",
        sha256=digest(out),
        classes=cards[0].classes,
        input=cards[0].input,
        output=_output_of_soup(cards) if soup else Output(kind="logits"),
        framing=next((card.framing for card in cards if card.framing is not None), None),
        data=_texts(card.data for card in cards),
        recipe=("the mean of the weights of " if soup else "the mean of ")
        + " and ".join(f"'{card.recipe or card.name}'" for card in cards),
        licence=_texts(card.licence for card in cards),
        source=_texts(card.source for card in cards),
    ).placed(out.parent)
    card.write(side)
    return card, network


def members(sources: Sequence[str | Path]) -> list[Member]:
    """The networks of an ensemble; raises UsageError where one has no side file or is named twice, or
    they differ in their classes or in the pictures that they take.
    """
    found = [_keras(source) for source in sources]
    paths = [member.found.path.resolve() for member in found]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise UsageError(f"'{sources[number]}' is named twice: name each network once")
    _agree(found)
    return found


def _refuse_in_the_way(out: Path, side: Path, found: Sequence[Found]) -> None:
    """Raise UsageError where writing `out` and its side file would lose something."""
    if out.resolve() in {file.resolve() for one in found for file in one.files}:
        raise UsageError(f"'{out}' is one of the networks of the ensemble: give the result another name")
    for path in (out, side):
        if path.exists() and not (path == side and _is_of(side, out)):
            raise UsageError(f"'{path}' exists: give the result another name, or remove it first")


def _is_of(side: Path, out: Path) -> bool:
    try:
        return read_side_file(side).file == out.name
    except UsageError:
        return False


def _loaded(found: Found, card: Model) -> Any:
    network = load_keras(found)
    shape, sizes = shapes_of(found, network)
    refuse_misfit(card, shape[1:], sizes)
    return network


def _save(network: Any, out: Path) -> None:
    # Keras recognises the format by the suffix, so the part's name keeps it.
    part = out.with_name(f"part-{out.name}")
    try:
        network.save(part)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _keras(source: str | Path) -> Member:
    found = keras_twin(find_model(source))
    if found is None or found.format not in {"keras", "h5", "keras-json"}:
        raise UsageError(f"'{source}' is not a Keras network: give the .keras file that it was exported from")
    if found.card is None:
        raise UsageError(
            f"'{source}' has no side file: ferpipe train writes one; docs/models.md describes it"
        )
    return Member(str(source), found, found.card)


def _agree(members: Sequence[Member]) -> None:
    first = members[0]
    for member in members[1:]:
        if member.card.classes != first.card.classes:
            raise UsageError(
                f"'{member.name}' has the classes {', '.join(member.card.classes)}; "
                f"'{first.name}' has {', '.join(first.card.classes)}"
            )
        if member.card.input != first.card.input:
            raise UsageError(
                f"'{member.name}' expects another input than '{first.name}': size, channels or scale differ"
            )
    framed = [member for member in members if member.card.framing is not None]
    for member in framed[1:]:
        if member.card.framing != framed[0].card.framing:
            raise UsageError(
                f"'{member.name}' expects a different framing of faces than '{framed[0].name}': "
                "their `framing` differs"
            )


def _averaged(networks: Sequence[Any], cards: Sequence[Model]) -> Any:
    import keras
    from keras import layers

    picture = keras.Input(networks[0].inputs[0].shape[1:], name="picture")
    answers = []
    for number, (network, card) in enumerate(zip(networks, cards, strict=True), 1):
        answer = _copied(network, picture, f"n{number}_")[card.output.index]
        if card.output.kind == "probabilities":
            answer = keras.ops.log(keras.ops.maximum(answer, _LEAST))
        answers.append(layers.Rescaling(1 / card.output.temperature, name=f"n{number}_temperature")(answer))
    return keras.Model(picture, layers.Average(name=HEAD)(answers))


def _blended(networks: Sequence[Any], members: Sequence[Member]) -> Any:
    """The first network with the mean of all weights."""
    weights = [network.get_weights() for network in networks]
    first = members[0]
    for network, own, member in zip(networks[1:], weights[1:], members[1:], strict=True):
        kinds = [type(layer) for layer in network.layers]
        alike = kinds == [type(layer) for layer in networks[0].layers]
        if not alike or [w.shape for w in own] != [w.shape for w in weights[0]]:
            raise UsageError(
                f"'{member.name}' has other layers than '{first.name}': their weights have no mean"
            )
        output, wanted = member.card.output, first.card.output
        if (output.kind, output.index) != (wanted.kind, wanted.index):
            raise UsageError(
                f"'{member.name}' has another output than '{first.name}': their side files differ"
            )
    networks[0].set_weights([np.mean(same, axis=0) for same in zip(*weights, strict=True)])
    return networks[0]


def _output_of_soup(cards: Sequence[Model]) -> Output:
    """The first one's output, with the mean of the temperatures until it is fitted."""
    mean = sum(card.output.temperature for card in cards) / len(cards)
    return cards[0].output.model_copy(update={"temperature": mean})


def _copied(network: Any, picture: Any, prefix: str) -> list[Any]:
    """The outputs of a copy of `network` for `picture`, layer by layer, so that each can be looked into."""
    import keras

    def renamed(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config({**config, "name": prefix + config["name"]})

    entry = keras.tree.map_structure(lambda _: picture, network.input)
    copy = keras.models.clone_model(network, input_tensors=entry, clone_function=renamed)
    copy.set_weights(network.get_weights())
    return list(copy.outputs)


def _texts(parts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(part for part in parts if part))
