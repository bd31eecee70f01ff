"""Complaints about a member of staff: kept from that person and from the group, worked on by those who supervise."""

from datetime import timedelta

import pytest

from bot.addressing import find_ways
from domain.cases import Case
from domain.outcomes import Refusal
from domain.outgoing import Action
from domain.people import SYSTEM, Role, StaffMember
from services import cards
from services.approvals import decide
from services.case_door import access_case, actor_of
from services.confidential import make_confidential, show_unseen
from services.timeline import list_timeline
from services.views import adopt_cases
from storage.approvals import POINTS, insert_approval
from storage.cases import get_case
from storage.export import Period, stream_rows
from storage.outbox import OutboxRow, get_row
from storage.search import search_interactions
from storage.staff import load_staff
from tests.handlers.harness import BOT_ID, Chat
from tests.handlers.staff.desk import ANN, BEN, CY, SUE, CaseView, Desk
from tests.handlers.staff.private import Alone, Read, parted

BOSS = 66


@pytest.fixture
async def staffed(desk: Desk) -> Desk:
    """A desk that Boss administers."""
    await desk.town.hires(BOSS, "Boss", Role.ADMIN)
    return desk


async def member(desk: Desk, user_id: int) -> StaffMember:
    """Return a member of staff as stored."""
    async with desk.town.db.read() as tx:
        return (await load_staff(tx, bot_id=BOT_ID)).member(user_id)


async def complains(desk: Desk, *, about: str | None, words: str = "She laughed at me") -> Read:
    """Let Ann complain about somebody by the buttons of the bot."""
    ann: Chat = desk.town.chat(ANN, "Ann")
    await ann.says("/complaint")
    asked = await ann.taps("c:about")
    named = [data for said in asked for name, data in said.buttons if name == about]
    if named:
        await ann.taps(named[0])
    await ann.says(words)
    await ann.taps("c:done")
    await ann.taps("c:skip")
    said = ann.said()[-1]
    return await _sent(desk, ann, said.data("c:send"))


async def _sent(desk: Desk, ann: Chat, data: str) -> Read:
    message = {"message_id": 1, "date": 1, "chat": {"id": ANN, "type": "private"}, "text": "…"}
    query = {"id": "q", "from": ann.user, "chat_instance": "1", "data": data, "message": message}
    return parted(await desk.town.update(callback_query=query))


async def only_case(desk: Desk) -> Case:
    """Return the one case there is."""
    row = (await desk.town.rows("cases"))[0]
    return await CaseView(desk, row.id, None, 0, 0, 0).now()


async def test_a_complaint_about_sue_reaches_boss_alone(staffed: Desk) -> None:
    """The group sees nothing, Sue sees nothing, Boss reads it in private and answers there."""
    heard = await complains(staffed, about="Sue")
    boss, sue = await member(staffed, BOSS), await member(staffed, SUE)
    assert heard.group == []
    assert list(heard.private) == [boss.id]
    assert "She laughed at me" in heard.told(boss.id)
    case = await only_case(staffed)
    assert (case.confidential, case.about_member_id, case.staff_group_id) == (True, sue.id, None)
    alone = Alone(staffed, BOSS, "Boss")
    await alone.taps(f"k:work:{case.id}")
    answered = await alone.writes("I am sorry, I will see to it")
    assert answered.customer == ["Boss\nI am sorry, I will see to it"]
    assert answered.group == []
    assert list(answered.private) in ([], [boss.id])


async def test_that_person_finds_it_nowhere(staffed: Desk) -> None:
    """Sue's lists, taps and commands know nothing of it; nor does who belongs to no such circle."""
    await complains(staffed, about="Sue")
    case = await only_case(staffed)
    for user_id, name in ((SUE, "Sue"), (BEN, "Ben")):
        alone = Alone(staffed, user_id, name)
        who = await alone.id()
        assert "C-1001" not in (await alone.writes("/cases")).told(who)
        await alone.taps(f"k:take:{case.id}")
        assert "C-1001" not in (await alone.writes("/work C-1001")).told(who)
    assert (await only_case(staffed)).owner_id is None
    async with staffed.town.work() as work:
        refused = await access_case(work, case_id=case.id, by=await member(staffed, SUE))
        assert await adopt_cases(work, limit=9) == 0
    assert refused == Refusal("desk.refused.no_such_case")


