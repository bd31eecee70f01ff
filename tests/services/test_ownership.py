"""Whose a case is: claimed once, given by hand, given in turn, told to whom it is."""

import asyncio
from collections import Counter

import pytest

from domain.cases import Case, CaseKind
from domain.desk import Assigning, DeskRules
from domain.interactions import Content, Kind
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import StaffMember
from domain.rules import Rules
from services.case_door import actor_of
from services.cases import hear_words, open_case
from services.casework import take_case
from services.customers import meet
from services.members import set_absent, set_present
from services.ownership import assign_case, give_in_turn, give_unowned, list_choices
from services.speech import record_heard
from services.work import person_of_contact
from storage.cases import get_case
from storage.interactions import NOWHERE
from storage.staff import load_staff
from storage.tables import cases
from tests.handlers.harness import Said
from tests.handlers.staff.desk import BEN, MIA, SUE, CaseView, Desk

ZOE = 88


def assigning(how: Assigning) -> Rules:
    """The rules of a shop that gives cases in this way."""
    return Rules(business_name="Tailor & Son", desk=DeskRules(assigning=how))


async def who(desk: Desk, user_id: int) -> StaffMember:
    """Return a member of staff as the database knows them now."""
    async with desk.town.db.read() as tx:
        return (await load_staff(tx, bot_id=1)).members[user_id]


def to_member(said: list[Said], member: StaffMember) -> list[str]:
    """Return what a member of staff reads in private."""
    return [one.text for one in said if one.target == (TargetKind.MEMBER, member.id)]


async def assign(case: CaseView, to: int, by: int, note: str = "") -> Case | Refusal:
    """Let somebody give the case to somebody, in a transaction of its own."""
    async with case.desk.town.work() as work:
        staff = await load_staff(work.tx, bot_id=work.bot_id)
        return await assign_case(work, case_id=case.id, to=staff.member(to).id, by=staff.member(by), note=note)


async def take(case: CaseView, user_id: int) -> Case | Refusal:
    """Let somebody take the case, in a transaction of its own."""
    async with case.desk.town.work() as work:
        by = (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)
        return await take_case(work, case_id=case.id, by=by)


async def test_of_many_who_take_at_once_exactly_one_wins(desk: Desk) -> None:
    """Eight taps in eight transactions: one owner on record, and all the others are told whose it is."""
    await desk.town.hires(ZOE, "Zoe")
    case = await desk.case_of()
    done = await asyncio.gather(*(take(case, user_id) for user_id in (BEN, SUE, ZOE) for _ in range(3)))
    owner_id = (await case.now()).owner_id
    winners = {one.owner_id for one in done if isinstance(one, Case)}
    assert winners == {owner_id}
    assert Counter(one.key for one in done if isinstance(one, Refusal)) == {
        "desk.refused.taken": 6,
        "desk.refused.yours_already": 2,
    }
    taken = [row for row in await desk.town.rows("audit", subject_kind="case") if row.action == "case.take"]
    assert [row.actor_id for row in taken] == [owner_id]


async def test_a_transfer_tells_the_new_owner_what_to_know(desk: Desk) -> None:
    """In the topic, in private, and for ever among the notes; Ann reads nothing of it."""
    case = await desk.case_of()
    await take(case, BEN)
    assert isinstance(await assign(case, SUE, BEN, "Ann is hard of hearing"), Case)
    said = await desk.town.deliver()
    sue = await who(desk, SUE)
    assert (await case.now()).owner_id == sue.id
    assert "Ann is hard of hearing" in "".join(to_member(said, sue))
    in_topic = [one.text for one in said if one.target[0] is TargetKind.CASE]
    assert any("Ann is hard of hearing" in text and "Sue" in text for text in in_topic)
    assert not [one for one in said if one.target[0] is TargetKind.CONTACT]
    notes = await case.record(visibility="internal")
    assert [note.text for note in notes] == ["Ann is hard of hearing"]


