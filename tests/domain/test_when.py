"""Reading until when something shall last."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.when import read_when

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""A Sunday evening, 20:00, in Shanghai."""


@pytest.mark.parametrize(
    ("words", "local", "rest"),
    [
        ("2h", "2026-11-22 22:00", ""),
        ("in 30 min", "2026-11-22 20:30", ""),
        ("3d waiting for the part", "2026-11-25 20:00", "waiting for the part"),
        ("2小时后再看", "2026-11-22 22:00", "再看"),
        ("1週", "2026-11-29 20:00", ""),
        ("tomorrow", "2026-11-23 09:00", ""),
        ("Tomorrow 14:30, the Zip", "2026-11-23 14:30", "the Zip"),
        ("tomorrow 3pm", "2026-11-23 15:00", ""),
        ("12:30 am", "2026-11-23 00:30", ""),
        ("明天", "2026-11-23 09:00", ""),
        ("下周一 9点30", "2026-11-23 09:30", ""),
        ("sunday", "2026-11-29 09:00", ""),
        ("Fri 10:00 x", "2026-11-27 10:00", "x"),
        ("17:30", "2026-11-23 17:30", ""),
        ("21:00", "2026-11-22 21:00", ""),
        ("2026-12-24", "2026-12-24 09:00", ""),
        ("12-24 8:15", "2026-12-24 08:15", ""),
        ("12月24日", "2026-12-24 09:00", ""),
        ("02-29", "2028-02-29 09:00", ""),
    ],
)
def test_what_staff_write_is_understood_on_their_clock(words: str, local: str, rest: str) -> None:
    """Spans, days and times of day, in both scripts; what stands behind them is left as it was written."""
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert read_when(words, now=NOW, zone=SHANGHAI) == (at, rest)


@pytest.mark.parametrize("words", ["", "today", "ben", "3 dogs", "fridge", "2026-02-30", "25:00", "13pm", "later"])
def test_what_names_no_instant_is_not_guessed(words: str) -> None:
    """Rather asked again than wrong."""
    assert read_when(words, now=NOW, zone=SHANGHAI) is None


def test_days_are_days_of_the_wall_clock() -> None:
    """Over the night in which the clocks go back, "1d" is the same time tomorrow, which is 25 hours away."""
    now = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    assert read_when("1d", now=now, zone=ZoneInfo("Europe/London")) == (now + timedelta(hours=25), "")


@given(st.text(max_size=40) | st.from_regex(r"(tomorrow|9999-12-31|12-31|\d{1,4}[dhwm]|fri)( \d{1,2}:\d{2})?.{0,5}"))
def test_any_words_are_read_or_not_but_never_fail(words: str) -> None:
    """Whatever is written, in any zone: an aware instant and a part of the words, or nothing."""
    for zone in (SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Kiritimati")):
        found = read_when(words, now=NOW, zone=zone)
        if found is not None:
            assert found[0].utcoffset() == timedelta()
            assert found[1] in words