async def test_no_list_that_anybody_reads_holds_it(staffed: Desk) -> None:
    """Searches, exports and timelines, of which nobody knows who reads them, leave it out unless asked."""
    await complains(staffed, about="Sue")
    customer = (await staffed.town.rows("customers"))[0].id
    async with staffed.town.work() as work:
        found = await search_interactions(work.tx, "laughed", limit=9)
        seen = await list_timeline(work, customer)
    assert found == []
    assert all("laughed" not in (item.text or "") for item in seen)
    assert [rows async for rows in stream_rows(staffed.town.db, "cases", Period())] == []
    told = [rows async for rows in stream_rows(staffed.town.db, "cases", Period(), confidential=True)]
    assert len(told) == 1


async def test_a_case_marked_later_leaves_the_group(staffed: Desk) -> None:
    """Its card and topic say no more than that others work on it; what still waited for the group goes nowhere."""
    case = await staffed.case_of(words="Ben was rude")
    ben, boss = await member(staffed, BEN), await member(staffed, BOSS)
    await staffed.taps(BEN, f"k:take:{case.id}")
    await Alone(staffed, BEN, "Ben").taps(f"k:work:{case.id}")
    with staffed.town.holding_back():
        await staffed.town.update(message=staffed.town.chat(ANN, "Ann").message(text="Ben again!"))
        await staffed.writes(BOSS_SAYS, f"/confidential {ben.name}", thread_id=case.thread_id)
    read = parted(await staffed.town.deliver())
    assert "rude" not in read.told_group
    assert "again" not in read.told_group
    assert "worked on elsewhere" in read.told_group
    assert Action.CLOSE in [said.action for said in read.group]
    assert "rude" not in read.told(ben.id)
    assert "C-1001" in read.told(boss.id)
    now = await case.now()
    assert (now.owner_id, now.staff_group_id, now.about_member_id) == (None, None, ben.id)
    assert await staffed.town.rows("staff_focus") == []
    heard = parted(await staffed.town.update(message=staffed.town.chat(ANN, "Ann").message(text="Hello?")))
    assert (heard.group, ben.id in heard.private, "Hello?" in heard.told(boss.id)) == ([], False, True)


BOSS_SAYS = SUE
"""Sue supervises, and is not the one it is about."""


async def test_a_row_that_is_sent_late_tells_nobody(staffed: Desk) -> None:
    """What was on its way when a case became confidential finds no way any more to who may not read it."""
    case = await staffed.case_of()
    ben, boss = await member(staffed, BEN), await member(staffed, BOSS)
    async with staffed.town.work() as work:
        case_now = await get_case(work.tx, case.id)
        assert case_now is not None
        await cards.show_card(work, case_now)
        for one in (ben, boss):
            await cards.show_card_to(work, case_now, one)
    rows = [await _row(staffed, row.id) for row in await staffed.town.rows("outbox", state="queued")]
    async with staffed.town.work() as work:
        before = await find_ways(work.tx, rows)
        await make_confidential(work, case_id=case.id, about_id=ben.id, by=SYSTEM)
        after = await find_ways(work.tx, rows)
    assert all(way.address for way in before.values())
    allowed = [row.chat_key for row in rows if after[row.id].address]
    assert (len(rows), allowed) == (3, [f"m{boss.id}"])


async def _row(desk: Desk, row_id: int) -> OutboxRow:
    async with desk.town.db.read() as tx:
        row = await get_row(tx, row_id)
    assert row is not None
    return row


async def test_in_the_group_nobody_works_on_it_any_more(staffed: Desk) -> None:
    """Even who may see it is refused in the topic, where others read along."""
    case = await staffed.case_of()
    async with staffed.town.work() as work:
        await make_confidential(work, case_id=case.id, about_id=(await member(staffed, BEN)).id, by=SYSTEM)
    await staffed.town.deliver()
    written = await case.writes(SUE, "Dear Ann")
    assert written.customer == []
    assert "elsewhere" in written.told_staff
    await staffed.taps(SUE, f"k:resolve:{case.id}")
    assert (await case.now()).state == "new"


