"""The ladder as it is climbed: who is told, who takes it, and nothing lost or doubled, whoever dies in between."""

import asyncio
from dataclasses import replace
from datetime import time, timedelta

import pytest

from domain.desk import DeskRules, Hours, LadderRules
from domain.interactions import Content, Kind
from domain.ladder import Cause, Ending, Escalation
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import SYSTEM, MemberReach, Role, StaffMember
from services import escalations
from services.case_door import actor_of, change_case
from services.casework import answer_case, resolve_case
from storage.cases import get_case
from storage.interactions import Origin
from storage.members import change_member, list_members
from tests.handlers.harness import Said
from tests.handlers.staff.desk import BEN, GROUP, SUE, CaseView, Desk

ADA, SAM = 66, 77
_ANY_TIME = DeskRules(ladder=LadderRules(only_at_work=False))


@pytest.fixture
async def case(desk: Desk) -> CaseView:
    """Ann's complaint, in a shop with Ben the agent, Sue the supervisor and Ada the admin."""
    desk.town.rules = replace(desk.town.rules, desk=_ANY_TIME)
    await desk.town.hires(ADA, "Ada", Role.ADMIN)
    return await desk.case_of()


async def who(case: CaseView, user_id: int) -> StaffMember:
    """Return a member of staff."""
    async with case.desk.town.db.read() as tx:
        return next(one for one in await list_members(tx) if one.user_id == user_id)


async def hand_up(case: CaseView, user_id: int = BEN, reason: str = "She wants the owner") -> Escalation | Refusal:
    """Hand the case up by hand."""
    by = await who(case, user_id)
    async with case.desk.town.work() as work:
        return await escalations.escalate_by(work, case_id=case.id, by=by, reason=reason)


async def breach(case: CaseView, clock: str = "first_response") -> Escalation:
    """Let a clock be missed."""
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        return await escalations.escalate(work, found, cause=Cause.BREACH, reason=clock, by=SYSTEM)


async def tick(case: CaseView, **later: float) -> int:
    """Move the clock and let the ladder be climbed; returns how many were looked at."""
    case.desk.town.moves(**later)
    async with case.desk.town.work() as work:
        return await escalations.climb_due(work)


async def take(case: CaseView, user_id: int, escalation_id: int) -> object:
    """Say *I have it*."""
    by = await who(case, user_id)
    async with case.desk.town.work() as work:
        return await escalations.take_it(work, escalation_id=escalation_id, by=by)


async def rungs(case: CaseView) -> list[tuple[int, str, str | None]]:
    """Return the level, cause and end of every rung."""
    return [(row.level, row.cause, row.ended_as) for row in await case.desk.town.rows("escalations")]


async def read(case: CaseView) -> list[tuple[str, str]]:
    """Deliver what is queued for staff; returns who reads what: ``topic``, or the name of a member."""
    names = {row.id: row.name for row in await case.desk.town.rows("staff_members")}
    said = await case.desk.town.deliver()
    return [(_reader(one, names), one.text) for one in said if one.target[0] in (TargetKind.CASE, TargetKind.MEMBER)]


def _reader(said: Said, names: dict[int, str]) -> str:
    return names[said.target[1]] if said.target[0] is TargetKind.MEMBER else "topic"


async def test_a_case_handed_up_reaches_the_supervisor_by_name(case: CaseView) -> None:
    """Ben's words reach Sue in the topic, where her name rings, and in private, with buttons; Ada is left in peace."""
    done = await hand_up(case)
    assert isinstance(done, Escalation)
    said = [one for one in await case.desk.town.deliver() if "owner" in one.text]
    assert [one.target[0] for one in said] == [TargetKind.CASE, TargetKind.MEMBER]
    assert f'<a href="tg://user?id={SUE}">Sue</a>' in said[0].html
    assert all(one.data("k:ack") == f"k:ack:{case.id}:{done.id}" for one in said)
    assert (await case.now()).level == 2
    audited = await case.desk.town.rows("audit", action="case.escalate")
    assert [(row.actor_kind, row.before["level"], row.after["level"]) for row in audited] == [("staff", 1, 2)]


