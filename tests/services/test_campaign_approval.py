"""A second pair of eyes on campaigns: who is asked, who may say yes, to which version; a shop of one is not stuck."""

import asyncio

from sqlalchemy import select

from domain.campaigns import ApprovalNeeded
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, MemberReach, Role, StaffMember
from services.campaigns import approval, control, wizard
from services.campaigns.book import Kept, get_campaign
from services.case_door import actor_of
from services.work import Work
from storage.audit import list_of_subject
from storage.tables import outbox
from tests.services.campaign_office import draft, hire, strict
from tests.services.shop import Working

ADA, MIA, SUE, BEN, MAX = 501, 502, 503, 504, 505


async def _now(work: Work, kept: Kept) -> Kept:
    found = await get_campaign(work, kept.key)
    assert found is not None
    return found


async def _actions(work: Work, kept: Kept) -> list[str]:
    await work.tx.flush()
    return [row.action for row in await list_of_subject(work.tx, "campaign", kept.id)]


async def _told(work: Work) -> list[tuple[str, int]]:
    await work.tx.flush()
    rows = await work.tx.execute(select(outbox.c.target_kind, outbox.c.target_ref).order_by(outbox.c.id))
    return [(row.target_kind, row.target_ref) for row in rows]


async def test_nothing_is_needed_where_the_business_wants_no_second_look(working: Working) -> None:
    """The default: whoever runs campaigns starts them."""
    async with working() as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        await hire(work, SUE, "Sue", Role.SUPERVISOR)
        kept = await draft(work, mia)
        assert await approval.lacks(work, kept, people=10_000, by=actor_of(mia)) is None


async def test_above_a_number_of_people_a_second_look_is_needed(working: Working) -> None:
    """At the number itself it is not."""
    async with working(rules=strict(ApprovalNeeded.ABOVE, above=50)) as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        await hire(work, SUE, "Sue", Role.SUPERVISOR)
        kept = await draft(work, mia)
        assert await approval.lacks(work, kept, people=50, by=actor_of(mia)) is None
        lacking = await approval.lacks(work, kept, people=51, by=actor_of(mia))
        assert lacking is not None
        assert lacking.key == "campaign_staff.refused.unapproved"


async def test_sue_approves_and_mia_starts(working: Working) -> None:
    """Asked, approved, started; each step is in the audit trail, and each is told to the other."""
    async with working(rules=strict()) as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        sue = await hire(work, SUE, "Sue", Role.SUPERVISOR)
        ben = await hire(work, BEN, "Ben", Role.AGENT)
        kept = await draft(work, mia)
        refused = await control.launch(work, kept.key, by=actor_of(mia))
        assert isinstance(refused, Refusal)
        asked = await approval.ask_approval(work, kept.key, by=actor_of(mia))
        assert not isinstance(asked, Refusal)
        assert [member.id for member in asked.told] == [sue.id]
        waiting = await approval.lacks(work, asked.kept, people=1, by=actor_of(mia))
        assert waiting is not None
        assert waiting.key == "campaign_staff.refused.asked"
        for nobody in (ben, mia):
            refusal = await approval.approve(work, kept.key, by=actor_of(nobody))
            assert isinstance(refusal, Refusal)
        approved = await approval.approve(work, kept.key, by=actor_of(sue))
        assert isinstance(approved, Kept)
        assert (approved.approved_by, approved.approved_version) == (sue.id, kept.version)
        started = await control.launch(work, kept.key, by=actor_of(mia))
        assert isinstance(started, Kept)
        assert started.state.value == "running"
        assert [name for name in await _actions(work, kept) if name != "campaign.add"] == [
            "campaign.ask",
            "campaign.approve",
            "campaign.start",
        ]
        assert await _told(work) == [("member", sue.id), ("member", mia.id)]


async def test_a_yes_counts_for_the_version_that_was_looked_at(working: Working) -> None:
    """After a change it is asked for once more; a button of the older version approves nothing."""
    async with working(rules=strict()) as work:
        mia, sue = await hire(work, MIA, "Mia", Role.MARKETER), await hire(work, SUE, "Sue", Role.SUPERVISOR)
        kept = await draft(work, mia)
        await approval.ask_approval(work, kept.key, by=actor_of(mia))
        await approval.approve(work, kept.key, by=actor_of(sue), version=kept.version)
        await wizard.change(work, kept.id, wizard.at_hour("1500"), by=actor_of(mia))
        lacking = await approval.lacks(work, await _now(work, kept), people=1, by=actor_of(mia))
        assert lacking is not None
        assert lacking.key == "campaign_staff.refused.changed_since"
        old = await approval.approve(work, kept.key, by=actor_of(sue), version=kept.version)
        assert isinstance(old, Refusal)
        assert old.key == "campaign_staff.refused.changed"


