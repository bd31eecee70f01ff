"""When something is to be done, as staff write it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.moments import When, instant_of, read_when

WEDNESDAY = datetime(2026, 11, 25, 14, 0)  # noqa: DTZ001 - a local wall clock
TODAY = WEDNESDAY.date()
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("words", "on", "at", "rest"),
    [
        ("Fri 15:00 ring about the coat", date(2026, 11, 27), time(15), "ring about the coat"),
        ("ring about the coat on Friday", date(2026, 11, 27), None, "ring about the coat on"),
        ("wed 9:00 call", date(2026, 12, 2), time(9), "call"),
        ("Wed 16:30 call", TODAY, time(16, 30), "call"),
        ("next mon 3pm visit", date(2026, 11, 30), time(15), "visit"),
        ("tomorrow call Ann", date(2026, 11, 26), None, "call Ann"),
        ("day after tomorrow 10am", date(2026, 11, 27), time(10), ""),
        ("tonight ring", TODAY, time(19), "ring"),
        ("1 Dec 12:15 coat ready", date(2026, 12, 1), time(12, 15), "coat ready"),
        ("Jan 3rd write", date(2027, 1, 3), None, "write"),
        ("2026-12-24 18:00 gift", date(2026, 12, 24), time(18), "gift"),
        ("12-24 gift", date(2026, 12, 24), None, "gift"),
        ("24/12 gift", date(2026, 12, 24), None, "gift"),
        ("at 4 ring back", None, time(16), "ring back"),
        ("in 3 days ask", date(2026, 11, 28), None, "ask"),
        ("周五 15点 打电话说大衣的事", date(2026, 11, 27), time(15), "打电话说大衣的事"),
        ("明天下午三点半回电", date(2026, 11, 26), time(15, 30), "回电"),
        ("下週一早上 聯絡王小姐", date(2026, 11, 30), time(10), "聯絡王小姐"),
        ("星期天十二点送货", date(2026, 11, 29), time(12), "送货"),
        ("12月3日 10:30 量尺寸", date(2026, 12, 3), time(10, 30), "量尺寸"),
        ("十二月三號 量尺寸", date(2026, 12, 3), None, "量尺寸"),
        ("28号取衣", date(2026, 11, 28), None, "取衣"),
        ("后天晚上8点 回访", date(2026, 11, 27), time(20), "回访"),
        ("今晚回电", TODAY, time(19), "回电"),
        ("3点打给她", None, time(15), "打给她"),
        ("三天后问一下", date(2026, 11, 28), None, "问一下"),
        ("下周联系", date(2026, 12, 2), None, "联系"),
    ],
)
def test_days_and_times_are_read_in_three_languages(words: str, on: date | None, at: time | None, rest: str) -> None:
    """Staff write when as they speak; what else they say is kept."""
    assert read_when(words, now=WEDNESDAY) == When(on, at, None, rest)


@pytest.mark.parametrize(
    ("words", "after"),
    [("in 2 hours", timedelta(hours=2)), ("半小时后", timedelta(minutes=30)), ("两小時後", timedelta(hours=2))],
)
def test_spans_are_counted_from_now(words: str, after: timedelta) -> None:
    """“In two hours” needs no clock."""
    assert read_when(words, now=WEDNESDAY).after == after


@pytest.mark.parametrize(
    "words", ["ring about the coat", "3/4 ring", "31/11", "打电话", "25:99", "room 15", "", "13月40日"]
)
def test_what_is_unclear_is_not_guessed_at(words: str) -> None:
    """3/4 may be two days, and 15 may be a room: whoever wrote it is asked."""
    assert not read_when(words, now=WEDNESDAY).clear


def test_a_time_without_a_day_is_the_next_such_time() -> None:
    """“9:00” written in the afternoon is tomorrow's; a day without a time has the usual one."""
    now = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)  # 14:00 in Shanghai
    morning = instant_of(When(at=time(9)), now=now, zone=SHANGHAI, usual=time(17))
    friday = instant_of(When(on=date(2026, 11, 27)), now=now, zone=SHANGHAI, usual=time(17))
    assert morning == datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
    assert friday == datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


@given(st.text(max_size=60), st.datetimes(WEDNESDAY, WEDNESDAY + timedelta(days=20_000)))
def test_no_words_are_too_strange_to_be_read(words: str, now: datetime) -> None:
    """Whatever is written gets an answer, and what was read can be reckoned with."""
    when = read_when(words, now=now)
    due = instant_of(when, now=now.replace(tzinfo=UTC), zone=SHANGHAI, usual=time(17))
    assert (due is not None) == when.clear
