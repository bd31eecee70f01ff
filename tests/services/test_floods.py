"""Floods: nothing is dropped, the person is told once a burst, others are not slowed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.desk import DeskRules, FloodRules
from domain.outgoing import TargetKind
from services import floods
from storage import floods as flood_rows
from storage.database import Tx
from tests.handlers.harness import Chat, Said
from tests.handlers.staff.desk import ANN, Desk

SLOWER = "a little more slowly"


def told(said: list[Said]) -> int:
    """Return how often somebody was asked to go slower."""
    return sum(SLOWER in one.text for one in said)


async def burst(chat: Chat, count: int, *, every: timedelta = timedelta(milliseconds=200)) -> list[Said]:
    """Let somebody write so many messages in quick succession; returns what they read meanwhile."""
    heard: list[Said] = []
    for nth in range(count):
        heard += await chat.says(f"word {nth}")
        chat.town.now += every
    return heard


def few(desk: Desk, messages: int = 5) -> None:
    """Let few messages a minute be a flood."""
    flood = FloodRules(messages, timedelta(minutes=1))
    desk.town.rules = replace(desk.town.rules, desk=DeskRules(flood=flood))


async def test_a_flood_is_kept_whole_and_told_once(desk: Desk) -> None:
    """Every word of it stands in the case; Ann is asked once to go slower."""
    few(desk)
    case = await desk.case_of()
    ann = desk.town.chat(ANN, "Ann")
    desk.town.moves(minutes=2)
    assert told(await burst(ann, 5)) == 0
    assert told(await burst(ann, 10)) == 1
    said = [row.text for row in await case.record(author_kind="customer")]
    assert said[-15:] == [*(f"word {nth}" for nth in range(5)), *(f"word {nth}" for nth in range(10))]


async def test_the_next_burst_is_told_again(desk: Desk) -> None:
    """An hour later it is another one; as long as it lasts it is the same one."""
    few(desk)
    await desk.case_of()
    ann = desk.town.chat(ANN, "Ann")
    assert told(await burst(ann, 60, every=timedelta(seconds=2))) == 1
    desk.town.moves(hours=1)
    assert told(await burst(ann, 10)) == 1


async def test_an_unhurried_talk_is_no_flood(desk: Desk) -> None:
    """Many messages over a long time are welcome."""
    few(desk)
    await desk.case_of()
    ann = desk.town.chat(ANN, "Ann")
    assert told(await burst(ann, 12, every=timedelta(seconds=20))) == 0


async def test_an_album_is_one_message(desk: Desk) -> None:
    """Ten pictures of the damage are no flood."""
    few(desk)
    await desk.case_of()
    ann = desk.town.chat(ANN, "Ann")
    heard = [one for _ in range(10) for one in await ann.sends_photo(album="A")]
    assert told(heard) == 0


async def test_an_unhurried_message_is_not_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes once in a while costs no statement; a flood is counted only until it is one."""
    few(desk)
    counted: list[int] = []
    count = flood_rows.count_recent

    async def spied(tx: Tx, **values: Any) -> int:
        counted.append(values["customer_id"])
        return await count(tx, **values)

    monkeypatch.setattr(floods, "count_recent", spied)
    await desk.case_of()
    ann = desk.town.chat(ANN, "Ann")
    desk.town.moves(minutes=1)
    await burst(ann, 4, every=timedelta(minutes=1))
    assert counted == []
    await burst(ann, 40)
    assert len(counted) <= 6


async def test_one_flood_of_two_hundred_does_not_bury_another_customer(desk: Desk) -> None:
    """200 quick messages of Ann and one of Bob: all are kept, and Bob's is not behind a hundred of hers."""
    await desk.case_of()
    bob_case = await desk.case_of(user_id=77, name="Bob")
    ann, bob = desk.town.chat(ANN, "Ann"), desk.town.chat(77, "Bob")
    desk.town.moves(minutes=30)
    with desk.town.holding_back():
        await burst(ann, 199, every=timedelta(milliseconds=50))
        await bob.says("Is my coat ready?")
        await burst(ann, 1)
    assert len(await desk.town.rows("interactions", text="word 0")) == 2
    queued = await desk.town.rows("outbox", state="queued")
    slower = [row for row in queued if SLOWER in str(row.body)]
    assert len(slower) == 1
    to_staff = [row for row in queued if row.target_kind == TargetKind.CASE]
    bobs = next(nth for nth, row in enumerate(to_staff) if row.target_ref == bob_case.id)
    assert bobs < 30
    words = "".join(str(row.body) for row in to_staff if row.target_ref != bob_case.id)
    assert all(f"word {nth}" in words for nth in range(199))
