"""Staff in their private chats with the bot: which case each works on there, and whether that chat can be reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from domain.cases import LIVE, CaseState
from domain.people import MemberReach, StaffMember
from storage import staff as staff_rows
from storage.database import Tx
from storage.tables import cases, customers, outbox, staff_focus, staff_groups, staff_members

_KEY = ("private_desk", 0)


@dataclass(frozen=True, slots=True)
class PrivateDesk:
    """Everybody who works here, which case each (by id) works on in the private chat, and the groups at hand."""

    members: tuple[StaffMember, ...]
    focus: dict[int, int]
    groups: frozenset[int]

    def focused_on(self, case_id: int) -> frozenset[int]:
        """Return the ids of the members who work on this case in private."""
        return frozenset(member_id for member_id, focused in self.focus.items() if focused == case_id)


async def load_private_desk(tx: Tx) -> PrivateDesk:
    """Return who works where in private, as this transaction saw it first: it is asked for at every word."""
    if _KEY not in tx.identity:
        found = await tx.execute(select(staff_focus.c.member_id, staff_focus.c.case_id))
        focus = {row.member_id: row.case_id for row in found}
        at_hand = select(staff_groups.c.id).where(staff_groups.c.active, staff_groups.c.unreachable_since_at.is_(None))
        groups = frozenset((await tx.execute(at_hand)).scalars())
        tx.identity[_KEY] = focus, groups
    return PrivateDesk(tuple(await staff_rows.list_active(tx)), *tx.identity[_KEY])


def _look_again(tx: Tx) -> None:
    tx.identity.pop(_KEY, None)


@dataclass(frozen=True, slots=True)
class Focus:
    """The case a member of staff works on in private, and when they last did something about it there."""

    case_id: int
    at: datetime


async def get_focus(tx: Tx, member_id: int) -> Focus | None:
    """Return the case that this member of staff works on in private."""
    found = await tx.execute(
        select(staff_focus.c.case_id, staff_focus.c.at).where(staff_focus.c.member_id == member_id)
    )
    row = found.first()
    return Focus(row.case_id, row.at) if row else None


async def set_focus(tx: Tx, *, member_id: int, case_id: int, now: datetime) -> None:
    """Keep which case this member of staff works on in private from now on."""
    insert = tx.insert(staff_focus).values(member_id=member_id, case_id=case_id, at=now)
    values = {"case_id": case_id, "at": now}
    await tx.execute(insert.on_conflict_do_update(index_elements=["member_id"], set_=values))
    _look_again(tx)


async def clear_focus(tx: Tx, member_ids: Sequence[int]) -> None:
    """Let these members of staff work on no case in private."""
    if member_ids:
        await tx.execute(delete(staff_focus).where(staff_focus.c.member_id.in_(list(member_ids))))
        _look_again(tx)


async def set_works_privately(tx: Tx, *, member_id: int, works_privately: bool) -> None:
    """Keep whether the cases of this member of staff come to the private chat too."""
    await tx.execute(
        update(staff_members).where(staff_members.c.id == member_id).values(works_privately=works_privately)
    )
    staff_rows.look_at_staff_again(tx)


async def mark_reach(tx: Tx, *, member_id: int, reach: MemberReach, before: MemberReach | None = None) -> bool:
    """Keep whether the private chat of a member of staff can be written to; returns whether that is news.

    With ``before`` it is kept only where that was known until now.
    """
    changed = [staff_members.c.id == member_id, staff_members.c.reach != reach.value]
    if before is not None:
        changed.append(staff_members.c.reach == before.value)
    done = await tx.execute(update(staff_members).where(*changed).values(reach=reach.value))
    if done.rowcount:
        staff_rows.look_at_staff_again(tx)
    return bool(done.rowcount)


async def find_card(tx: Tx, *, customer_id: int, case_id: int, chat_key: str) -> int | None:
    """Return the message that is the newest card of a case in a member's private chat."""
    statement = (
        select(outbox.c.message_id)
        .where(
            outbox.c.customer_id == customer_id,
            outbox.c.case_id == case_id,
            outbox.c.chat_key == chat_key,
            outbox.c.purpose == "card",
            outbox.c.state == "sent",
            outbox.c.message_id.is_not(None),
        )
        .order_by(outbox.c.id.desc())
        .limit(1)
    )
    message_id: int | None = (await tx.execute(statement)).scalar_one_or_none()
    return message_id


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list from which one is chosen; ``customer`` is how its customer is addressed."""

    id: int
    number: int
    state: CaseState
    confidential: bool
    about_member_id: int | None
    customer: str


async def list_to_work_on(tx: Tx, *, owner_id: int | None, limit: int) -> list[CaseLine]:
    """Return the live cases of a member of staff, or (``None``) those nobody owns, oldest first; nothing is locked."""
    name = func.coalesce(func.nullif(customers.c.call_name, ""), customers.c.name)
    statement = (
        select(cases.c.id, cases.c.number, cases.c.state, cases.c.confidential, cases.c.about_member_id, name)
        .join(customers, customers.c.id == cases.c.customer_id)
        .where(
            cases.c.owner_id == owner_id if owner_id is not None else cases.c.owner_id.is_(None),
            cases.c.closed_at.is_(None),
            cases.c.state.in_([state.value for state in LIVE]),
        )
        .order_by(cases.c.id)
        .limit(limit)
    )
    return [CaseLine(row[0], row[1], CaseState(row[2]), *row[3:]) for row in await tx.execute(statement)]