async def test_nobody_approves_what_they_asked_for_or_wrote(working: Working) -> None:
    """An admin may do both, but not both for one campaign while somebody else is there."""
    async with working(rules=strict()) as work:
        ada, sue = await hire(work, ADA, "Ada", Role.ADMIN), await hire(work, SUE, "Sue", Role.SUPERVISOR)
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        kept = await draft(work, ada)
        wrote = await approval.approve(work, kept.key, by=actor_of(ada))
        await approval.ask_approval(work, kept.key, by=actor_of(ada))
        asked = await approval.approve(work, kept.key, by=actor_of(ada))
        for refusal in (wrote, asked):
            assert isinstance(refusal, Refusal)
            assert refusal.key == "campaign_staff.refused.own"
        await wizard.change(work, kept.id, wizard.at_hour("1500"), by=actor_of(mia))
        await approval.ask_approval(work, kept.key, by=actor_of(mia))
        assert isinstance(await approval.approve(work, kept.key, by=actor_of(ada)), Kept)
        assert isinstance(await approval.approve(work, kept.key, by=actor_of(sue)), Refusal)


async def test_one_person_alone_goes_on_and_it_is_audited(working: Working) -> None:
    """Without anybody else who could, the start itself is the yes; it holds until the scheduled moment."""
    async with working(rules=strict()) as work:
        ada = await hire(work, ADA, "Ada", Role.ADMIN)
        kept = await draft(work, ada)
        assert await approval.lacks(work, kept, people=9, by=actor_of(ada)) is None
        assert "campaign.alone" in await _actions(work, kept)
        assert await approval.lacks(work, await _now(work, kept), people=9, by=SYSTEM) is None


async def test_a_shop_without_anybody_to_approve_is_not_stuck(working: Working) -> None:
    """A marketer and an agent: nobody may approve, so that the marketer goes on; asking says so."""
    async with working(rules=strict()) as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        await hire(work, BEN, "Ben", Role.AGENT)
        kept = await draft(work, mia)
        asked = await approval.ask_approval(work, kept.key, by=actor_of(mia))
        assert not isinstance(asked, Refusal)
        assert asked.told == ()
        assert isinstance(await control.launch(work, kept.key, by=actor_of(mia)), Kept)


async def test_sent_back_with_a_reason(working: Working) -> None:
    """A reason is wanted; whoever asked reads it, and has to ask again."""
    async with working(rules=strict()) as work:
        mia, sue = await hire(work, MIA, "Mia", Role.MARKETER), await hire(work, SUE, "Sue", Role.SUPERVISOR)
        kept = await draft(work, mia)
        early = await approval.send_back(work, kept.key, by=actor_of(sue), reason="which shop?")
        assert isinstance(early, Refusal)
        await approval.ask_approval(work, kept.key, by=actor_of(mia))
        silent = await approval.send_back(work, kept.key, by=actor_of(sue), reason=" . ")
        assert isinstance(silent, Refusal)
        back = await approval.send_back(work, kept.key, by=actor_of(sue), reason="which shop?")
        assert isinstance(back, Kept)
        assert back.asked_at is None
        assert await _told(work) == [("member", sue.id), ("member", mia.id)]
        assert "campaign.send_back" in await _actions(work, kept)


async def test_who_blocked_the_bot_is_called_in_the_group(working: Working) -> None:
    """Nobody is asked where they cannot read it; without a group the others still are."""
    async with working(rules=strict()) as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        await hire(work, SUE, "Sue", Role.SUPERVISOR, reach=MemberReach.BLOCKED)
        max_ = await hire(work, MAX, "Max", Role.SUPERVISOR)
        kept = await draft(work, mia)
        await approval.ask_approval(work, kept.key, by=actor_of(mia))
        assert await _told(work) == [("member", max_.id)]


async def test_a_key_of_the_api_is_no_second_person(working: Working) -> None:
    """Machines start what people approved."""
    async with working(rules=strict()) as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        await hire(work, SUE, "Sue", Role.SUPERVISOR)
        kept = await draft(work, mia)
        assert isinstance(await approval.approve(work, kept.key, by=Actor(ActorKind.API, 1)), Refusal)
        assert await approval.lacks(work, kept, people=1, by=Actor(ActorKind.API, 1)) is not None


async def test_two_who_approve_at_the_same_moment_are_one_yes(working: Working) -> None:
    """The second is told that it is approved already; the audit trail has one."""
    async with working(rules=strict()) as work:
        mia = await hire(work, MIA, "Mia", Role.MARKETER)
        deciders = [await hire(work, SUE, "Sue", Role.SUPERVISOR), await hire(work, ADA, "Ada", Role.ADMIN)]
        kept = await draft(work, mia)
        await approval.ask_approval(work, kept.key, by=actor_of(mia))

    async def press(member: StaffMember) -> Kept | Refusal:
        async with working(rules=strict()) as work:
            return await approval.approve(work, kept.key, by=actor_of(member), version=kept.version)

    came = await asyncio.gather(*(press(member) for member in deciders))
    assert sorted(type(one).__name__ for one in came) == ["Kept", "Refusal"]
    async with working() as work:
        assert (await _actions(work, kept)).count("campaign.approve") == 1
