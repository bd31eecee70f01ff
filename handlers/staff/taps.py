"""Buttons in a staff group: what can be done to a case, and what becomes of words held back."""

from collections.abc import Awaitable, Callable

from domain.outcomes import Refusal
from handlers.context import CareContext
from handlers.staff import loyalty
from handlers.staff.commands import DEEDS
from services.answers import ask_for_note, keep_held, send_held


async def on_tap(context: CareContext) -> None:
    """Do what a button says and end its waiting with a few words; what is not possible is said as an alert."""
    scope, _, verb = context.tapped.verb.partition(":")
    if scope != "k":
        context.answer("desk.refused.old_button", alert=True)
    elif verb in DEEDS:
        await _on_deed(context, verb)
    elif verb in _OTHERS:
        handle, done_key = _OTHERS[verb]
        refusal = await handle(context)
        if refusal is None:
            context.answer(done_key)
        else:
            await context.refuse(refusal)
    else:
        context.answer("desk.refused.old_button", alert=True)


async def _on_deed(context: CareContext, verb: str) -> None:
    deed, done_key = DEEDS[verb]
    done = await deed(context.work, context.tapped.number(), context.member)
    if isinstance(done, Refusal):
        await context.refuse(done)
    else:
        context.answer(done_key, number=done.public_number, name=context.member.name)


async def _on_note(context: CareContext) -> Refusal | None:
    return await ask_for_note(context.work, case_id=context.tapped.number(), by=context.member)


async def _on_send(context: CareContext) -> Refusal | None:
    tap = context.tapped
    return await send_held(
        context.work,
        held_id=tap.number(),
        by=context.member,
        update_id=tap.origin.update_id,
        replacing=tap.message_id,
    )


async def _on_keep(context: CareContext) -> Refusal | None:
    tap = context.tapped
    return await keep_held(context.work, held_id=tap.number(), by=context.member, replacing=tap.message_id)


_Handle = Callable[[CareContext], Awaitable[Refusal | None]]
_OTHERS: dict[str, tuple[_Handle, str]] = {
    "note": (_on_note, "desk.answer_below"),
    "send": (_on_send, "desk.on_its_way"),
    "keep": (_on_keep, "desk.note_kept"),
    "agree": (loyalty.on_agree, "points.staff.popup.agreed"),
    "refuse": (loyalty.on_refuse, "points.staff.popup.refused"),
    "vuse": (loyalty.on_use_tap, "points.staff.popup.used"),
}
