"""Whether a member of staff can be written to in private: kept, audited, whoever noticed it."""

from domain.people import SYSTEM, Actor, MemberReach
from services.work import Work
from storage.audit import add_audit
from storage.focus import mark_reach


async def set_member_reach(
    work: Work, member_id: int, reach: MemberReach, *, by: Actor = SYSTEM, before: MemberReach | None = None
) -> None:
    """Keep whether a member's private chat can be written to; nothing is written when it was known.

    With ``before`` only where that was known: what arrived says nothing about who has blocked the bot since.
    """
    if await mark_reach(work.tx, member_id=member_id, reach=reach, before=before):
        add_audit(
            work.tx,
            at=work.now,
            actor=by,
            action="member.reach",
            subject=("staff_member", member_id),
            after={"reach": reach.value},
        )
