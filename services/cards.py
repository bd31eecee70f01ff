"""The card of a case, by which staff see it: what stands on it, its buttons, and how it is kept up to date."""

from dataclasses import dataclass
from typing import Any

from domain.cases import LIVE, Case, CaseState
from domain.interactions import Content, Kind
from domain.outgoing import (
    Action,
    Button,
    Outgoing,
    Purpose,
    Rows,
    Target,
    to_card,
    to_member,
)
from domain.people import Customer, StaffGroup, StaffMember
from services import private_desk
from services.work import Work
from storage import cases as case_rows
from storage import people as people_rows
from storage import staff as staff_rows
from storage.outbox import buttons_to_json, content_to_json, queue_or_replace

_SUMMARY_LETTERS = 600


def desk_language(work: Work, group: StaffGroup | None) -> str:
    """Return the language a staff group reads: its own, else the business's first."""
    return (group.language if group else None) or work.rules.languages[0]


async def language_of_case(work: Work, case: Case) -> str:
    """Return the language in which staff read this case."""
    group = await staff_rows.get_group(work.tx, case.staff_group_id) if case.staff_group_id else None
    return desk_language(work, group)


def card_buttons(work: Work, case: Case, language: str) -> Rows:
    """Return what staff may do with a case in its present state."""

    def button(verb: str) -> Button:
        return Button(work.texts.button(f"desk.button.{verb}", language), data=f"k:{verb}:{case.id}")

    if case.state in LIVE:
        take = () if case.owner_id else (button("take"),)
        return ((*take, button("note"), button("resolve")),)
    if case.state is CaseState.RESOLVED:
        return ((button("note"), button("reopen")),)
    return ((button("reopen"),),)


async def card_html(work: Work, case: Case, language: str) -> str:
    """Return the card of a case: who, what, since when, promised until when, and whose it is."""
    texts = work.texts
    customer = await people_rows.get_customer(work.tx, case.customer_id)
    contact = await people_rows.get_contact(work.tx, case.contact_point_id) if case.contact_point_id else None
    owner = await staff_rows.get_member(work.tx, case.owner_id) if case.owner_id else None

    def moment(at: Any) -> str:
        return texts.moment(at, language, zone=work.rules.zone, now=work.now)

    lines = [
        texts.say(
            "desk.card.head",
            language,
            number=case.public_number,
            kind=texts.button(f"case.kind.{case.kind}", language),
            state=texts.button(f"desk.state.{case.state}", language),
        ),
        _who_line(work, customer, contact, language),
    ]
    if case.aspect:
        aspect = texts.button(f"aspect.{case.aspect}", language)
        lines.append(texts.say("desk.card.aspect", language, aspect=aspect))
    if case.order_ref:
        lines.append(texts.say("desk.card.order", language, order=case.order_ref))
    if customer and customer.branch_id:
        branch = await people_rows.get_branch_name(work.tx, customer.branch_id)
        lines.append(texts.say("desk.card.branch", language, branch=branch))
    if case.promised_at and case.first_response_at is None and case.live:
        lines.append(texts.say("desk.card.promised", language, moment=moment(case.promised_at)))
    if case.first_response_at:
        lines.append(texts.say("desk.card.answered", language, moment=moment(case.first_response_at)))
    lines.append(
        texts.say("desk.card.owner", language, owner=owner.name) if owner else texts.say("desk.card.no_owner", language)
    )
    if case.summary:
        lines.append(texts.say("desk.card.summary", language, summary=shortened(case.summary, _SUMMARY_LETTERS)))
    if contact and contact.contact.reach == "blocked":
        lines.append(texts.say("desk.card.blocked", language))
    return "\n".join(lines)


def _who_line(work: Work, customer: Customer | None, contact: people_rows.KnownContact | None, language: str) -> str:
    if customer is None:
        return work.texts.say("desk.card.nobody", language)
    username = contact.contact.username if contact else None
    name = f"{customer.name} (@{username})" if username else customer.name
    spoken = work.texts.button(f"language.{customer.language}", language)
    return work.texts.say("desk.card.who", language, name=name, spoken=spoken)


def shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


async def show_card(work: Work, case: Case) -> None:
    """Queue the card as it is now; a card still waiting to be sent or edited takes the new words instead."""
    if case.staff_group_id is not None:
        language = desk_language(work, await staff_rows.get_group(work.tx, case.staff_group_id))
        await _queue_card(work, case, to_card(case.id, case.staff_group_id), f"card:{case.id}", language)
    for member in await private_desk.readers(work, case):
        await show_card_to(work, case, member)


async def show_card_to(work: Work, case: Case, member: StaffMember, *, anew: bool = False) -> None:
    """Queue the card for a member's private chat, where it is sent once and changed afterwards, or sent ``anew``."""
    language, key = private_desk.language_of(work, member), f"card:{case.id}:m{member.id}"
    action, more = Action.SEND if anew else Action.EDIT, await private_desk.card_row(work, case, member)
    await _queue_card(work, case, to_member(member.id), key, language, action=action, more=more)


async def _queue_card(
    work: Work,
    case: Case,
    target: Target,
    coalesce_key: str,
    language: str,
    *,
    action: Action = Action.SEND,
    more: Rows = (),
) -> None:
    message = Outgoing(
        purpose=Purpose.CARD,
        target=target,
        content=Content(Kind.TEXT, await card_html(work, case, language)),
        action=action,
        html=True,
        buttons=(*card_buttons(work, case, language), *more),
        coalesce_key=coalesce_key,
        case_id=case.id,
        customer_id=case.customer_id,
    )
    await queue_or_replace(work.tx, message, bot_id=work.bot_id, now=work.now)


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
