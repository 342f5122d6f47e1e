from __future__ import annotations

import gc

import av

from ferpipe_sources._picture import Converter


def test_a_converted_frame_goes_without_the_garbage_collector(coded):
    """A cycle would keep every decoded picture until the collector comes round."""
    convert = Converter()
    gc.collect()
    gc.disable()
    try:
        with av.open(str(coded([40 * i for i in range(40)]))) as container:
            for frame in container.decode(video=0):
                convert(frame)
        assert gc.collect() < 40
    finally:
        gc.enable()
