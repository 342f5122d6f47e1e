"""Names of any kind on the page and in the figure."""

from __future__ import annotations

import pytest

from ferpipe_report.page.names import shown


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("talk.mp4", "talk.mp4"),
        ("\u0645\u0642\u0627\u0628\u0644\u0629.mp4", "\u0645\u0642\u0627\u0628\u0644\u0629.mp4"),
        ("\U0001f469\u200d\U0001f52c.mp4", "\U0001f469\u200d\U0001f52c.mp4"),
        ("annex\u202e4pm.exe", "annex4pm.exe"),
        ("a\tb\nc\x1b[31m", "a b c [31m"),
        ("<b>&amp;</b>", "<b>&amp;</b>"),
        ("\u2066\u2069", "?"),
    ],
)
def test_a_name_is_shown_without_what_turns_or_breaks_its_line(name, seen):
    assert shown(name) == seen
