"""Buttons of staff: what can be done to a case, and what becomes of words held back."""

from collections.abc import Awaitable, Callable

from domain.outcomes import Refusal
from domain.outgoing import Purpose
from domain.people import NOBODY
from handlers.context import CareContext
from handlers.staff import loyalty
from handlers.staff.doing import perform, reads_here
from handlers.staff.registry import VERBS
from handlers.staff.replies import PICKER, reply
from handlers.staff.verbs import Ask, Verb
from services.answers import keep_held, send_held
from storage.cases import get_case, is_case
from storage.outbox import find_sent


async def on_tap(context: CareContext) -> None:
    """Do what a button says and end its waiting with a few words; what is not possible is said as an alert."""
    scope, _, name = context.tapped.verb.partition(":")
    if context.member is NOBODY:
        speaker = context.tapped.speaker
        key = "desk.refused.anonymous_tap" if speaker.anonymous else "desk.refused.stranger_tap"
        context.answer(key, alert=True)
    elif scope == "k" and name in _OTHERS:
        await _on_other(context, *_OTHERS[name])
    elif scope == "k" and name in VERBS:
        await _on_verb(context, VERBS[name])
    else:
        context.answer("desk.refused.old_button", alert=True)


async def _on_verb(context: CareContext, verb: Verb) -> None:
    tap = context.tapped
    case_id = tap.number()
    if case_id > 0 and not await is_case(context.work.tx, case_id):
        context.answer("desk.refused.no_such_case", alert=True)
        return
    replacing, picker = await _tapped_message(context)
    ask = Ask(context, case_id if case_id > 0 else None, tap.arguments[1:], replacing=replacing)
    done = await perform(verb, ask)
    if isinstance(done, Refusal):
        await context.refuse(done)
        return
    if done.key is None:
        return
    rewrites = picker and (done.deed or bool(done.buttons))
    shown = done.shown and not (done.told and await _is_told(context, ask.case_id))
    if not shown:
        context.answer(done.key, **context.told(done.values))
    if shown or rewrites:
        await reply(
            context,
            done.key,
            case_id=ask.case_id,
            buttons=done.buttons,
            replacing=replacing if rewrites else None,
            picker=bool(done.buttons),
            **context.told(done.values),
        )


async def _is_told(context: CareContext, case_id: int | None) -> bool:
    case = await get_case(context.work.tx, case_id) if case_id is not None else None
    return await reads_here(context, case, case_id)


async def _tapped_message(context: CareContext) -> tuple[int | None, bool]:
    """Return the message that was tapped if it is no card, and whether its buttons are a choice of ours."""
    tap, work = context.tapped, context.work
    if tap.message_id is None:
        return None, False
    row = await find_sent(work.tx, bot_id=work.bot_id, chat_id=tap.chat_id, message_id=tap.message_id)
    if row is None or row.purpose is Purpose.CARD:
        return None, False
    return tap.message_id, bool((row.body or {}).get("extra", {}).get(PICKER))


_Handle = Callable[[CareContext], Awaitable[Refusal | None]]


async def _on_other(context: CareContext, handle: _Handle, done_key: str) -> None:
    refusal = await handle(context)
    if refusal is None:
        context.answer(done_key)
    else:
        await context.refuse(refusal)


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


_OTHERS: dict[str, tuple[_Handle, str]] = {
    "send": (_on_send, "desk.on_its_way"),
    "keep": (_on_keep, "desk.note_kept"),
    "agree": (loyalty.on_agree, "points.staff.popup.agreed"),
    "refuse": (loyalty.on_refuse, "points.staff.popup.refused"),
    "vuse": (loyalty.on_use_tap, "points.staff.popup.used"),
}
"""Buttons that are about one message, question or voucher, whose id stands where otherwise that of the case does."""
