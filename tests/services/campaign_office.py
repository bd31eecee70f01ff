"""An office in which campaigns are made: who works there, and a campaign to look at."""

from dataclasses import replace

from domain.campaigns import ApprovalNeeded, CampaignRules, OccasionKind, When
from domain.outcomes import Refusal
from domain.people import Actor, MemberReach, Role, StaffMember
from domain.rules import Rules
from services.campaigns import wizard
from services.campaigns.book import Kept
from services.case_door import actor_of
from services.work import Work
from storage.focus import mark_reach
from storage.staff import insert_missing_member, load_staff

BIRTHDAY = When(OccasionKind.BIRTHDAY)


def strict(approval: ApprovalNeeded = ApprovalNeeded.ALWAYS, above: int = 50) -> Rules:
    """Return the rules of a business that wants a second look."""
    return replace(Rules(), campaigns=CampaignRules(approval=approval, approval_above=above))


async def hire(work: Work, user_id: int, name: str, role: Role, *, reach: MemberReach | None = None) -> StaffMember:
    """Return somebody who works here from now on."""
    await insert_missing_member(work.tx, user_id=user_id, name=name, role=role, language="en")
    member = (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)
    if reach is not None:
        await mark_reach(work.tx, member_id=member.id, reach=reach)
    return (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)


async def draft(work: Work, by: StaffMember | Actor, when: When = BIRTHDAY) -> Kept:
    """Return a draft that somebody made in the wizard."""
    begun = await wizard.begin(work, when, by=by if isinstance(by, Actor) else actor_of(by))
    assert not isinstance(begun, Refusal), begun
    return begun
