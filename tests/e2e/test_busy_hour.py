"""A busy hour: two hundred cases and a thousand messages through one group that takes twenty a minute."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from simulator.clock import ClockReading
from tests.e2e.conftest import People, on_sqlite
from tests.e2e.town import Json, Resident, Town

CASES, MINUTES = 200, 60
WORDS_EACH = 4
"""After the words that opened the case; a thousand messages in all."""
BUSY_MINUTES = 40
ANSWERED_WITHIN_S, SLOWEST_S = 2.0, 5.0
"""The usual answer, which waits a second where one went to that chat just before, and the slowest on a busy machine."""
BOT_ID = 7001001
_ARRIVING = 20
_NOTICED_S = 0.3
"""So long the program may take to see what is due now that the clock has moved."""
_COUNTED = ("createForumTopic", "sendMessage", "editMessageText", "reopenForumTopic")


@dataclass(slots=True)
class Guest:
    """A customer of the busy hour, what they said in order, and the answers they were written."""

    resident: Resident
    number: int
    said: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    def topic(self, names: Iterable[str]) -> str:
        """Return which of these names is that of the topic of this guest's case; empty when none is."""
        return next((name for name in names if name.endswith(f"· Guest {self.number}")), "")

    def next_words(self) -> str:
        """Return words that nobody else says."""
        self.said.append(f"w{self.number}-{len(self.said)}.")
        return self.said[-1]


@on_sqlite
async def test_a_busy_hour_starves_no_answer_and_loses_no_word(town: Town, people: People) -> None:
    """Answers go out at once, every word is read once and in order, the limit is kept, the lag is told truly."""
    # Each jump brings a minute's work in one second, so that only here the token's limit of a second would be met.
    town.world.set_limits(enabled=True, per_second=100)
    limits = {"messages_per_second": 30, "private_chat_gap_s": 1.0, "group_per_minute": 20}
    await town.starts(limits=limits)
    watched = WatchedClock(town)
    guests = [Guest(town.person(f"Guest {n}"), n) for n in range(CASES)]
    for first in range(0, CASES, _ARRIVING):
        for guest in guests[first : first + _ARRIVING]:
            guest.resident.starts()
        await town.settled()
        await _jump(town, watched, 2)
    minute = 0
    took: list[float] = []
    while minute < MINUTES or await town.open_work():
        for guest in guests:
            for _ in range(_words_due(guest, minute)):
                guest.resident.says(guest.next_words())
        took += await _answers(town, people.ben, guests, minute)
        await town.until(lambda: _full_or_done(town), "the group to be full, or all to be said", 30)
        await _jump(town, watched, 60)
        minute += 1
        assert minute < 3 * MINUTES, await town.open_work()
    print(f"{len(took)} answers, usually in {median(took):.2f} s, at most in {max(took):.2f} s")
    print(f"all said after {minute} minutes in {len(_group_calls(town))} calls")
    assert len(took) >= MINUTES
    assert median(took) <= ANSWERED_WITHIN_S
    assert max(took) <= SLOWEST_S
    _assert_limit_was_kept(town)
    await _assert_each_word_once(town, guests)
    await _assert_lag_was_true(town)
    assert not await town.open_work()


class WatchedClock:
    """Knows which jump of the clock the program has seen: in between both would count the limits differently."""

    def __init__(self, town: Town) -> None:
        self.seen = -1
        clock = town.world.clock
        wait_newer = clock.wait_newer

        async def watching(version: int, wait_s: float) -> ClockReading:
            self.seen = max(self.seen, version)
            return await wait_newer(version, wait_s)

        clock.wait_newer = watching  # type: ignore[method-assign]


async def _jump(town: Town, watched: WatchedClock, seconds: float) -> None:
    town.world.jump(seconds)
    at, version = _now(town), town.world.clock.version
    await town.until(lambda: watched.seen >= version, "the jump to be seen")
    await town.until(lambda: (_now(town) - at).total_seconds() > _NOTICED_S, "what is due now to be looked at")