async def test_an_agent_gives_away_only_what_is_theirs(desk: Desk) -> None:
    """Ben may not give Zoe's case to himself; Sue, who supervises, may give it to anybody."""
    await desk.town.hires(ZOE, "Zoe")
    case = await desk.case_of()
    await take(case, ZOE)
    refused = await assign(case, BEN, BEN)
    assert isinstance(refused, Refusal)
    assert refused.key == "casework.refused.not_yours"
    assert isinstance(await assign(case, BEN, SUE), Case)


async def test_a_case_goes_only_to_who_works_on_cases(desk: Desk) -> None:
    """A marketer cannot get one, nor somebody who was never hired, nor its owner again."""
    case = await desk.case_of()
    await take(case, BEN)
    keys = []
    for to in (MIA, 999, BEN):
        refused = await assign(case, to, SUE)
        assert isinstance(refused, Refusal)
        keys.append(refused.key)
    assert keys == ["casework.refused.not_theirs_to_work"] * 2 + ["casework.refused.theirs_already"]


async def test_round_robin_goes_round(desk: Desk) -> None:
    """Six cases at one instant, three agents: two each, and Sue the supervisor none."""
    await desk.town.hires(ZOE, "Zoe")
    await desk.town.hires(ZOE + 1, "Tom")
    desk.town.rules = assigning(Assigning.ROUND_ROBIN)
    owners = [(await (await desk.case_of(100 + nth)).now()).owner_id for nth in range(6)]
    agents = {(await who(desk, one)).id for one in (BEN, ZOE, ZOE + 1)}
    assert Counter(owners) == dict.fromkeys(agents, 2)
    assert owners[:3] == owners[3:]


async def test_least_loaded_helps_who_has_most(desk: Desk) -> None:
    """Ben has two cases already, so that the next two are Zoe's."""
    await desk.town.hires(ZOE, "Zoe")
    for nth in range(2):
        await take(await desk.case_of(100 + nth), BEN)
    desk.town.rules = assigning(Assigning.LEAST_LOADED)
    owners = {(await (await desk.case_of(200 + nth)).now()).owner_id for nth in range(2)}
    assert owners == {(await who(desk, ZOE)).id}


async def test_two_cases_at_the_same_moment_go_to_two_people(desk: Desk) -> None:
    """Two replicas give in turn at once: nobody's turn counts twice."""
    await desk.town.hires(ZOE, "Zoe")
    cases = [await desk.case_of(100 + nth) for nth in range(2)]
    desk.town.rules = assigning(Assigning.ROUND_ROBIN)

    async def give(case: CaseView) -> None:
        async with desk.town.work() as work:
            found = await get_case(work.tx, case.id)
            assert found is not None
            await give_in_turn(work, found)

    await asyncio.gather(*(give(case) for case in cases))
    assert len({(await case.now()).owner_id for case in cases}) == 2


async def goes_away(desk: Desk, *user_ids: int) -> None:
    """Let people be away until further notice."""
    async with desk.town.work() as work:
        staff = await load_staff(work.tx, bot_id=work.bot_id)
        for user_id in user_ids:
            member = staff.member(user_id)
            await set_absent(work, member.id, until=None, by=actor_of(member))


async def test_supervisors_step_in_when_no_agent_is_here(desk: Desk) -> None:
    """Ben is away: the case is Sue's. Sue is away as well: it is nobody's, until somebody is back."""
    desk.town.rules = assigning(Assigning.ROUND_ROBIN)
    await goes_away(desk, BEN)
    first = await desk.case_of(100)
    assert (await first.now()).owner_id == (await who(desk, SUE)).id
    await goes_away(desk, SUE)
    second = await desk.case_of(101)
    assert [(await case.now()).owner_id for case in (second, first)] == [None, (await who(desk, SUE)).id]
    async with desk.town.work() as work:
        assert await give_unowned(work) == 0
        ben = (await load_staff(work.tx, bot_id=work.bot_id)).member(BEN)
        await set_present(work, ben.id, by=actor_of(ben))
    assert (await second.now()).owner_id == (await who(desk, BEN)).id


