"""Members of staff and staff groups: seeded from the configuration, owned by the database afterwards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from domain.people import NOBODY, MemberReach, Role, StaffGroup, StaffMember
from storage.database import Tx
from storage.tables import staff_groups, staff_members

_ACTIVE = ("active_staff", 0)


def member_from(row: Any) -> StaffMember:
    """Return the member of staff in a row of the table."""
    values = {name: getattr(row, name) for name in StaffMember.__slots__}
    return StaffMember(**{**values, "role": Role(row.role), "reach": MemberReach(row.reach)})


def _group(row: Any) -> StaffGroup:
    return StaffGroup(**{name: getattr(row, name) for name in StaffGroup.__slots__})


@dataclass(frozen=True, slots=True)
class Staff:
    """Everyone who works here and every group they work in, as one look at the database saw them."""

    members: dict[int, StaffMember]
    groups: dict[int, StaffGroup]

    def member(self, user_id: int | None) -> StaffMember:
        """Return the active member with this Telegram user id, ``NOBODY`` when none has it."""
        found = self.members.get(user_id) if user_id is not None else None
        return found if found and found.active else NOBODY


async def load_staff(tx: Tx, *, bot_id: int) -> Staff:
    """Return staff by Telegram user id and active groups by Telegram chat id."""
    members = [member_from(row) for row in await tx.execute(select(staff_members))]
    tx.identity[_ACTIVE] = sorted((one for one in members if one.active), key=lambda one: one.id)
    statement = select(staff_groups).where(staff_groups.c.bot_id == bot_id, staff_groups.c.active)
    groups = [_group(row) for row in await tx.execute(statement.order_by(staff_groups.c.id))]
    return Staff({m.user_id: m for m in members}, {g.chat_id: g for g in groups})


async def get_member(tx: Tx, member_id: int) -> StaffMember | None:
    """Return one member of staff, whether or not that person still works here."""
    known: list[StaffMember] = tx.identity.get(_ACTIVE, [])
    if (found := next((one for one in known if one.id == member_id), None)) is not None:
        return found
    row = (await tx.execute(select(staff_members).where(staff_members.c.id == member_id))).first()
    return member_from(row) if row else None


async def list_active(tx: Tx) -> list[StaffMember]:
    """Return everybody who works here, in the order in which they came, as this transaction saw them first.

    They are asked for several times at every word of a customer; see :func:`look_at_staff_again`.
    """
    if _ACTIVE not in tx.identity:
        statement = select(staff_members).where(staff_members.c.active).order_by(staff_members.c.id)
        tx.identity[_ACTIVE] = [member_from(row) for row in await tx.execute(statement)]
    known: list[StaffMember] = tx.identity[_ACTIVE]
    return list(known)


def look_at_staff_again(tx: Tx) -> None:
    """Forget what this transaction saw of staff: it has changed one of them."""
    tx.identity.pop(_ACTIVE, None)


async def get_group(tx: Tx, group_id: int) -> StaffGroup | None:
    """Return one staff group."""
    row = (await tx.execute(select(staff_groups).where(staff_groups.c.id == group_id))).first()
    return _group(row) if row else None


async def get_first_group(tx: Tx, *, bot_id: int) -> StaffGroup | None:
    """Return the group that takes new cases, if there is one."""
    statement = select(staff_groups).where(staff_groups.c.bot_id == bot_id, staff_groups.c.active)
    row = (await tx.execute(statement.order_by(staff_groups.c.id).limit(1))).first()
    return _group(row) if row else None


async def insert_missing_member(tx: Tx, *, user_id: int, name: str, role: Role, language: str | None) -> bool:
    """Insert a member unless one with this Telegram user id ever existed; returns whether it did."""
    statement = tx.insert(staff_members).values(user_id=user_id, name=name, role=role.value, language=language)
    done = await tx.execute(statement.on_conflict_do_nothing(index_elements=["user_id"]))
    look_at_staff_again(tx)
    return done.rowcount == 1


async def list_groups(tx: Tx, *, bot_id: int, active: bool = True) -> list[StaffGroup]:
    """Return the staff groups in the order in which they came, those that were removed too unless ``active``."""
    statement = select(staff_groups).where(staff_groups.c.bot_id == bot_id)
    if active:
        statement = statement.where(staff_groups.c.active)
    return [_group(row) for row in await tx.execute(statement.order_by(staff_groups.c.id))]


async def insert_missing_group(
    tx: Tx, *, bot_id: int, chat_id: int, name: str, language: str | None, takes: dict[str, list[str]] | None = None
) -> bool:
    """Insert a staff group unless one with this chat id ever existed; returns whether it did.

    ``takes`` says which cases come there, see :class:`StaffGroup`.
    """
    values = {"bot_id": bot_id, "chat_id": chat_id, "name": name, "language": language, "takes": takes}
    statement = tx.insert(staff_groups).values(**values)
    done = await tx.execute(statement.on_conflict_do_nothing(index_elements=["bot_id", "chat_id"]))
    return done.rowcount == 1


async def change_group(tx: Tx, group_id: int, **values: Any) -> None:
    """Change columns of a staff group."""
    await tx.execute(update(staff_groups).where(staff_groups.c.id == group_id).values(**values))


async def set_forum(tx: Tx, *, group_id: int, forum: bool | None) -> None:
    """Keep whether a staff group has topics; ``None`` lets it be looked at again."""
    await tx.execute(update(staff_groups).where(staff_groups.c.id == group_id).values(forum=forum))


async def move_group(tx: Tx, *, bot_id: int, old_chat_id: int, new_chat_id: int) -> bool:
    """Follow a group that became a supergroup; returns whether it was one of ours."""
    taken = (
        await tx.execute(
            select(staff_groups.c.id).where(staff_groups.c.bot_id == bot_id, staff_groups.c.chat_id == new_chat_id)
        )
    ).scalar()
    if taken is not None:
        return False
    done = await tx.execute(
        update(staff_groups)
        .where(staff_groups.c.bot_id == bot_id, staff_groups.c.chat_id == old_chat_id)
        .values(chat_id=new_chat_id, forum=None)
    )
    return done.rowcount == 1


async def set_group_reach(tx: Tx, *, group_id: int, unreachable_since_at: datetime | None) -> None:
    """Keep since when a staff group cannot be written to, or that it can again."""
    await tx.execute(
        update(staff_groups).where(staff_groups.c.id == group_id).values(unreachable_since_at=unreachable_since_at)
    )


async def set_lag_told(tx: Tx, *, group_id: int, told_at: datetime | None) -> None:
    """Keep when a staff group last read how far it lags behind, or that it has caught up."""
    await change_group(tx, group_id, lag_told_at=told_at)


async def set_lag_message(tx: Tx, *, group_id: int, message_id: int) -> None:
    """Keep which message in a staff group says how far it lags behind."""
    await change_group(tx, group_id, lag_message_id=message_id)
