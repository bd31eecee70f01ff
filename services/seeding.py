"""Seeding: staff, groups and branches of the configuration become rows once; afterwards the database owns them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from domain.people import SYSTEM, Role
from services.work import Work
from storage import people as people_rows
from storage import staff as staff_rows
from storage.audit import add_audit


async def seed(
    work: Work,
    *,
    groups: Sequence[tuple[int, str, str | None]] = (),
    takes: Mapping[int, dict[str, list[str]] | None] = MappingProxyType({}),
    members: Sequence[tuple[int, str, Role, str | None]] = (),
    branches: Sequence[tuple[str, str]] = (),
) -> None:
    """Insert what the database does not know yet; what was changed or removed there stays as it is.

    ``groups`` are ``(chat_id, name, language)``, ``members`` ``(user_id, name, role, language)``, ``branches``
    ``(code, name)``. ``takes`` has by chat id which cases come to a group, see :class:`StaffGroup`.
    """
    for chat_id, name, language in groups:
        asks = takes.get(chat_id)
        if await staff_rows.insert_missing_group(
            work.tx, bot_id=work.bot_id, chat_id=chat_id, name=name, language=language, takes=asks
        ):
            _audit(work, "staff_group", chat_id, name=name, language=language, takes=asks)
    first = await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
    for user_id, name, role, own in members:
        language = own or (first.language if first else None)
        if await staff_rows.insert_missing_member(work.tx, user_id=user_id, name=name, role=role, language=language):
            _audit(work, "staff_member", user_id, name=name, role=role.value, language=language)
    known = await people_rows.list_branch_codes(work.tx)
    fresh = [(code, name) for code, name in branches if code not in known]
    await people_rows.insert_missing_branches(work.tx, fresh)
    for code, name in fresh:
        branch_id = await people_rows.get_branch_id(work.tx, code)
        _audit(work, "branch", branch_id or 0, code=code, name=name)


def _audit(work: Work, kind: str, subject_id: int, **after: object) -> None:
    add_audit(work.tx, at=work.now, actor=SYSTEM, action=f"{kind}.seed", subject=(kind, subject_id), after=after)
