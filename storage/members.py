"""Members of staff as they change: who is here, who is away, whose turn it is, and what is theirs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from domain.cases import LIVE
from domain.people import Role, StaffMember
from storage.database import Tx
from storage.staff import look_at_staff_again, member_from
from storage.tables import cases, customers, staff_members, tasks

_LIVE = tuple(state.value for state in LIVE)


async def list_members(tx: Tx, *, roles: Sequence[Role] | None = None, active: bool = True) -> list[StaffMember]:
    """Return everybody who works here (or, not ``active``, ever did), by name."""
    statement = select(staff_members).order_by(staff_members.c.name, staff_members.c.id)
    if active:
        statement = statement.where(staff_members.c.active)
    if roles is not None:
        statement = statement.where(staff_members.c.role.in_([role.value for role in roles]))
    return [member_from(row) for row in await tx.execute(statement)]


async def lock_members(tx: Tx, ids: Sequence[int]) -> list[StaffMember]:
    """Return these members of staff as they are now, locked until the end of the transaction, in the order of ids."""
    statement = select(staff_members).where(staff_members.c.id.in_(list(ids))).order_by(staff_members.c.id)
    rows = await tx.execute(statement.with_for_update() if tx.for_update else statement)
    return [member_from(row) for row in rows]


async def change_member(tx: Tx, member_id: int, **values: Any) -> None:
    """Change columns of a member of staff at once."""
    await tx.execute(update(staff_members).where(staff_members.c.id == member_id).values(**values))
    look_at_staff_again(tx)


async def get_by_user_id(tx: Tx, user_id: int) -> StaffMember | None:
    """Return the member of staff with this Telegram user id, whether or not that person still works here."""
    row = (await tx.execute(select(staff_members).where(staff_members.c.user_id == user_id))).first()
    return member_from(row) if row else None


async def count_live_cases(tx: Tx, member_ids: Sequence[int]) -> dict[int, int]:
    """Return how many live cases each of these has; whoever has none is left out."""
    statement = (
        select(cases.c.owner_id, func.count())
        .where(cases.c.owner_id.in_(list(member_ids)), cases.c.closed_at.is_(None), cases.c.state.in_(_LIVE))
        .group_by(cases.c.owner_id)
    )
    return {int(owner): int(count) for owner, count in await tx.execute(statement)}


async def count_belongings(tx: Tx) -> dict[int, tuple[int, int, int]]:
    """Return by member of staff how many cases not closed, customers and open tasks are theirs, where any are."""
    theirs = customers.c.erased_at.is_(None) & customers.c.merged_into.is_(None)
    to_do = tasks.c.done_at.is_(None) & tasks.c.cancelled_at.is_(None)
    wheres = ((cases, cases.c.closed_at.is_(None)), (customers, theirs), (tasks, to_do))
    found: dict[int, list[int]] = {}
    for nth, (table, where) in enumerate(wheres):
        counted = select(table.c.owner_id, func.count()).where(table.c.owner_id.is_not(None), where)
        for owner_id, count in await tx.execute(counted.group_by(table.c.owner_id)):
            found.setdefault(int(owner_id), [0, 0, 0])[nth] = int(count)
    return {owner_id: (counts[0], counts[1], counts[2]) for owner_id, counts in found.items()}
