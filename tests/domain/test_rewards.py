"""Vouchers' last days, names in the nearest language, and how staff write a change of points."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.approvals import is_reason, limit_of, may_agree, read_change
from domain.loyalty import LoyaltyRules
from domain.people import Role, StaffMember
from domain.rewards import Reward, in_groups, last_day, voucher_expires_at, worded

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")


def test_a_voucher_is_good_until_the_end_of_its_last_local_day() -> None:
    """Issued late on the 22nd in Shanghai, which is the 21st in London, it is good through the 25th there."""
    issued = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)  # 00:30 on the 22nd
    over = voucher_expires_at(issued, 3, SHANGHAI)
    assert over == datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    assert last_day(over, SHANGHAI) == date(2026, 11, 25)


def test_a_last_day_with_a_clock_change_is_whole() -> None:
    """The day the clocks go back has 25 hours, and the voucher is good for all of them."""
    over = voucher_expires_at(datetime(2026, 10, 31, 15, 0, tzinfo=UTC), 1, NEW_YORK)
    assert over == datetime(2026, 11, 2, 5, 0, tzinfo=UTC)


def test_a_reward_is_on_offer_within_its_days_only() -> None:
    """From the first instant on and until just before the last."""
    begin, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    reward = Reward(1, "mug", 100, None, begin, end, 30)
    instants = (begin - timedelta(milliseconds=1), begin, end - timedelta(milliseconds=1), end)
    assert [reward.is_open(at) for at in instants] == [False, True, True, False]


@pytest.mark.parametrize(
    ("language", "said"), [("zh_TW", "馬克杯"), ("zh_CN", "馬克杯"), ("en", "A mug"), ("fr", "A mug")]
)
def test_a_name_is_told_in_the_nearest_language(language: str, said: str) -> None:
    """Somebody who reads Simplified Chinese gets the Traditional name before the English one."""
    assert worded({"en": "A mug", "zh_TW": "馬克杯"}, language) == said


def test_a_reward_without_names_goes_by_its_key() -> None:
    """There is always something to call it."""
    assert Reward(1, "mug", 100, None, None, None, 30).name("en") == "mug"


def test_codes_are_shown_in_groups_of_four() -> None:
    """Twelve signs are three groups."""
    assert in_groups("7KQMXW3P9TRA") == "7KQM-XW3P-9TRA"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("+50 late delivery", (50, "late delivery")),
        ("-20 given twice", (-20, "given twice")),
        ("＋５０　补偿", (50, "补偿")),
        ("− 20, a slip", (-20, "a slip")),
        ("+50", (50, "")),
        ("50 late delivery", None),
        ("+fifty", None),
        ("+1.5 half", None),
        ("+1,000 for the wedding", (1000, "for the wedding")),
        ("+1,00 a slip", None),
        ("+9999999999999999999 a lot", None),
        ("", None),
    ],
)
def test_a_change_is_read_as_staff_write_it(text: str, read: tuple[int, str] | None) -> None:
    """A sign says which way; without one nothing is guessed."""
    assert read_change(text) == read


@pytest.mark.parametrize("text", ["+1e9 late delivery", "+5k late delivery", "+1万 补偿", "+1.5 late delivery"])
def test_a_number_in_short_is_not_read_by_its_first_digits(text: str) -> None:
    """A hundred thousand never becomes ten because of how it was written."""
    assert read_change(text) is None


@pytest.mark.parametrize(
    ("text", "enough"), [("", False), ("ok", False), ("...", False), ("why", True), ("补偿", True)]
)
def test_a_reason_says_something(text: str, enough: bool) -> None:
    """Three letters, or two Chinese ones; dots are none."""
    assert is_reason(text) is enough


def test_the_second_person_is_another_with_a_high_enough_limit() -> None:
    """Sue may agree to what Ben asks within her own limit, never to her own question; an admin has no limit."""
    rules = LoyaltyRules(agent_limit=100, supervisor_limit=1000)
    ben, sue, ada = (StaffMember(n, n, name, role) for n, name, role in _STAFF)
    asked = {"points": 1000, "asked_by": ben.id, "rules": rules}
    assert [may_agree(who, **asked) for who in (ben, sue, ada)] == [False, True, True]  # type: ignore[arg-type]
    assert not may_agree(sue, points=1001, asked_by=ben.id, rules=rules)
    assert not may_agree(sue, points=10, asked_by=sue.id, rules=rules)
    assert [limit_of(who.role, rules) for who in (ben, sue, ada)] == [100, 1000, None]


_STAFF = ((1, "Ben", Role.AGENT), (2, "Sue", Role.SUPERVISOR), (3, "Ada", Role.ADMIN))
