"""Who may do what: asked in the service, of the person who acts, whatever the edge."""

from domain.people import SYSTEM, Actor, ActorKind, Permission, StaffMember
from services.work import Work
from storage.staff import get_member


async def may(work: Work, by: Actor, permission: Permission) -> bool:
    """Return whether ``by`` may do this: the system and an API key (whose scopes its door checked), or staff."""
    if by == SYSTEM or by.kind is ActorKind.API:
        return True
    member = await member_of(work, by)
    return member is not None and member.may(permission)


async def may_administer(work: Work, by: Actor) -> bool:
    """Return whether ``by`` may decide who gets in and who is told: never an API key, whatever its scopes."""
    return by.kind is not ActorKind.API and await may(work, by, Permission.ADMINISTER)


async def member_of(work: Work, by: Actor) -> StaffMember | None:
    """Return the member of staff who acts, if it is one."""
    if by.kind is not ActorKind.STAFF or by.id is None:
        return None
    return await get_member(work.tx, by.id)
