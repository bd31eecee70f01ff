"""Reading until when something shall last."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.when import read_until

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""A Sunday evening, 20:00, in Shanghai."""


@pytest.mark.parametrize(
    ("words", "local", "rest"),
    [
        ("2h", "2026-11-22 22:00", ""),
        ("90 min", "2026-11-22 21:30", ""),
        ("3d, waiting for the part", "2026-11-25 20:00", "waiting for the part"),
        ("2小时后再看", "2026-11-22 22:00", "再看"),
        ("1週", "2026-11-29 20:00", ""),
        ("tomorrow", "2026-11-23 09:00", ""),
        ("tomorrow 14:30 the Zip", "2026-11-23 14:30", "the Zip"),
        ("明天", "2026-11-23 09:00", ""),
        ("17:30", "2026-11-23 17:30", ""),
        ("2026-12-24", "2026-12-24 09:00", ""),
        ("2026-01-01", "2026-01-01 09:00", ""),
    ],
)
def test_what_staff_write_is_understood_on_their_clock(words: str, local: str, rest: str) -> None:
    """Spans, days and times of day, in both scripts; the other words are left as they were written."""
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC)
    assert read_until(words, now=NOW, zone=SHANGHAI) == (at, rest)


@pytest.mark.parametrize("words", ["", "ben", "3 dogs", "fridge", "2026-02-30", "later"])
def test_what_names_no_instant_is_not_guessed(words: str) -> None:
    """Rather asked again than wrong."""
    assert read_until(words, now=NOW, zone=SHANGHAI) is None


def test_days_are_days_of_the_wall_clock() -> None:
    """Over the night in which the clocks go back, "1d" is the same time tomorrow, which is 25 hours away."""
    now = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    assert read_until("1d", now=now, zone=ZoneInfo("Europe/London")) == (now + timedelta(hours=25), "")


@given(st.text(max_size=40) | st.from_regex(r"(tomorrow|9999-12-31|12-31|\d{1,4}[dhwm]|fri)( \d{1,2}:\d{2})?.{0,5}"))
def test_any_words_are_read_or_not_but_never_fail(words: str) -> None:
    """Whatever is written, in any zone: an aware instant and some words, or nothing."""
    for zone in (SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Kiritimati")):
        found = read_until(words, now=NOW, zone=zone)
        assert found is None or found[0].utcoffset() == timedelta()