async def test_a_reason_is_asked_for(case: CaseView) -> None:
    """Without words that say why nothing goes up, and nobody is disturbed."""
    refused = await hand_up(case, reason=" ! ")
    assert isinstance(refused, Refusal)
    assert refused.key == "ladder.refused.reason"
    assert await rungs(case) == []


async def test_the_first_to_say_so_has_it(case: CaseView) -> None:
    """Sue has it, Ben reads so; Ada, who was a moment late, is told who; the ladder stops."""
    done = await hand_up(case)
    assert isinstance(done, Escalation)
    await read(case)
    await take(case, SUE, done.id)
    assert await read(case) == [
        ("topic", "✋ Sue has C-1001."),
        ("Sue", "✋ Sue has C-1001."),
        ("topic", "✋ Ben: Sue has C-1001 now."),
    ]
    late = await take(case, ADA, done.id)
    assert isinstance(late, Refusal)
    assert (late.key, late.values["name"]) == ("ladder.refused.taken", "Sue")
    assert await tick(case, hours=5) == 0
    assert await rungs(case) == [(2, "hand", "taken")]


async def test_an_agent_who_was_not_asked_cannot_take_it(case: CaseView) -> None:
    """Ben handed it up: it does not come back by his own tap."""
    done = await hand_up(case)
    assert isinstance(done, Escalation)
    refused = await take(case, BEN, done.id)
    assert isinstance(refused, Refusal)
    assert refused.key == "ladder.refused.not_asked"


async def test_nobody_answers_so_it_climbs_and_is_repeated(case: CaseView) -> None:
    """After a quarter of an hour it goes to Ada, then every hour it says how long it has waited."""
    await breach(case)
    await read(case)
    assert await tick(case, minutes=14) == 0
    assert await tick(case, minutes=1) == 1
    told = dict(await read(case))
    assert told["Ada"].startswith("🪜 Ada: nobody has taken C-1001 of Ann for 15 minutes")
    assert "Sue" not in told
    assert [await tick(case, minutes=59), await tick(case, minutes=1), await tick(case)] == [0, 1, 0]
    assert "has waited for 75 minutes" in dict(await read(case))["Ada"]
    assert await rungs(case) == [(2, "breach", "unanswered"), (3, "unanswered", None)]
    assert (await case.now()).level == 3


async def test_a_supervisor_may_still_take_what_has_climbed(case: CaseView) -> None:
    """Sue's old button means the case, not the rung that has passed."""
    done = await breach(case)
    await tick(case, minutes=15)
    assert not isinstance(await take(case, SUE, done.id), Refusal)
    assert await rungs(case) == [(2, "breach", "unanswered"), (3, "unanswered", "taken")]


async def test_two_replicas_climb_once(case: CaseView) -> None:
    """Both tick at the same moment, and once more after a restart: one rung, one message to each."""
    await breach(case)
    case.desk.town.moves(minutes=15)
    await asyncio.gather(tick(case), tick(case))
    await tick(case)
    assert await rungs(case) == [(2, "breach", "unanswered"), (3, "unanswered", None)]
    assert len(await case.desk.town.rows("outbox", purpose="escalation", chat_key="m4")) == 1
    case.desk.town.moves(minutes=60)
    await asyncio.gather(tick(case), tick(case))
    assert [row.repeats for row in await case.desk.town.rows("escalations", ended_at=None)] == [1]


async def test_killed_in_the_middle_nothing_is_told_twice(case: CaseView) -> None:
    """A program that dies before the commit has done nothing: the next one does it once."""
    await breach(case)
    await read(case)
    case.desk.town.moves(minutes=15)
    with pytest.raises(RuntimeError):
        await _dies_climbing(case)
    assert await rungs(case) == [(2, "breach", None)]
    assert await tick(case) == 1
    assert [to for to, _ in await read(case)] == ["topic", "Ada"]