async def test_what_is_given_in_turn_is_told_in_the_topic_and_in_private(desk: Desk) -> None:
    """Ben reads whose it is where he works, and in his own chat."""
    desk.town.rules = assigning(Assigning.ROUND_ROBIN)
    with desk.town.holding_back():
        async with desk.town.work() as work:
            person = await meet(work, chat_id=100, name="Ann", username=None, language_code="en")
            await open_case(work, person, kind=CaseKind.QUESTION, interaction_ids=[])
    said = await desk.town.deliver()
    assert any("it is your turn" in one.text for one in said if one.target[0] is TargetKind.CASE)
    assert any("It is your turn" in text for text in to_member(said, await who(desk, BEN)))


async def test_whoever_is_given_a_confidential_case_reads_so_once(desk: Desk) -> None:
    """It is told in private chats alone, and the new owner's is one of them."""
    case = await desk.case_of()
    desk.town.rules = assigning(Assigning.ROUND_ROBIN)
    async with desk.town.work() as work:
        work.tx.change(cases, case.id, confidential=True, staff_group_id=None)
    async with desk.town.work() as work:
        stored = await get_case(work.tx, case.id)
        assert stored is not None
        assert (await give_in_turn(work, stored)).owner_id is not None
    said = to_member(await desk.town.deliver(), await who(desk, SUE))
    assert [text for text in said if "our turn" in text] == ["👤 It is your turn: C-1001 is yours."]


@pytest.mark.parametrize("command", ["/assign Sue", "/transfer Sue she asked for you"])
async def test_the_topic_reads_once_whose_a_case_is_now(desk: Desk, command: str) -> None:
    """The line that rings for Sue is the answer to Ben, too."""
    case = await desk.case_of()
    told = (await case.writes(BEN, command)).told_staff
    assert "is yours now, from Ben" in told
    assert "is with Sue now" not in told


@pytest.mark.parametrize("away", [True, False])
async def test_an_answered_case_is_given_on_when_its_owner_is_away(desk: Desk, away: bool) -> None:
    """Ann writes again while Ben is on holiday: Zoe has it. While he is here it stays his."""
    await desk.town.hires(ZOE, "Zoe")
    case = await desk.case_of()
    await case.writes(BEN, "We look at it")
    desk.town.rules = assigning(Assigning.ROUND_ROBIN)
    if away:
        await goes_away(desk, BEN)
    assert (await case.now()).owner_id == (await who(desk, BEN)).id
    async with desk.town.work() as work:
        stored = await get_case(work.tx, case.id)
        assert stored is not None
        assert stored.contact_point_id is not None
        person = await person_of_contact(work, stored.contact_point_id)
        assert person is not None
        said = await record_heard(
            work,
            author=person.actor,
            content=Content(Kind.TEXT, "Any news?"),
            origin=NOWHERE,
            customer_id=person.customer.id,
        )
        await hear_words(work, person, case=stored, interaction_id=said, content=Content(Kind.TEXT, "Any news?"))
    assert (await case.now()).owner_id == (await who(desk, ZOE if away else BEN)).id


async def test_anybody_takes_over_from_who_is_away(desk: Desk) -> None:
    """While Ben is here his case is his; once he is away, Sue need not wait for anybody."""
    case = await desk.case_of()
    await take(case, BEN)
    assert isinstance(await take(case, SUE), Refusal)
    await goes_away(desk, BEN)
    assert isinstance(await take(case, SUE), Case)


async def test_who_is_here_is_offered_first(desk: Desk) -> None:
    """Ann-Lee is away, so that Ben and Sue stand before her; Mia does not work on cases."""
    await desk.town.hires(ZOE, "Ann-Lee")
    await goes_away(desk, ZOE)
    async with desk.town.work() as work:
        assert [one.name for one in await list_choices(work)] == ["Ben", "Sue", "Ann-Lee"]
