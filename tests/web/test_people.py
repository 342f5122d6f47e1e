from __future__ import annotations

import pytest

from ferpipe import Box, Face, Packet, UsageError
from ferpipe.testing import make_packet
from ferpipe_web.worker.people import People


def packet(*tracks: int, second: int = 0) -> Packet:
    return make_packet(
        time=second * 1_000_000, faces=tuple(Face(Box(0, 0, 9, 9), 0.9, track=track) for track in tracks)
    )


def tracks(packet: Packet) -> list[int | None]:
    return [face.track for face in packet.faces]


def test_a_merged_track_is_shown_as_the_other_one() -> None:
    people = People()
    people.apply(packet(1))
    people.rename(1, "Ann")
    people.apply(packet(2, second=5))
    people.merge(1, 2)
    assert tracks(people.apply(packet(2, second=6))) == [1]
    (ann,) = people.listed()
    assert (ann["track"], ann["name"], ann["merged"], ann["present"]) == (1, "Ann", [2], True)
    assert (ann["first"], ann["last"]) == (0.0, 6.0)
    people.split(2)
    assert tracks(people.apply(packet(2, second=7))) == [2]
    assert people.names() == {"1": "Ann"}


def test_the_name_of_the_merged_one_is_kept_where_the_other_has_none() -> None:
    people = People()
    people.apply(packet(1))
    people.apply(packet(2))
    people.rename(2, "Bob")
    people.merge(1, 2)
    assert people.names() == {"1": "Bob"}


def test_two_in_one_picture_are_two_people() -> None:
    people = People()
    people.apply(packet(1, 2))
    with pytest.raises(UsageError, match="two people"):
        people.merge(1, 2)


def test_two_who_turn_out_to_be_in_one_picture_are_shown_as_two() -> None:
    people = People()
    people.apply(packet(1))
    people.apply(packet(2))
    people.merge(1, 2)
    assert tracks(people.apply(packet(1, 2, second=1))) == [1, 2]
    assert tracks(people.apply(packet(2, 1, second=2))) == [2, 1]


def test_nobody_is_nobody() -> None:
    people = People()
    people.apply(packet(1))
    for action in (
        lambda: people.rename(7, "Eve"),
        lambda: people.merge(1, 7),
        lambda: people.merge(1, 1),
        lambda: people.split(1),
    ):
        with pytest.raises(UsageError):
            action()


def test_who_left_long_ago_is_forgotten_and_who_has_a_name_is_not() -> None:
    people = People()
    people.apply(packet(1))
    people.rename(1, "Ann")
    for track in range(2, 1100):
        people.apply(packet(track, second=track))
    known = [person["track"] for person in people.listed()]
    assert len(known) == 1000
    assert known[0] == 1
    assert 2 not in known
    assert not any(person["present"] for person in people.listed()[:-2])
