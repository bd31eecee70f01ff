"""Priorities: raised by who, what and how often; lowered by a person alone; keywords kept by those who supervise."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.cases import Priority
from domain.outcomes import Refusal
from domain.people import SYSTEM, StaffMember
from domain.priority import KeywordRule
from services.keywords import add_keyword, list_keywords, remove_keyword, seed_keywords
from services.priority import judge_priority, raise_to, why_in_words
from services.priority_by_hand import set_priority
from storage.cases import get_case
from storage.members import list_members
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk


async def who(desk: Desk, user_id: int) -> StaffMember:
    """Return a member of staff."""
    async with desk.town.db.read() as tx:
        return next(one for one in await list_members(tx) if one.user_id == user_id)


async def puts(desk: Desk, words: str, priority: Priority, user_id: int = SUE) -> KeywordRule | Refusal:
    """Let somebody add a keyword."""
    by = await who(desk, user_id)
    async with desk.town.work() as work:
        return await add_keyword(work, words=words, priority=priority, by=by)


async def sets(case: CaseView, user_id: int, priority: Priority, reason: str = "she is in hospital") -> object:
    """Let somebody decide by hand."""
    by = await who(case.desk, user_id)
    async with case.desk.town.work() as work:
        return await set_priority(work, case_id=case.id, by=by, priority=priority, reason=reason)


async def hears(case: CaseView, words: str) -> Priority:
    """Let words be judged; returns the priority afterwards."""
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        return (await judge_priority(work, found, [words])).priority


async def why(case: CaseView) -> list[str]:
    """Return what the card says of it."""
    async with case.desk.town.work() as work:
        return await why_in_words(work, await case.now(), "en")


async def test_a_word_raises_a_case_in_either_script(desk: Desk) -> None:
    """Sue wrote it in simplified letters, Ann writes it in traditional ones."""
    await puts(desk, "漏电", Priority.URGENT)
    case = await desk.case_of(words="熱水器漏電了")
    assert (await case.now()).priority is Priority.URGENT
    assert await why(case) == ["said “漏电”"]


async def test_a_word_said_later_raises_too_and_moves_the_clock(desk: Desk) -> None:
    """Urgent is a quarter of four hours."""
    case = await desk.case_of()
    await puts(desk, "fire", Priority.URGENT)
    assert await hears(case, "There is a FIRE") is Priority.URGENT
    now = await case.now()
    assert now.first_response_due_at == now.opened_at + timedelta(hours=1)


async def test_a_second_complaint_within_two_weeks_presses(desk: Desk) -> None:
    """The third, a month later, does not."""
    await desk.case_of()
    desk.town.moves(days=13)
    second = await desk.case_of()
    assert (await second.now()).priority is Priority.HIGH
    assert await why(second) == ["complained before, C-1001"]
    desk.town.moves(days=15)
    assert (await (await desk.case_of()).now()).priority is Priority.NORMAL


async def test_only_who_supervises_lowers_and_words_do_not_undo_it(desk: Desk) -> None:
    """Ben may raise; Sue lowers, with a reason; the same word again changes nothing."""
    await puts(desk, "fire", Priority.URGENT)
    case = await desk.case_of(words="fire")
    refused = await sets(case, BEN, Priority.LOW)
    assert isinstance(refused, Refusal)
    assert refused.key == "clock.refused.lowering"
    await sets(case, SUE, Priority.LOW, "a drill, she says")
    assert await why(case) == ["Sue: a drill, she says"]
    assert await hears(case, "fire!") is Priority.LOW
    assert not isinstance(await sets(case, BEN, Priority.HIGH), Refusal)


@pytest.mark.parametrize("reason", ["", "  ", "!!"])
async def test_a_decision_needs_a_reason(desk: Desk, reason: str) -> None:
    """Whoever reads it later wants to know."""
    case = await desk.case_of()
    refused = await sets(case, SUE, Priority.URGENT, reason)
    assert isinstance(refused, Refusal)
    assert (await case.now()).priority is Priority.NORMAL


async def test_a_low_score_raises_and_never_lowers(desk: Desk) -> None:
    """Each time once."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        reason = {"kind": "low_score", "score": 1}
        raised = await raise_to(work, found, Priority.URGENT, reason, SYSTEM)
        assert await raise_to(work, raised, Priority.HIGH, reason, SYSTEM) is not found
        assert raised.priority is Priority.URGENT
    assert (await case.now()).priority is Priority.URGENT


async def test_a_tier_raises(desk: Desk) -> None:
    """By the rules Ann, new as she is, presses."""
    rules = desk.town.rules.desk
    new = replace(rules, priority=replace(rules.priority, tiers={"new": Priority.HIGH}))
    desk.town.rules = replace(desk.town.rules, desk=new)
    assert (await (await desk.case_of()).now()).priority is Priority.HIGH


async def test_keywords_are_for_those_who_supervise(desk: Desk) -> None:
    """Ben may not; nobody may add one that lowers, or nothing."""
    ben = await puts(desk, "leak", Priority.HIGH, BEN)
    assert isinstance(ben, Refusal)
    assert isinstance(await puts(desk, "leak", Priority.LOW), Refusal)
    assert isinstance(await puts(desk, "!!", Priority.HIGH), Refusal)
    assert isinstance(await puts(desk, "leak", Priority.HIGH), KeywordRule)


async def test_a_removed_keyword_does_not_come_back_with_the_seed(desk: Desk) -> None:
    """The configuration fills an empty table; afterwards the database owns it."""
    sue = await who(desk, SUE)
    for _ in range(2):
        async with desk.town.work() as work:
            await seed_keywords(work, {"漏電": Priority.URGENT, "leak": Priority.HIGH})
            await remove_keyword(work, words="漏电", by=sue)
            known = await list_keywords(work, by=sue)
            assert not isinstance(known, Refusal)
            assert [rule.words for rule in known] == ["leak"]


async def test_keywords_by_command_and_button(desk: Desk) -> None:
    """Added by words, shown with a button each, taken away by it."""
    heard = await desk.writes(SUE, "/keywords + 漏電 紧急")
    assert "漏电" in heard.told_staff
    listed = await desk.writes(SUE, "/keywords")
    data = next(data for said in listed.staff for _, data in said.buttons if data.startswith("k:keywords:"))
    await desk.taps(SUE, data)
    assert [row.active for row in await desk.town.rows("keyword_rules")] == [False]
    assert "漏电" not in (await desk.writes(SUE, "/keywords")).told_staff.replace("+ 漏电", "")


async def test_a_priority_by_command(desk: Desk) -> None:
    """Level and reason in one line."""
    case = await desk.case_of()
    await case.writes(BEN, "/priority high she waits since Monday")
    assert (await case.now()).priority is Priority.HIGH
    assert await why(case) == ["Ben: she waits since Monday"]


async def test_a_priority_by_buttons_asks_why(desk: Desk) -> None:
    """Pick, then say why; nothing has changed before that."""
    case = await desk.case_of()
    await desk.taps(BEN, f"k:priority:{case.id}")
    asked = await desk.taps(BEN, f"k:priority:{case.id}:high")
    assert (await case.now()).priority is Priority.NORMAL
    prompt = next(said for said in asked.staff if "Why is" in said.text)
    await case.writes(BEN, "her wedding is tomorrow", reply_to=prompt.message_id)
    assert (await case.now()).priority is Priority.HIGH