def _words_due(guest: Guest, minute: int) -> int:
    """Return how many messages a guest writes in this minute.

    First words, which become a case by themselves after five minutes, then two bursts.
    """
    return {0: 1, 7: WORDS_EACH // 2, 10: WORDS_EACH // 2}.get(minute - guest.number * BUSY_MINUTES // CASES, 0)


async def _answers(town: Town, ben: Resident, guests: Sequence[Guest], minute: int) -> list[float]:
    """Have Ben answer two cases whose topics are there; returns how many seconds each answer took."""
    topics = {t["name"]: t["thread_id"] for t in town.world.topics(town.group_id)}
    shown = [(guest, topics[guest.topic(topics)]) for guest in guests if guest.topic(topics)]
    took = []
    for guest, thread in shown[minute % 7 :: max(1, len(shown) // 2)][:2]:
        guest.answers.append(f"Answer to {guest.number} in minute {minute}.")
        written_at = _now(town)
        ben.writes(guest.answers[-1], thread)
        await guest.resident.hears(guest.answers[-1], timeout_s=10)
        took.append((_now(town) - written_at).total_seconds())
    return took


async def _full_or_done(town: Town) -> bool:
    """Return whether nobody in private waits for anything, and the group is full or has read everything."""
    if town.world.pending_updates() or await town.rows("inbox", state="new"):
        return False
    waiting = [row for state in ("queued", "sending") for row in await town.rows("outbox", state=state)]
    if any(not row.chat_key.startswith("g") for row in waiting):
        return False
    now, calls = _now(town), _group_calls(town, refused_too=True)
    full = len([at for at in calls if at > now - timedelta(seconds=60)]) >= 20
    quiet = not calls or now - calls[-1] > timedelta(seconds=1.5)
    return not waiting or full or quiet


def _group_calls(town: Town, *, refused_too: bool = False) -> list[datetime]:
    """Return when the calls that count in the group's limit were made."""
    return [
        datetime.fromisoformat(call["time"]) if isinstance(call["time"], str) else call["time"]
        for call in town.world.calls()
        if call["method"] in _COUNTED and (refused_too or not call["error"]) and _to_group(town, call)
    ]


def _to_group(town: Town, call: Json) -> bool:
    return str(call["params"].get("chat_id")) == str(town.group_id)


def _assert_limit_was_kept(town: Town) -> None:
    calls = [call for call in town.world.calls() if call["error"] and "Too Many" in call["error"]]
    refused = [(call["method"], call["time"], call["params"].get("chat_id")) for call in calls]
    assert refused == []
    times = _group_calls(town)
    assert all(later - first >= timedelta(seconds=60) for first, later in zip(times, times[20:], strict=False))


async def _assert_each_word_once(town: Town, guests: Sequence[Guest]) -> None:
    threads = {t["name"]: t["thread_id"] for t in town.world.topics(town.group_id)}
    assert len(threads) == CASES
    by_thread: dict[int, list[str]] = {}
    for message in town.world.messages(town.group_id):
        if message["from_bot"] and message["text"] and not message["raw"].get("reply_markup"):
            by_thread.setdefault(message["thread_id"], []).extend(re.findall(r"^w\d+-\d+\.$", message["text"], re.M))
    for guest in guests:
        assert by_thread[threads[guest.topic(threads)]] == guest.said
        assert len(guest.said) == 1 + WORDS_EACH
        heard = [text for text in guest.resident.texts() if "Answer to" in text]
        assert [text.splitlines()[-1] for text in heard] == guest.answers


async def _assert_lag_was_true(town: Town) -> None:
    """What the group read about its lag is what came true, within a factor of two; then it had caught up."""
    rows = await town.rows("outbox", purpose="customer_words")
    told = [row for row in await town.rows("outbox", purpose="desk_lag") if row.state == "sent"]
    lags = [(row.created_at, re.search(r"about (\d+) min", row.body["content"]["text"])) for row in told]
    assert len([found for _, found in lags if found]) >= 2
    assert lags[-1][1] is None, "the last line says that the group has caught up"
    assert all(later - earlier >= timedelta(minutes=9) for (earlier, a), (later, b) in pairwise(lags) if a and b)
    for at, found in lags:
        if found is None:
            continue
        last_out = max(row.settled_at for row in rows if row.created_at <= at and row.settled_at)
        true_minutes = (last_out - at).total_seconds() / 60
        said_minutes = int(found[1])
        print(f"said {said_minutes} min, words were out after {true_minutes:.1f} min")
        assert true_minutes / 2 - 1.5 <= said_minutes <= true_minutes * 2 + 1.5


def _now(town: Town) -> datetime:
    return datetime.fromisoformat(town.world.now())