async def test_only_who_supervises_may_mark_a_case(staffed: Desk) -> None:
    """Ben cannot, by any name; who it is about is corrected by telling again."""
    case = await staffed.case_of()
    ben, sue = await member(staffed, BEN), await member(staffed, SUE)
    async with staffed.town.work() as work:
        refused = await make_confidential(work, case_id=case.id, about_id=sue.id, by=actor_of(ben))
    assert refused == Refusal("casework.refused.supervisors")
    async with staffed.town.work() as work:
        await make_confidential(work, case_id=case.id, about_id=None, by=actor_of(sue))
    async with staffed.town.work() as work:
        await make_confidential(work, case_id=case.id, about_id=sue.id, by=actor_of(sue))
        seen = await access_case(work, case_id=case.id, by=sue)
    assert seen == Refusal("desk.refused.no_such_case")


async def test_duplicates_merged_into_it_are_kept_from_that_person_too(staffed: Desk) -> None:
    """Ben knows of neither afterwards; a duplicate cannot be hidden alone while its words live on in the other."""
    case, duplicate = await staffed.case_of(), await staffed.case_of(words="Ben laughed at me")
    await duplicate.writes(SUE, f"/merge {(await case.now()).public_number}")
    ben, sue = await member(staffed, BEN), await member(staffed, SUE)
    async with staffed.town.work() as work:
        alone = await make_confidential(work, case_id=duplicate.id, about_id=ben.id, by=actor_of(sue))
    assert isinstance(alone, Refusal)
    assert alone.key == "casework.refused.merged_into"
    async with staffed.town.work() as work:
        await make_confidential(work, case_id=case.id, about_id=ben.id, by=actor_of(sue))
        seen = [await access_case(work, case_id=one.id, by=ben) for one in (case, duplicate)]
    assert seen == [Refusal("desk.refused.no_such_case")] * 2


async def test_with_nobody_to_see_it_it_is_kept_until_somebody_is(desk: Desk) -> None:
    """Sue alone supervises, and it is about her: it waits for an admin, and is then shown once."""
    heard = await complains(desk, about="Sue")
    assert (heard.group, heard.private) == ([], {})
    async with desk.town.work() as work:
        assert await show_unseen(work, limit=9) == 0
    await desk.town.hires(BOSS, "Boss", Role.ADMIN)
    async with desk.town.work() as work:
        assert await show_unseen(work, limit=9) == 1
    shown = parted(await desk.town.deliver())
    assert "C-1001" in shown.told((await member(desk, BOSS)).id)
    async with desk.town.work() as work:
        assert await show_unseen(work, limit=9) == 0


async def test_where_names_are_hidden_none_is_offered(desk: Desk) -> None:
    """A business that hides names asks in words; the case is confidential all the same."""
    desk.town.rules = type(desk.town.rules)(show_staff_names=False)
    ann = desk.town.chat(ANN, "Ann")
    await ann.says("/complaint")
    asked = await ann.taps("c:about")
    assert all(name not in ("Ben", "Sue") for said in asked for name, _ in said.buttons)
    heard = await complains(desk, about=None)
    assert heard.group == []
    assert "She laughed at me" in heard.told((await member(desk, SUE)).id)


async def test_strangers_ids_name_nobody(staffed: Desk) -> None:
    """A forged choice of a person leaves the complaint confidential, about nobody in particular."""
    ann = staffed.town.chat(CY, "Cy")
    await ann.says("/complaint")
    key = (await ann.taps("c:about"))[-1].data("c:whom").split(":")[2]
    await ann.taps(f"c:whom:{key}:999999", message_id=1)
    dialogue = (await staffed.town.rows("dialogues"))[0]
    assert dialogue.data["about"] == 0


async def test_whom_it_is_about_decides_nothing_of_it(staffed: Desk) -> None:
    """What is given in a case about Sue is not hers to agree to, even by a button made by hand."""
    await complains(staffed, about=None)
    async with staffed.town.work() as work:
        sue, boss = await member(staffed, SUE), await member(staffed, BOSS)
        case = await get_case(work.tx, 1)
        assert case is not None
        await make_confidential(work, case_id=case.id, about_id=sue.id, by=actor_of(boss))
        approval = await insert_approval(
            work.tx,
            kind=POINTS,
            customer_id=case.customer_id,
            case_id=case.id,
            asked={"points": 5, "reason": "for the fright", "source_key": "k"},
            asked_by=boss.id,
            asked_at=work.now,
            expires_at=work.now + timedelta(days=1),
        )
    async with staffed.town.work() as work:
        refused = await decide(work, approval.id, agree=True, by=actor_of(sue))
    assert isinstance(refused, Refusal)
    assert refused.key == "points.refused.no_approval"
