"""The sending budget: never more than Telegram allows, never less than it leaves."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import Limits, Pacer

WINDOW = timedelta(seconds=1, milliseconds=5)
"""So long a call counts: a second, and a little more since no clock is exact."""

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def test_a_private_chat_gets_one_message_a_second() -> None:
    """The second message waits, another person's does not."""
    pacer = Pacer(Limits())
    pacer.spend("c1", NOW, group=False)
    assert pacer.chat_free_at("c1", NOW) == NOW + timedelta(seconds=1)
    assert pacer.chat_free_at("c2", NOW) == NOW


def test_a_group_gets_twenty_messages_a_minute() -> None:
    """The twenty-first waits until the first is a minute old."""
    pacer = Pacer(Limits(per_second=0))
    for nth in range(20):
        assert pacer.chat_free_at("g1", NOW + timedelta(seconds=nth)) == NOW + timedelta(seconds=nth)
        pacer.spend("g1", NOW + timedelta(seconds=nth), group=True)
    assert pacer.chat_free_at("g1", NOW + timedelta(seconds=20)) == NOW + timedelta(minutes=1)


def test_the_token_has_room_again_a_second_later() -> None:
    """Thirty at once leave no room; a second later all of it is back."""
    pacer = Pacer(Limits())
    for nth in range(30):
        pacer.spend(f"c{nth}", NOW, group=False)
    assert (pacer.token_room(NOW), pacer.token_free_at(NOW)) == (0, NOW + WINDOW)
    assert pacer.token_room(NOW + WINDOW) == 30


def test_reactions_spend_the_token_but_no_chat() -> None:
    """A sign under a message takes nothing from the group's minute."""
    pacer = Pacer(Limits(per_second=1))
    pacer.spend_token(NOW)
    assert pacer.token_room(NOW) == 0
    assert pacer.chat_free_at("g1", NOW) == NOW


def test_limits_can_be_switched_off() -> None:
    """0 is no limit: a local Bot API server in a test has none."""
    pacer = Pacer(Limits(per_second=0, private_gap_s=0, group_per_minute=0))
    for _ in range(100):
        pacer.spend("c1", NOW, group=False)
        pacer.spend("g1", NOW, group=True)
    assert pacer.token_room(NOW) > 100
    assert pacer.chat_free_at("c1", NOW) == pacer.chat_free_at("g1", NOW) == pacer.token_free_at(NOW) == NOW


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["c1", "c2", "g1"])), max_size=150))
def test_whoever_waits_as_told_never_exceeds_a_limit(wishes: list[tuple[int, str]]) -> None:
    """In any second, any chat's second and any group's minute, no more goes out than allowed."""
    limits = Limits(per_second=5, private_gap_s=1.0, group_per_minute=7)
    pacer, now = Pacer(limits), NOW
    sent: list[tuple[datetime, str]] = []
    for pause_ms, chat in wishes:
        now += timedelta(milliseconds=pause_ms)
        now = max(now, pacer.token_free_at(now), pacer.chat_free_at(chat, now))
        assert pacer.token_room(now) > 0
        pacer.spend(chat, now, group=chat.startswith("g"))
        sent.append((now, chat))
    for at, chat in sent:
        assert sum(1 for other, _ in sent if at <= other < at + timedelta(seconds=1)) <= 5
        span = timedelta(minutes=1) if chat == "g1" else timedelta(seconds=1)
        most = 7 if chat == "g1" else 1
        assert sum(1 for other, to in sent if to == chat and at <= other < at + span) <= most


def test_a_gap_begins_when_telegram_answered() -> None:
    """A first call that was slow to arrive is not followed too soon, in a private chat and in a group."""
    pacer = Pacer(Limits(per_second=0, group_per_minute=1))
    for chat, group, gap in (("c1", False, timedelta(seconds=1)), ("g1", True, timedelta(minutes=1))):
        pacer.spend(chat, NOW, group=group)
        pacer.answered(chat, NOW + timedelta(seconds=0.4))
        assert pacer.chat_free_at(chat, NOW + timedelta(seconds=0.5)) == NOW + timedelta(seconds=0.4) + gap


def test_an_album_counts_as_many_messages_as_it_has_parts() -> None:
    """Behind 12 of 20 messages of a minute an album of ten waits until two of them are a minute old."""
    pacer = Pacer(Limits(group_per_minute=20))
    for second in range(12):
        pacer.spend("g1", NOW + timedelta(seconds=second), group=True)
    later = NOW + timedelta(seconds=20)
    assert pacer.chat_free_at("g1", later, 8) == later
    assert pacer.chat_free_at("g1", later, 10) == NOW + timedelta(seconds=61)


