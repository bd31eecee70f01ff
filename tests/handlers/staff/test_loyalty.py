"""Points and vouchers at the staff's desk: commands, buttons, a second person, clear words for bad input."""

from typing import Any

import pytest

from domain.loyalty import RewardSeed
from domain.people import SYSTEM, Actor, ActorKind
from domain.rewards import Voucher
from services import points
from services.rewards import redeem, seed_rewards
from storage.database import Database
from tests.handlers.staff.desk import BEN, CY, MIA, SUE, CaseView, Desk, SlowTown

COFFEE = RewardSeed("coffee", 300, {"en": "A coffee", "zh_TW": "咖啡一杯"}, {"en": "Any size"}, stock=5)
HELD = 400


async def member(desk: Desk) -> CaseView:
    """Return a case of Ann's, who has 400 points."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        await points.earn(work, 1, points=HELD, source_key="start", by=SYSTEM)
    return case


async def voucher_of_ann(desk: Desk) -> Voucher:
    """Return a voucher of Ann's, who redeemed a coffee for 300 points."""
    await member(desk)
    async with desk.town.work() as work:
        await seed_rewards(work, [COFFEE])
        done = await redeem(work, 1, 1, source_key="tap", by=Actor(ActorKind.CUSTOMER, 1))
    assert isinstance(done, Voucher)
    await desk.town.deliver()
    return done


async def balance(desk: Desk) -> int:
    """Return Ann's points."""
    async with desk.town.work() as work:
        return (await points.balance_of(work, 1)).spendable


async def test_points_alone_show_what_there_is(desk: Desk) -> None:
    """Ben reads balance and tier in the topic; Ann hears nothing of it."""
    case = await member(desk)
    heard = await case.writes(BEN, "/points")
    assert "Ann: 400 points" in heard.told_staff
    assert "tier New" in heard.told_staff
    assert heard.customer == []


@pytest.mark.parametrize(("words", "left"), [("+50 The parcel was late", 450), ("−20：given twice", 380)])
async def test_ben_changes_points_within_his_limit(desk: Desk, words: str, left: int) -> None:
    """One line says what was done; the command stands on record for staff alone."""
    case = await member(desk)
    heard = await case.writes(BEN, f"/points {words}")
    assert f"the balance is now {left}" in heard.told_staff
    assert (await balance(desk), heard.customer) == (left, [])
    said = await case.last_said()
    assert (said.kind, said.visibility) == ("command", "internal")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("50 without a sign", "Write /points +50 why"),
        ("+lots please", "Write /points +50 why"),
        ("+50", "Please say why"),
        ("+0 nothing", "whole number of points"),
        ("-401 too much", "only 400 can be spent"),
    ],
)
async def test_bad_input_is_one_clear_line(desk: Desk, words: str, answer: str) -> None:
    """Nothing changes, and the line says what to write instead."""
    case = await member(desk)
    heard = await case.writes(SUE, f"/points {words}")
    assert answer in heard.told_staff
    assert (await balance(desk), heard.customer, len(heard.staff)) == (HELD, [], 1)


async def test_points_outside_of_a_case_ask_which(desk: Desk) -> None:
    """Whose points they are is known by the topic alone."""
    await member(desk)
    assert "Which case?" in (await desk.writes(BEN, "/points +5 why not")).told_staff


@pytest.mark.parametrize("who", [MIA, CY])
async def test_who_may_not_changes_nothing(desk: Desk, who: int) -> None:
    """Neither a marketer nor a stranger, by command or by button."""
    case = await member(desk)
    await case.writes(who, "/points +5 why not")
    await case.writes(BEN, "/points +500 a whole week late")
    for data in ("k:agree:1", "k:refuse:1"):
        await desk.taps(who, data)
        assert desk.town.answers[-1].alert
    assert await balance(desk) == HELD
    assert [row.state for row in await desk.town.rows("approvals")] == ["open"]


async def test_a_second_person_agrees_at_a_tap(desk: Desk) -> None:
    """Ben asks in the topic, cannot agree himself, Sue can; the question becomes its outcome."""
    case = await member(desk)
    heard = await case.writes(BEN, "/points +500 a whole week late")
    assert "Ben asks for +500 points for Ann" in heard.told_staff
    question = heard.staff[-1]
    await desk.taps(BEN, "k:agree:1", question.message_id)
    assert "A second person must agree" in desk.popup
    heard = await desk.taps(SUE, "k:agree:1", question.message_id)
    assert desk.popup == "Agreed."
    assert (heard.staff[-1].message_id, heard.staff[-1].buttons) == (question.message_id, ())
    assert "Sue agreed: +500 points for Ann" in heard.told_staff
    assert await balance(desk) == HELD + 500
    await desk.taps(SUE, "k:refuse:1", question.message_id)
    assert "Sue has decided this already" in desk.popup


