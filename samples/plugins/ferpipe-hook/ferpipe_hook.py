"""The sink `hook`: each change of a person's label is posted to a URL, as JSON."""

import json
from typing import Any
from urllib.request import Request, urlopen

from ferpipe import Context, Packet, Sender, SenderOptions, hookimpl
from pydantic import Field


class HookOptions(SenderOptions):
    url: str = Field(pattern="^https?://", description="The address to post to.")


class Hook(Sender[HookOptions]):
    """Posts a list of {time, track, label} to a URL, for those whose label has changed."""

    Options = HookOptions
    needs = frozenset({"faces", "tracks", "emotions"})

    def open(self, context: Context) -> None:
        super().open(context)
        self.labels: dict[int | None, str] = {}

    def message(self, packet: Packet) -> Any:
        now = {f.track: f.emotion.label for f in packet.faces if f.emotion and f.emotion.label}
        changed = {track: label for track, label in now.items() if self.labels.get(track) != label}
        self.labels.update(changed)
        return [{"time": packet.frame.seconds, "track": t, "label": n} for t, n in changed.items()] or None

    def send(self, message: Any) -> None:
        kind = {"Content-Type": "application/json"}
        urlopen(Request(self.options.url, json.dumps(message).encode(), kind), timeout=5).close()


@hookimpl
def ferpipe_stages() -> dict[str, type[Hook]]:
    return {"hook": Hook}
