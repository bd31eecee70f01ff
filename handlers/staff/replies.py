"""How staff are spoken to where they are: in the topic of the case, in the group, or in their private chat."""

from domain.interactions import Content, Kind
from domain.outgoing import Action, Lane, Outgoing, Purpose, Rows, Target, to_case, to_member, to_staff_group
from handlers.context import CareContext
from storage.cases import get_case
from storage.outbox import add_outgoing

PICKER = "picker"
"""The mark in a row's ``extra`` of a message whose buttons are a choice: a tap rewrites it."""


async def reply(
    context: CareContext,
    key: str,
    *,
    case_id: int | None,
    customer_id: int | None = None,
    once: str | None = None,
    buttons: Rows = (),
    replacing: int | None = None,
    picker: bool = False,
    **values: object,
) -> None:
    """Say one thing to staff; with ``once`` the same is not said a second time. ``customer_id`` is whom it names."""
    html = context.text(key, **values)
    await reply_html(
        context,
        html,
        case_id=case_id,
        customer_id=customer_id,
        once=once,
        buttons=buttons,
        replacing=replacing,
        picker=picker,
    )


async def reply_html(
    context: CareContext,
    html: str,
    *,
    case_id: int | None,
    customer_id: int | None = None,
    once: str | None = None,
    buttons: Rows = (),
    replacing: int | None = None,
    picker: bool = False,
) -> None:
    """Say what is Telegram HTML already to staff, where they are."""
    message = Outgoing(
        purpose=Purpose.STAFF_NOTICE if context.group else Purpose.MEMBER_NOTICE,
        target=await _where(context, case_id),
        content=Content(Kind.TEXT, html),
        html=True,
        action=Action.EDIT if replacing else Action.SEND,
        buttons=buttons,
        message_id=replacing,
        dedupe_key=once,
        case_id=case_id,
        customer_id=customer_id,
        lane=Lane.REPLY,  # somebody waits for it, however many words of customers wait before it
        extra={PICKER: True} if picker else {},
    )
    await add_outgoing(context.work.tx, message, bot_id=context.work.bot_id, now=context.work.now)


async def _where(context: CareContext, case_id: int | None) -> Target:
    """Return where whoever asked is answered; no topic is opened in a group that does not show the case."""
    group = context.group
    if group is None:
        return to_member(context.member.id)
    case = await get_case(context.work.tx, case_id) if case_id is not None else None
    shown_here = case is not None and case.staff_group_id == group.id
    return to_case(case.id, group.id) if case is not None and shown_here else to_staff_group(group.id)
