"""The manifest: what its records mean, and what a kill in the middle of one leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferpipe_batch.decide import INTERRUPTIONS, Outputs, Rules, decide
from ferpipe_batch.manifest import Entry, Journal, State, read

NOW = {"pipeline": "p", "files": {}, "models": {"base": "m"}, "versions": {"ferpipe": "1"}}


def start(key: str, **more: Any) -> dict[str, Any]:
    return {"event": "start", "key": key, "stem": key, "identity": {"size": 1}, "fingerprint": "f", **more}


def end(key: str, state: str, **more: Any) -> dict[str, Any]:
    return {"event": "end", "key": key, "state": state, **more}


def state_of(folder: Path, *records: dict[str, Any], cut: bytes = b"") -> State:
    journal = Journal(folder, "1-of-1")
    for record in records:
        journal.append(record, sync=True)
    journal.close()
    with journal.path.open("ab") as file:
        file.write(cut)
    return read(folder)


def test_a_later_journal_goes_on_where_a_killed_one_stopped(tmp_path: Path) -> None:
    state_of(tmp_path, start("a", anew=True), end("a", "done", outputs={"a.json": 3}), start("b", anew=True))
    cut = b'{"event": "end", "key": "c", "sta'
    state = state_of(
        tmp_path, start("b"), end("b", "failed", cause="crash", counts=True), start("c"), cut=cut
    )
    a, b, c = (state.entries[key] for key in "abc")
    assert (a.state, a.outputs) == ("done", {"a.json": 3})
    assert (b.state, b.attempts, b.lost, b.cause) == ("failed", 1, 1, "crash")
    assert (c.state, c.attempts) == ("running", 0)


def test_names_of_any_bytes_are_kept(tmp_path: Path) -> None:
    odd = b"caf\xe9\n\xf0\x9f\x8e\xac".decode("utf-8", "surrogateescape")
    assert list(state_of(tmp_path, start(odd)).entries) == [odd]


def verdict(tmp_path: Path, entry: Entry | None, *, size: int = 1, **rules: Any) -> tuple[bool, str, str]:
    given = {"attempts": 3, "now": NOW, "fingerprints": {"f": NOW}, **rules}
    found = decide({"size": size}, entry, Rules(**given), Outputs(tmp_path))
    return found.do, found.state, found.why


def entry(state: str, **more: Any) -> Entry:
    return Entry("a", "a", state, identity={"size": 1}, pipeline="f", **more)


@pytest.mark.parametrize(
    ("known", "rules", "expected"),
    [
        (None, {}, (True, "waiting", "new")),
        (entry("done", outputs={"a.json": 2}), {}, (False, "done", "done")),
        (entry("done", outputs={"b.json": 2}), {}, (True, "waiting", "b.json is missing or has changed")),
        (entry("done", outputs={"a.json": 2}), {"redo": True}, (True, "waiting", "--redo")),
        (entry("failed", attempts=2, cause="crash"), {}, (True, "waiting", "failed before")),
        (entry("quarantined", attempts=3, error="it crashed"), {}, (False, "quarantined", "it crashed")),
        (entry("quarantined", attempts=3), {"attempts": 4}, (True, "waiting", "failed before")),
        (entry("quarantined", attempts=3), {"retry": True}, (True, "waiting", "--retry")),
        (entry("quarantined", cause="refused", error="no"), {}, (False, "quarantined", "no")),
        (entry("failed", cause="killed"), {}, (True, "waiting", "failed before")),
        (entry("running"), {}, (True, "waiting", "interrupted")),
        (
            entry("running", lost=INTERRUPTIONS - 1),
            {},
            (False, "quarantined", f"under way {INTERRUPTIONS} times when the batch was killed"),
        ),
        (
            entry("done", outputs={"a.json": 2}),
            {"now": {**NOW, "pipeline": "q"}},
            (True, "waiting", "the pipeline has changed"),
        ),
        (
            entry("quarantined", attempts=3),
            {"now": {**NOW, "models": {"base": "n"}}},
            (True, "waiting", "the model 'base' has changed"),
        ),
        (
            entry("done", outputs={"a.json": 2}),
            {"now": {**NOW, "versions": {"ferpipe": "2"}}},
            (False, "done", "done"),
        ),
    ],
)
def test_what_is_done_again_and_why(
    tmp_path: Path, known: Entry | None, rules: dict[str, Any], expected: tuple[bool, str, str]
) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert verdict(tmp_path, known, **rules) == expected


def test_a_changed_input_is_done_again(tmp_path: Path) -> None:
    assert verdict(tmp_path, entry("done"), size=2) == (True, "waiting", "the input has changed")