def test_each_of_several_calls_under_way_counts_from_its_own_answer() -> None:
    """Two calls of one group end one after the other: neither is forgotten a minute after both began."""
    pacer = Pacer(Limits(group_per_minute=2))
    pacer.spend("g1", NOW, group=True)
    pacer.spend("g1", NOW, group=True)
    pacer.answered("g1", NOW + timedelta(seconds=3), spent_at=NOW)
    pacer.answered("g1", NOW + timedelta(seconds=5), spent_at=NOW)
    assert pacer.chat_free_at("g1", NOW + timedelta(seconds=60)) == NOW + timedelta(seconds=63)


def test_what_is_said_at_leisure_is_spread_over_the_second() -> None:
    """A fifteenth of the budget in each 60 milliseconds: a reply finds room soon, and all of the budget is used."""
    pacer = Pacer(Limits())
    sent = _say_at_leisure(pacer, NOW, NOW + 900 * MS)
    assert [round((at - NOW) / MS) for at in sent] == [60 * (nth // 2) for nth in range(30)]
    assert pacer.token_free_at(NOW + 900 * MS) == NOW + WINDOW


def _say_at_leisure(pacer: Pacer, begin: datetime, end: datetime, *, late: timedelta = timedelta()) -> list[datetime]:
    """Say as much as there is room for, each time ``late`` by so much; returns when each was said."""
    at = begin
    sent: list[datetime] = []
    while at < end:
        for _ in range(pacer.leisure_room(at)):
            sent.append(pacer.spend(f"c{len(sent)}", at, group=False, leisurely=True))
        assert pacer.leisure_room(at) == 0
        at = pacer.leisure_free_at(at) + late
    return sent


def test_a_late_look_does_not_make_later_ones_late() -> None:
    """Whoever looks ten milliseconds late each time still uses up the second's budget within it."""
    pacer = Pacer(Limits())
    sent = _say_at_leisure(pacer, NOW, NOW + 985 * MS, late=10 * MS)
    assert len(sent) == 30


def test_leisure_slows_down_by_the_share_of_replies() -> None:
    """Ten replies in the last second: what is said at leisure shares the other twenty out over a whole second."""
    pacer = Pacer(Limits())
    for nth in range(10):
        pacer.spend(f"a{nth}", NOW + nth * 10 * MS, group=False)
    begin = NOW + 100 * MS
    sent = _say_at_leisure(pacer, begin, begin + 900 * MS)
    assert [round((at - begin) / MS) for at in sent[::2]] == [90 * nth for nth in range(10)]


def test_while_there_are_replies_the_next_one_finds_room() -> None:
    """Where many write, one place for each eight of them is free; where few do, the campaign uses them all."""
    for replies, free in ((0, 0), (5, 0), (6, 1), (13, 1), (14, 2)):
        pacer = Pacer(Limits())
        for nth in range(replies):
            pacer.spend(f"a{nth}", NOW, group=False)
        end = NOW + 1004 * MS
        _say_at_leisure(pacer, NOW, end)
        assert (replies, pacer.token_room(end)) == (replies, free)


def test_what_is_paid_for_leaves_the_free_budget_as_it_is() -> None:
    """Two hundred paid messages, and thirty free ones beside them."""
    pacer = Pacer(Limits(paid_per_second=200))
    for nth in range(200):
        pacer.spend(f"c{nth}", NOW, group=False, paid=True)
    assert (pacer.token_room(NOW, paid=True), pacer.token_room(NOW)) == (0, 30)


def test_a_call_is_claimed_for_when_there_is_room() -> None:
    """Spent while there is none, it goes as soon as there is, and those after it later still."""
    pacer = Pacer(Limits(per_second=1))
    assert [pacer.spend(f"c{nth}", NOW, group=False) for nth in range(3)] == [NOW, NOW + WINDOW, NOW + 2 * WINDOW]


def test_a_call_that_may_have_arrived_late_makes_room_late() -> None:
    """What every call takes is no matter; what one takes longer may be time on its way there."""
    pacer = Pacer(Limits(per_second=2))
    for nth, took in enumerate((50, 80)):
        at = pacer.spend(f"c{nth}", NOW, group=False)
        pacer.depart(at, NOW + 10 * MS)
        pacer.arrive(NOW + 10 * MS, NOW + (10 + took) * MS)
    first, then = pacer.spend("c8", NOW, group=False), pacer.spend("c9", NOW, group=False)
    assert (first - NOW, then - NOW) == (WINDOW + 10 * MS, WINDOW + 40 * MS)
