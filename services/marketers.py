"""Telling those who run campaigns and surveys what happened to one by itself."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.outgoing import to_staff_group
from domain.people import Permission
from services import cards
from services.private_desk import language_of, tell_member
from services.speech import tell
from services.work import Work
from storage import staff as staff_rows


async def tell_those_who_run_campaigns(
    work: Work, key: str, *, values: Callable[[str], Mapping[str, Any]], dedupe_key: str | None = None
) -> int:
    """Tell everybody who may run campaigns, in private; where nobody can be reached, the staff group hears of it.

    ``values`` gives what stands in the words, in a language. Returns how many were told.
    """
    told = 0
    for member in await staff_rows.list_active(work.tx):
        if not member.may(Permission.RUN_CAMPAIGNS):
            continue
        once = f"{dedupe_key}:{member.id}" if dedupe_key else None
        row = await tell_member(work, member, key, dedupe_key=once, **values(language_of(work, member)))
        told += row is not None
    if told:
        return told
    group = await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
    if group is None:
        return 0
    language = cards.desk_language(work, group)
    words = work.texts.say(key, language, **values(language))
    await tell(work, to_staff_group(group.id), words, dedupe_key=dedupe_key)
    return 1
