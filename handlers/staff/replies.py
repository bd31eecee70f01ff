"""How staff are spoken to where they are: in the topic of the case, in the group, or in their private chat."""

from domain.outgoing import Lane, Purpose, Rows, Target, to_case, to_member, to_staff_group
from handlers.context import CareContext
from services.speech import tell
from storage.cases import get_case

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
    await tell(
        context.work,
        await _where(context, case_id),
        html,
        purpose=Purpose.STAFF_NOTICE if context.group else Purpose.MEMBER_NOTICE,
        buttons=buttons,
        case_id=case_id,
        customer_id=customer_id,
        replacing=replacing,
        dedupe_key=once,
        lane=Lane.REPLY,  # somebody waits for it, however many words of customers wait before it
        extra={PICKER: True} if picker else None,
    )


async def _where(context: CareContext, case_id: int | None) -> Target:
    """Return where whoever asked is answered; no topic is opened in a group that does not show the case."""
    group = context.group
    if group is None:
        return to_member(context.member.id)
    case = await get_case(context.work.tx, case_id) if case_id is not None else None
    shown_here = case is not None and case.staff_group_id == group.id
    return to_case(case.id, group.id) if case is not None and shown_here else to_staff_group(group.id)
