"""Virtual customers speak in turn, and their waits are measured from arrival."""

import json
from typing import Any

from benchmarks.crowd import FIRST_CHAT_ID, Crowd, Plan, Step, read_script, spread
from benchmarks.standin import busiest_second

ANN, BEA = FIRST_CHAT_ID, FIRST_CHAT_ID + 1


def taken(crowd: Crowd, now: float, offset: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """Take updates as a program does."""
    return [json.loads(update) for update in crowd.take(offset, limit, now)]


def said(updates: list[dict[str, Any]]) -> list[tuple[int, str]]:
    """Return who said what."""
    return [(update["message"]["chat"]["id"], update["message"]["text"]) for update in updates]


def test_the_next_line_waits_for_the_answer() -> None:
    """A customer speaks again only after being answered; then the next customer comes."""
    crowd = Crowd(Plan(customers=2, at_once=1, script=(Step("hi"), Step("100% torn"))))
    crowd.begin(0.0)
    first = taken(crowd, 1.0)
    assert said(first) == [(ANN, "hi")]
    assert taken(crowd, 2.0, offset=first[0]["update_id"] + 1) == []
    assert crowd.heard(ANN, 3.0)
    second = taken(crowd, 3.0, offset=first[0]["update_id"] + 1)
    assert said(second) == [(ANN, "100% torn")]
    assert crowd.heard(ANN, 4.0)
    assert said(taken(crowd, 4.0, offset=second[0]["update_id"] + 1)) == [(BEA, "hi")]


def test_unconfirmed_updates_come_again() -> None:
    """What was handed out but not confirmed by a higher offset is handed out again."""
    crowd = Crowd(Plan(customers=2, at_once=2))
    crowd.begin(0.0)
    assert taken(crowd, 0.0, limit=1) == taken(crowd, 0.0, limit=1)


def test_a_step_may_need_two_answers() -> None:
    """The wait ends with the last answer of a step; what comes on top is counted as extra."""
    crowd = Crowd(Plan(customers=1, at_once=1, script=(Step("hi", answers=2),)))
    crowd.begin(0.0)
    taken(crowd, 0.0)
    crowd.heard(ANN, 1.0)
    assert crowd.answered == 0
    crowd.heard(ANN, 2.0)
    crowd.heard(ANN, 3.0)
    assert crowd.is_done
    results = crowd.results()
    assert results["wait_ms"]["p50"] == 2000.0
    assert results["extra_messages"] == 1
    assert results["chats_by_answers"] == {3: 1}


def test_waits_by_rate_count_from_the_arrival() -> None:
    """A program that is late to ask does not hide the wait of those who wrote meanwhile."""
    crowd = Crowd(Plan(customers=3, at_once=3, script=(Step("hi"),), rate=1.0))
    crowd.begin(0.0)
    crowd.arrive_due(2.0)
    assert len(taken(crowd, 2.0)) == 3
    for chat_id in (ANN, BEA, BEA + 1):
        crowd.heard(chat_id, 2.0)
    assert crowd.results()["wait_ms"]["max"] == 2000.0
    assert crowd.results()["wait_since_handed_ms"]["max"] == 0.0


def test_the_next_arrival_is_known() -> None:
    """With a rate the time of the next arrival is known, until all have come."""
    crowd = Crowd(Plan(customers=2, at_once=2, script=(Step("hi"),), rate=2.0))
    crowd.begin(0.0)
    crowd.arrive_due(0.0)
    assert crowd.next_arrival_in(0.1) == 0.4
    crowd.arrive_due(1.0)
    assert crowd.next_arrival_in(1.0) is None


def test_taps_and_commands_look_like_telegrams() -> None:
    """A tap is a callback query with its data, a command carries its entity."""
    crowd = Crowd(Plan(customers=1, at_once=1, script=read_script('["/start s-1", {"say": "c:1", "is_tap": true}]')))
    crowd.begin(0.0)
    start = taken(crowd, 0.0)[0]
    assert start["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    crowd.heard(ANN, 0.0)
    tap = taken(crowd, 0.0, offset=start["update_id"] + 1)[0]
    assert tap["callback_query"]["data"] == "c:1"


def test_the_busiest_second_slides() -> None:
    """The fullest second is found wherever it begins."""
    assert busiest_second([0.0, 0.9, 1.0, 1.1, 1.2, 1.89, 3.0]) == 5
    assert busiest_second([]) == 0


def test_the_spread_of_nothing_is_empty() -> None:
    """No waits, no figures."""
    assert spread([]) == {"n": 0}
