"""Deleting an answer at the customer's side: by ``/delete`` as a reply to it, or chosen from the newest."""

from domain.outcomes import Refusal
from domain.outgoing import Button
from handlers.staff.verbs import Ask, Done, Verb
from services.deleting import delete_answer, list_deletable

_LABEL_LETTERS = 40


async def _delete(ask: Ask) -> Done | Refusal:
    """Delete the answer that is replied to or was chosen; otherwise offer the newest to choose from."""
    answer_id = ask.replied.id if ask.replied is not None else ask.number() if ask.arguments else None
    if answer_id is None:
        return await _choose(ask)
    chat_id = ask.context.tapped.chat_id if ask.tapped else ask.context.said.chat_id
    done = await delete_answer(ask.work, by=ask.member, case_id=ask.case, answer_id=answer_id, asked_in=chat_id)
    return done if isinstance(done, Refusal) else Done("private.deleted")


async def _choose(ask: Ask) -> Done | Refusal:
    found = await list_deletable(ask.work, case_id=ask.case, by=ask.member)
    if isinstance(found, Refusal):
        return found
    if not found:
        return Refusal("private.refused.nothing_to_delete")
    rows = tuple(
        (Button(f"🗑 {words[:_LABEL_LETTERS] or '📎'}", data=f"k:delete:{ask.case}:{answer_id}"),)
        for answer_id, words in found
    )
    return Done("private.delete_which", buttons=rows, shown=True, deed=False)


VERBS: tuple[Verb, ...] = (Verb("delete", _delete),)
