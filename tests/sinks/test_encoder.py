"""What an encoder keeps back is lost when the run is killed, so that it is little."""

from __future__ import annotations

import av
import numpy as np
import pytest

from ferpipe import Output
from ferpipe_sinks._encoder import Encoder, lookahead


def test_the_lookahead_keeps_the_lag_below_half_a_second():
    assert [lookahead(rate) for rate in (1, 5, 9, 10, 15, 25, 30, 60, 240)] == [0, 0, 0, 4, 6, 10, 10, 10, 10]
    assert lookahead(None) == 4


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_an_encoder_keeps_back_no_more_than_it_looks_ahead(tmp_path, codec):
    for ahead, most in ((10, 14), (4, 8), (0, 4)):
        file = Output(tmp_path / f"{ahead}.mkv").file
        film = Encoder(file, "matroska", (64, 48), codec, ahead=ahead, preset="slow")
        film.begin()
        packets = 0
        while not packets:
            frame = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), "yuv420p")
            frame.pts, frame.time_base = film._step, film._stream.time_base
            film._step += 40_000
            packets = len(film._stream.encode(frame))
        kept_back = film._step // 40_000
        film.close()
        assert kept_back <= most