async def test_whoever_asked_takes_it_back(desk: Desk) -> None:
    """Ben taps Refuse under his own question."""
    case = await member(desk)
    await case.writes(BEN, "/points +500 a whole week late")
    heard = await desk.taps(BEN, "k:refuse:1")
    assert "Ben refused +500" in heard.told_staff
    assert await balance(desk) == HELD


@pytest.mark.parametrize("in_topic", [True, False])
async def test_a_voucher_is_shown_and_marked_at_a_tap(desk: Desk, in_topic: bool) -> None:
    """Anywhere in the group; Ann is told, and a second tap is told when and by whom."""
    voucher = await voucher_of_ann(desk)
    case = await desk.case_of(66, "Bob")
    where: Any = case if in_topic else desk
    heard = await where.writes(BEN, f"/voucher {voucher.shown_code.lower()}")
    for words in ("A coffee for Ann", voucher.shown_code, "can be used", "Any size"):
        assert words in heard.told_staff
    shown = heard.staff[-1]
    assert [data for _, data in shown.buttons] == [f"k:vuse:{voucher.code}"]
    heard = await desk.taps(BEN, f"k:vuse:{voucher.code}", shown.message_id)
    assert desk.popup == "Marked as used."
    assert (heard.staff[-1].message_id, heard.staff[-1].buttons) == (shown.message_id, ())
    assert "marked by Ben" in heard.told_staff
    assert ["has just been used" in text for text in heard.told_customer] == [True]
    heard = await desk.taps(SUE, f"k:vuse:{voucher.code}", shown.message_id)
    assert "used already (" in desk.popup
    assert "marked by Ben" in desk.popup
    assert heard.customer == []


@pytest.mark.parametrize("word", ["use", "USE", "used", "核销", "使用"])
async def test_a_voucher_is_marked_in_one_line(desk: Desk, word: str) -> None:
    """The code may have gaps, the word be of any language."""
    voucher = await voucher_of_ann(desk)
    code = voucher.shown_code.replace("-", " ")
    heard = await desk.writes(BEN, f"/voucher {code} {word}")
    assert "marked by Ben" in heard.told_staff
    assert len(heard.customer) == 1
    heard = await desk.writes(SUE, f"/voucher {code} {word}")
    assert "used already" in heard.told_staff
    assert heard.customer == []


async def test_a_voucher_is_taken_back_for_a_reason(desk: Desk) -> None:
    """Without one it stays; with one Ann has her points again and reads it."""
    voucher = await voucher_of_ann(desk)
    assert "Please say why" in (await desk.writes(BEN, f"/voucher {voucher.code} return")).told_staff
    heard = await desk.writes(BEN, f"/voucher {voucher.code} return The machine is broken")
    assert "taken back" in heard.told_staff
    assert ["Your 300 points are yours again" in text for text in heard.told_customer] == [True]
    assert await balance(desk) == HELD


@pytest.mark.parametrize(
    ("words", "answer"),
    [("", "the voucher’s code"), ("NOSUCHCODE22", "no voucher with this code"), ("use", "no voucher with this code")],
)
async def test_a_bad_code_is_one_clear_line(desk: Desk, words: str, answer: str) -> None:
    """What is wrong and how to write it."""
    await voucher_of_ann(desk)
    heard = await desk.writes(BEN, f"/voucher {words}".strip())
    assert answer in heard.told_staff


async def test_strangers_and_marketers_do_not_see_vouchers(desk: Desk) -> None:
    """Mia is refused; Cy, who does not work here, is not answered at all."""
    voucher = await voucher_of_ann(desk)
    assert "Your role may not do this" in (await desk.writes(MIA, f"/voucher {voucher.code}")).told_staff
    assert (await desk.writes(CY, f"/voucher {voucher.code} use")).staff == []
    for who in (MIA, CY):
        await desk.taps(who, f"k:vuse:{voucher.code}")
        assert desk.town.answers[-1].alert
    assert [row.state for row in await desk.town.rows("vouchers")] == ["issued"]


async def test_staff_read_it_in_their_own_language(database: Database) -> None:
    """A group that reads Chinese sees the reward and its state so, while Ann reads English."""
    desk = await Desk(SlowTown(database)).opens(language="zh_TW")
    voucher = await voucher_of_ann(desk)
    heard = await desk.writes(BEN, f"/voucher {voucher.code} 核銷")
    assert "咖啡一杯" in heard.told_staff
    assert "已於" in heard.told_staff
    assert all("A coffee" in text for text in heard.told_customer)