async def _dies_climbing(case: CaseView) -> None:
    async with case.desk.town.work() as work:
        await escalations.climb_due(work)
        await work.tx.flush()
        raise RuntimeError("killed")


async def test_of_a_tap_and_a_climb_at_once_one_wins(case: CaseView) -> None:
    """Sue taps in the very moment in which it climbs: it is hers either way, and nobody is waited for."""
    done = await breach(case)
    case.desk.town.moves(minutes=15)
    taken, _ = await asyncio.gather(take(case, SUE, done.id), tick(case))
    assert not isinstance(taken, Refusal)
    assert [end for _, _, end in await rungs(case)] in (["taken"], ["unanswered", "taken"])


async def test_passed_on_with_a_reason(case: CaseView) -> None:
    """Sue passes it on and says why; at the top there is nobody to pass it on to."""
    done = await hand_up(case)
    assert isinstance(done, Escalation)
    async with case.desk.town.work() as work:
        sue, ada = await who(case, SUE), await who(case, ADA)
        passed = await escalations.pass_on(work, escalation_id=done.id, by=sue, reason="Above my limit")
    assert isinstance(passed, Escalation)
    async with case.desk.town.work() as work:
        top = await escalations.pass_on(work, escalation_id=passed.id, by=ada, reason="Not me either")
    assert isinstance(top, Refusal)
    assert top.key == "ladder.refused.top"
    told = dict(await read(case))
    assert "Ben writes: She wants the owner\nSue writes: Above my limit" in told["Ada"]
    assert await rungs(case) == [(2, "hand", "passed_on"), (3, "hand", None)]


async def test_a_second_cause_doubles_nothing(case: CaseView) -> None:
    """While Sue is asked, a missed clock joins the history without a word; Sue herself may still hand it up."""
    await hand_up(case)
    await read(case)
    joined = await breach(case)
    assert joined.ended_as is Ending.JOINED
    assert await read(case) == []
    await hand_up(case, SUE, "I cannot decide this")
    assert await rungs(case) == [(2, "hand", "raised"), (2, "breach", "joined"), (3, "hand", None)]


async def test_an_answer_ends_a_missed_answer_only(case: CaseView) -> None:
    """Ben answers late: nobody need come; but what he handed up himself waits for a person."""
    await breach(case)
    await _answers(case)
    assert await rungs(case) == [(2, "breach", "answered")]
    await hand_up(case)
    await _answers(case)
    assert (await rungs(case))[-1] == (3, "hand", None)
    async with case.desk.town.work() as work:
        await resolve_case(work, case_id=case.id, by=await who(case, BEN))
    assert (await rungs(case))[-1] == (3, "hand", "case_ended")


async def _answers(case: CaseView) -> None:
    by = await who(case, BEN)
    async with case.desk.town.work() as work:
        content, origin = Content(Kind.TEXT, "Sorry for the wait"), Origin(GROUP, case.desk.town.next_message_id())
        assert isinstance(await answer_case(work, case_id=case.id, by=by, content=content, origin=origin), int)


async def test_a_case_that_ended_unnoticed_wakes_nobody(case: CaseView) -> None:
    """Whatever closed it: the tick finds that nobody need come."""
    await breach(case)
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        change_case(work, found, by=SYSTEM, action="case.close", state="closed", closed_at=work.now)
    await read(case)
    await tick(case, minutes=15)
    assert await rungs(case) == [(2, "breach", "case_ended")]
    assert all("no longer" in text or "Nothing more" in text for _, text in await read(case))


async def test_the_ladder_rests_at_night(case: CaseView) -> None:
    """With only_at_work the minutes are minutes of work: what comes at five to six goes up next morning."""
    week = (((time(9), time(18)),),) * 7
    rules = DeskRules(hours=Hours(week=week), ladder=LadderRules())
    case.desk.town.rules = replace(case.desk.town.rules, desk=rules)
    case.desk.town.moves(hours=5, minutes=55)  # 17:55
    await breach(case)
    assert await tick(case, hours=15) == 0
    assert await tick(case, minutes=14) == 0
    assert await tick(case, minutes=1) == 1  # 9:10


