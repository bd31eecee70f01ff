"""Commands in a staff group, each equal to a button under the card."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from domain.cases import Case
from domain.interactions import Content, Kind, Visibility
from domain.outcomes import Refusal
from domain.people import StaffMember
from handlers.context import CareContext
from handlers.staff import loyalty
from handlers.staff.replies import reply
from services.answers import Place, ask_for_note, take_note
from services.case_door import actor_of
from services.casework import reopen_by_staff, resolve_case, take_case
from services.speech import record_heard
from services.work import Work

Deed = Callable[[Work, int, StaffMember], Awaitable[Case | Refusal]]

DEEDS: dict[str, tuple[Deed, str]] = {
    "take": (lambda work, case_id, by: take_case(work, case_id=case_id, by=by), "desk.taken"),
    "resolve": (lambda work, case_id, by: resolve_case(work, case_id=case_id, by=by), "desk.resolved"),
    "reopen": (lambda work, case_id, by: reopen_by_staff(work, case_id=case_id, by=by), "desk.reopened_by_staff"),
}
"""What can be done to a case, by button and by command, and what is said when it was."""


def is_for_another_bot(context: CareContext) -> bool:
    """Return whether the message is a command for a bot that is not us."""
    if context.said.command is None:
        return False
    _, _, name = context.said.content.text.split(maxsplit=1)[0].partition("@")
    return bool(name) and name.lower() != context.bot_username.lower()


def is_known(context: CareContext) -> bool:
    """Return whether the message is a command we know."""
    return context.said.command in DEEDS or context.said.command in ("note", "help", *loyalty.COMMANDS)


def is_empty(context: CareContext) -> bool:
    """Return whether the message is a command without words."""
    return context.said.command is not None and not context.said.argument


async def on_command(context: CareContext, place: Place) -> None:
    """Do what a known command asks, to the case it stands at."""
    command = context.said.command
    assert command is not None
    if command == "help":
        await reply(context, "desk.help", case_id=place.case_id)
    elif command == "voucher":
        await loyalty.on_voucher(context, place.case_id)
    elif place.case_id is None:
        await reply(context, "desk.which_case", case_id=None)
    elif command == "points":
        await loyalty.on_points(context, place.case_id)
    elif command == "note":
        await _on_note(context, place.case_id)
    else:
        await _do(context, command, place.case_id)


async def on_other_command(context: CareContext, case_id: int | None) -> None:
    """Help with a command nobody knows; other words without a case are chatter."""
    if context.said.command is not None:
        await reply(context, "desk.help", case_id=case_id)


async def _do(context: CareContext, command: str, case_id: int) -> None:
    deed, done_key = DEEDS[command]
    done = await deed(context.work, case_id, context.member)
    if isinstance(done, Refusal):
        await reply(context, done.key, case_id=case_id, **done.values)
        return
    await record_heard(
        context.work,
        author=actor_of(context.member),
        content=Content(Kind.COMMAND, context.said.content.text),
        origin=context.said.origin,
        customer_id=done.customer_id,
        case_id=case_id,
        visibility=Visibility.INTERNAL,
    )
    await reply(context, done_key, case_id=case_id, number=done.public_number, name=context.member.name)


async def _on_note(context: CareContext, case_id: int) -> None:
    heard, by = context.said, context.member
    done: int | Refusal | None
    if heard.argument:
        note = replace(heard.content, text=heard.argument, entities=())
        done = await take_note(context.work, case_id=case_id, by=by, content=note, origin=heard.origin)
    else:
        done = await ask_for_note(context.work, case_id=case_id, by=by)
    if isinstance(done, Refusal):
        await reply(context, done.key, case_id=case_id, **done.values)
