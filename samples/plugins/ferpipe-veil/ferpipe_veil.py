"""The stage `veil`: chosen people are blurred, everybody else stays as they are."""

import cv2
from ferpipe import Options, Packet, Stage, hookimpl
from pydantic import Field


class VeilOptions(Options):
    tracks: tuple[int, ...] = Field(description="The numbers of the people, as `track` gives them.")


class Veil(Stage[VeilOptions]):
    """Blurs the faces of chosen people."""

    Options = VeilOptions
    needs = frozenset({"faces", "tracks"})
    gives = frozenset({"canvas"})

    def process(self, packet: Packet) -> Packet:
        canvas = packet.picture.copy()
        for x, y, w, h in (f.box for f in packet.faces if f.track in self.options.tracks):
            part = canvas[max(int(y), 0) : max(int(y + h), 0), max(int(x), 0) : max(int(x + w), 0)]
            if part.size:
                part[:] = cv2.blur(part, (int(w) // 2 + 1, int(h) // 2 + 1))
        return packet.replace(canvas=canvas)


@hookimpl
def ferpipe_stages() -> dict[str, type[Veil]]:
    return {"veil": Veil}