async def test_a_complaint_about_sue_is_told_in_private_alone(case: CaseView) -> None:
    """Nothing stands in the topic, and Sue hears nothing: it is Ada's."""
    sue = await who(case, SUE)
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        change_case(work, found, by=SYSTEM, action="test", confidential=True, about_member_id=sue.id)
    await read(case)
    await breach(case)
    said = await read(case)
    assert {to for to, _ in said} == {"Ada"}
    assert len([text for _, text in said if "needs you" in text]) == 1


async def test_a_warning_reaches_the_owner(case: CaseView) -> None:
    """In private; nobody owning it, those who could take it are called in the topic. Told once a due time."""
    await _warns(case)
    ben = await who(case, BEN)
    assert [(to, "Ben" in text) for to, text in await read(case)] == [("topic", True)]
    await _own(case, ben)
    await _warns(case)
    assert [to for to, _ in await read(case)] == ["Ben"]
    async with case.desk.town.work() as work:
        await change_member(work.tx, ben.id, reach=MemberReach.BLOCKED.value)
    await _warns(case, hours=1)
    assert [to for to, _ in await read(case)] == ["topic"]


async def _own(case: CaseView, member: StaffMember) -> None:
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        change_case(work, found, by=actor_of(member), action="case.take", owner_id=member.id)
    await case.desk.town.deliver()


async def _warns(case: CaseView, **later: float) -> None:
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        due = work.now + timedelta(minutes=15) + timedelta(**later)
        await escalations.warn(work, found, kind="first_response", due_at=due)


async def test_the_whole_ladder_can_be_read(case: CaseView) -> None:
    """Sue reads when, why, who was told, and who took it after how long; Ben may not."""
    done = await hand_up(case)
    assert isinstance(done, Escalation)
    await tick(case, minutes=15)
    case.desk.town.moves(minutes=5)
    await take(case, ADA, done.id)
    async with case.desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        lines = await escalations.history_in_words(work, found, "en")
    assert lines == [
        "<b>today 12:00</b> · Supervisors · Ben writes: <i>She wants the owner</i>",
        "   told: Sue",
        "   nobody took it within 15 minutes",
        "<b>today 12:15</b> · Admins · Nobody took it in time.",
        "   told: Ada",
        "   Ada took it after 5 minutes",
    ]


async def test_by_button_and_by_command(case: CaseView) -> None:
    """Ben writes why behind the command; Sue taps, and makes the case hers; what is left of the button is old."""
    told = await case.writes(BEN, "/escalate She wants the owner")
    (question,) = [one for one in told.staff if one.target[0] is TargetKind.CASE]
    heard = await case.desk.taps(SUE, question.data("k:ack"), question.message_id)
    assert "Sue has C-1001" in heard.told_staff
    offer = next(one for one in heard.staff if one.buttons and "yours" in one.text)
    await case.desk.taps(SUE, offer.data("k:ack"), offer.message_id)
    assert (await case.now()).owner_id == (await who(case, SUE)).id
    await case.desk.taps(SUE, question.data("k:ack"), question.message_id)
    assert case.desk.popup == "Sue has C-1001 already."
    assert "told: Sue" in (await case.writes(SUE, "/ladder")).told_staff
    assert "told" not in (await case.writes(BEN, "/ladder")).told_staff


async def test_passing_on_asks_why(case: CaseView) -> None:
    """Sue taps *pass on*, answers the question, and it is Ada's."""
    told = await case.writes(BEN, "/escalate She wants the owner")
    question = next(one for one in told.staff if one.buttons and one.target[0] is TargetKind.CASE)
    asked = await case.desk.taps(SUE, question.data("k:pass"), question.message_id)
    prompt = next(one for one in asked.staff if one.body.get("force_reply"))
    heard = await case.writes(SUE, "Above my limit", reply_to=prompt.message_id)
    assert "Sue writes: Above my limit" in heard.told_staff
    assert await rungs(case) == [(2, "hand", "passed_on"), (3, "hand", None)]
