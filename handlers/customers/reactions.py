"""Reactions of customers to our messages."""

from domain.cases import CaseState
from domain.outcomes import Refusal
from handlers.context import CareContext
from services.bans import is_banned
from services.case_door import own_case
from services.cases import confirm_solved
from storage.outbox import OutboxRow, find_sent

AGREEING = frozenset({"👍", "❤", "❤️", "🙏", "👌", "🎉", "💯", "🔥", "🥰", "👏"})


async def on_reaction(context: CareContext, *, message_id: int, emoji: list[str]) -> None:
    """Take an agreeing reaction under the question whether a case is solved for a yes."""
    if not AGREEING.intersection(emoji) or is_banned(context.customer, context.work.now):
        return
    work, person = context.work, context.customer
    row = await find_sent(work.tx, bot_id=work.bot_id, chat_id=person.contact.chat_id, message_id=message_id)
    if row is None or row.case_id is None or not _asks_whether_solved(row):
        return
    case = await own_case(work, case_id=row.case_id, by=person)
    if not isinstance(case, Refusal) and case.state is CaseState.RESOLVED:
        await confirm_solved(work, person, case=case, replacing=message_id)


def _asks_whether_solved(row: OutboxRow) -> bool:
    buttons = [button for line in (row.body or {}).get("buttons", []) for button in line]
    return any(button.get("callback_data") == f"c:solved:{row.case_id}" for button in buttons)
