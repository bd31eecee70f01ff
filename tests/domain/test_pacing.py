"""The sending budget: never more than Telegram allows, never less than it leaves."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.pacing import Limits, Pacer

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


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
    assert (pacer.token_room(NOW), pacer.token_free_at(NOW)) == (0, NOW + timedelta(seconds=1))
    assert pacer.token_room(NOW + timedelta(seconds=1)) == 30


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
