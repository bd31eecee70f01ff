"""The card of a case, by which staff see it: what stands on it, its buttons, and how it is kept up to date."""

from dataclasses import dataclass, replace
from typing import Any

from domain.cases import Case
from domain.interactions import Content, Kind
from domain.outgoing import (
    Action,
    Lane,
    Outgoing,
    Purpose,
    Rows,
    Target,
    TargetKind,
    to_card,
    to_member,
)
from domain.people import StaffGroup, StaffMember
from services import private_desk
from services.card_words import card_buttons, card_html
from services.gathered import shortened
from services.work import Work
from storage import cases as case_rows
from storage import people as people_rows
from storage import staff as staff_rows
from storage.outbox import add_outgoing, buttons_to_json, content_to_json, drop_queued, queue_or_replace


def desk_language(work: Work, group: StaffGroup | None) -> str:
    """Return the language a staff group reads: its own, else the business's first."""
    return (group.language if group else None) or work.rules.languages[0]


async def language_of_case(work: Work, case: Case) -> str:
    """Return the language in which staff read this case."""
    group = await staff_rows.get_group(work.tx, case.staff_group_id) if case.staff_group_id else None
    return desk_language(work, group)


async def show_card(work: Work, case: Case) -> None:
    """Queue the card as it is now; a card still waiting to be sent or edited takes the new words instead."""
    await show_card_in_group(work, case)
    for member in await private_desk.readers(work, case):
        await show_card_to(work, case, member)


async def show_card_in_group(work: Work, case: Case, *, menu: Rows | None = None) -> None:
    """Queue the card for the staff group of the case; a ``menu`` takes the place of its buttons until the next time."""
    if case.staff_group_id is None:
        return
    language = desk_language(work, await staff_rows.get_group(work.tx, case.staff_group_id))
    await _queue_card(work, case, to_card(case.id, case.staff_group_id), f"card:{case.id}", language, menu=menu)


async def show_card_to(
    work: Work, case: Case, member: StaffMember, *, anew: bool = False, menu: Rows | None = None
) -> None:
    """Queue the card for a member's private chat, where it is sent once and changed afterwards, or sent ``anew``.

    A ``menu`` takes the place of its buttons until the next time.
    """
    language, key = private_desk.language_of(work, member), None if anew else f"card:{case.id}:m{member.id}"
    action, more = Action.SEND if anew else Action.EDIT, await private_desk.card_row(work, case, member)
    await _queue_card(work, case, to_member(member.id), key, language, action=action, more=more, menu=menu)


async def _queue_card(
    work: Work,
    case: Case,
    target: Target,
    coalesce_key: str | None,
    language: str,
    *,
    action: Action = Action.SEND,
    more: Rows = (),
    menu: Rows | None = None,
) -> None:
    message = Outgoing(
        purpose=Purpose.CARD,
        target=target,
        content=Content(Kind.TEXT, await card_html(work, case, language)),
        action=action,
        html=True,
        buttons=menu if menu is not None else (*card_buttons(work, case, language), *more),
        coalesce_key=coalesce_key,
        case_id=case.id,
        customer_id=case.customer_id,
        lane=_lane(target, menu),
    )
    if menu is not None and coalesce_key:  # a card that waits would come later and take the menu away
        await drop_queued(work.tx, coalesce_key, now=work.now, error="a menu took its place")
        message = replace(message, coalesce_key=f"menu:{coalesce_key}")
    queue = queue_or_replace if coalesce_key else add_outgoing
    await queue(work.tx, message, bot_id=work.bot_id, now=work.now)


def _lane(target: Target, menu: Rows | None) -> Lane | None:
    """Return when a card goes: a menu at once, the one in a group when nothing presses more, as words open views."""
    if menu is not None:
        return Lane.REPLY
    return Lane.NOTICE if target.kind is TargetKind.CARD else None


@dataclass(frozen=True, slots=True)
class View:
    """What a case looks like in its staff group right now: the topic's name and the card as an outbox body."""

    topic_name: str
    card_body: dict[str, Any]


async def view_of_case(work: Work, *, case_id: int) -> View:
    """Return how a case is to be shown where no topic or card of it stands yet."""
    case = await case_rows.get_case(work.tx, case_id)
    assert case is not None
    assert case.staff_group_id is not None
    language = desk_language(work, await staff_rows.get_group(work.tx, case.staff_group_id))
    content = Content(Kind.TEXT, await card_html(work, case, language))
    buttons = buttons_to_json(card_buttons(work, case, language))
    body = {"content": content_to_json(content), "html": True, "buttons": buttons}
    return View(await _topic_name(work, case), body)


async def _topic_name(work: Work, case: Case) -> str:
    customer = await people_rows.get_customer(work.tx, case.customer_id)
    return shortened(f"{case.public_number} · {customer.name if customer else ''}", 120)
