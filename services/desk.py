"""The staff side of a case: its card, the customer's words passed on, and notices. A view that may be lost."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.cases import Case
from domain.interactions import ALBUM_KINDS, Content, Direction, Interaction, Kind, Visibility
from domain.outgoing import (
    Action,
    Outgoing,
    Purpose,
    Rows,
    Target,
    to_case,
    to_contact,
    to_staff_group,
)
from domain.people import ActorKind
from domain.signing import TEXT_LIMIT, signed, utf16_length
from services import cards, private_desk
from services.cards import shortened
from services.speech import tell
from services.work import Work
from storage import cases as case_rows
from storage import staff as staff_rows
from storage.deleting import list_deleted
from storage.interactions import list_of_case
from storage.outbox import add_outgoing, content_to_json, merge_queued

_HISTORY_INTERACTIONS = 30
_HISTORY_FILES = 10
_ALBUM_MOST = 10


async def pass_on(
    work: Work,
    case: Case,
    *,
    interaction_id: int,
    content: Content,
    reply_to: int | None = None,
    privately: bool = True,
) -> None:
    """Queue a customer's words for the staff side; the parts of an album travel together.

    ``privately``: also for the private chats in which this case is worked on.
    """
    if case.staff_group_id is not None:
        message = Outgoing(
            purpose=Purpose.CUSTOMER_WORDS,
            target=to_case(case.id, case.staff_group_id),
            content=content,
            reply_to=reply_to,
            customer_id=case.customer_id,
            case_id=case.id,
            interaction_id=interaction_id,
        )
        await queue_words(work, message)
    if privately:
        for copy in await private_desk.copy_words(work, case, interaction_id, content, reply_to=reply_to):
            await queue_words(work, copy)


def album_key(target: Target, media_group_id: str) -> str:
    """Return the key under which the parts of an album to ``target`` find each other."""
    return f"album:{target.chat_key}:{media_group_id}"


async def queue_words(work: Work, message: Outgoing) -> None:
    """Queue a person's words; parts of one album join the row that still waits for its other parts."""
    content = message.content
    if not (content.media_group_id and content.kind in ALBUM_KINDS):
        await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)
        return
    key = album_key(message.target, content.media_group_id)
    item = {**content_to_json(content), "interaction_id": message.interaction_id}

    def joined(body: dict[str, Any]) -> dict[str, Any]:
        extra = body.get("extra", {})
        return {**body, "extra": {**extra, "items": [*extra.get("items", []), item][:_ALBUM_MOST]}}

    if await merge_queued(work.tx, key, joined) is None:
        album = replace(
            message,
            action=Action.ALBUM,
            coalesce_key=key,
            not_before_at=work.now + work.rules.album_wait,
            extra={"items": [item]},
        )
        await add_outgoing(work.tx, album, bot_id=work.bot_id, now=work.now)


async def pass_on_edit(work: Work, case: Case, *, interaction_id: int, original_id: int, content: Content) -> None:
    """Queue a customer's changed words as an answer to the words they replace; the first version stays."""
    if case.staff_group_id is not None:
        language = cards.desk_language(work, await staff_rows.get_group(work.tx, case.staff_group_id))
        target = to_case(case.id, case.staff_group_id)
        head = work.texts.say("desk.edited", language)
        await tell(work, target, head, case_id=case.id, reply_to=original_id)
    for member in await private_desk.readers(work, case):
        await private_desk.tell_member(work, member, "desk.edited", case=case, reply_to=original_id)
    await pass_on(work, case, interaction_id=interaction_id, content=replace(content, media_group_id=None))


async def notice_case(
    work: Work,
    case: Case,
    key: str,
    *,
    purpose: Purpose = Purpose.STAFF_NOTICE,
    buttons: Rows = (),
    reply_to: int | None = None,
    replacing: int | None = None,
    force_reply: bool = False,
    dedupe_key: str | None = None,
    **values: Any,
) -> None:
    """Queue a notice for the staff of a case, in their language; instants among ``values`` are told on their clock.

    What answers words that a member of staff wrote in private goes to that chat alone.
    """
    author = await private_desk.author_in_private(work, reply_to)
    for member in [author] if author else await private_desk.noticed(work, case, purpose):
        await private_desk.tell_member(
            work,
            member,
            key,
            buttons=buttons,
            purpose=purpose,
            case=case,
            dedupe_key=f"{dedupe_key}:m{member.id}" if dedupe_key else None,
            reply_to=reply_to,
            replacing=replacing if author else None,
            force_reply=force_reply,
            **values,
        )
    if author is not None or case.staff_group_id is None:
        return
    language = cards.desk_language(work, await staff_rows.get_group(work.tx, case.staff_group_id))
    said = {name: private_desk.told(work, value, language) for name, value in values.items()}
    await tell(
        work,
        to_case(case.id, case.staff_group_id),
        work.texts.say(key, language, **said),
        purpose=purpose,
        buttons=buttons,
        case_id=case.id,
        reply_to=reply_to,
        replacing=replacing,
        force_reply=force_reply,
        dedupe_key=dedupe_key,
    )


async def notice_staff(
    work: Work,
    key: str,
    *,
    customer_id: int | None = None,
    buttons: Rows = (),
    replacing: int | None = None,
    dedupe_key: str | None = None,
    **values: object,
) -> None:
    """Queue a notice for the first staff group, outside any topic; without a group there is nobody to tell.

    ``customer_id`` is whom it names.
    """
    group = await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
    if group is not None:
        html = work.texts.say(key, cards.desk_language(work, group), **values)
        await tell(
            work,
            to_staff_group(group.id),
            html,
            customer_id=customer_id,
            buttons=buttons,
            replacing=replacing,
            dedupe_key=dedupe_key,
        )


async def show_case(work: Work, case: Case, *, privately: bool = True) -> None:
    """Queue the whole case for the staff side: the card, then everything said so far in order."""
    await cards.show_card(work, case)
    for said in await list_of_case(work.tx, case.id):
        if said.direction is Direction.IN and said.author.kind is ActorKind.CUSTOMER and _is_words(said):
            await pass_on(work, case, interaction_id=said.id, content=said.content, privately=privately)


async def adopt_cases(work: Work, *, limit: int) -> int:
    """Show live cases that were opened while there was no staff group; returns how many."""
    group = await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
    if group is None:
        return 0
    waiting = await case_rows.list_without_view(work.tx, limit=limit)
    for case in waiting:
        adopted = replace(case, staff_group_id=group.id)
        case_rows.save_case(work.tx, adopted, staff_group_id=group.id)
        await show_case(work, adopted, privately=False)
    return len(waiting)


async def rebuild_views(work: Work, group_id: int, *, limit: int = 500) -> None:
    """Show the live cases of a group anew, because nothing said there before can be found again."""
    for case in await case_rows.list_shown_in(work.tx, staff_group_id=group_id, limit=limit):
        await case_rows.lose_topic(work.tx, case_id=case.id)
        await show_history(work, case)


async def show_history(work: Work, case: Case) -> None:
    """Queue the card, a compact history and the customer's files, for a view that was lost and is built anew."""
    if case.staff_group_id is None:
        return
    target = to_case(case.id, case.staff_group_id)
    language = await cards.language_of_case(work, case)
    said = await list_of_case(work.tx, case.id, limit=_HISTORY_INTERACTIONS)
    await cards.show_card(work, case)
    for text in await history_texts(work, said, language):
        await tell(work, target, text, case_id=case.id)
    for one in [one for one in said if one.author.kind is ActorKind.CUSTOMER and one.content.media][-_HISTORY_FILES:]:
        await pass_on(work, case, interaction_id=one.id, content=one.content, privately=False)


async def history_texts(work: Work, said: Sequence[Interaction], language: str) -> list[str]:
    """Return what was said as compact lines, in as few messages as Telegram allows."""
    texts = [work.texts.say("desk.history", language)]
    deleted = await list_deleted(work.tx, [one.id for one in said])
    for line in filter(None, (_history_line(work, one, language, one.id in deleted) for one in said)):
        if utf16_length(texts[-1]) + utf16_length(line) + 1 > TEXT_LIMIT - 100:
            texts.append(work.texts.say("desk.history", language))
        texts[-1] += "\n" + line
    return texts


def _history_line(work: Work, said: Interaction, language: str, deleted: bool) -> str:
    if said.author.kind not in (ActorKind.CUSTOMER, ActorKind.STAFF) or not _is_words(said):
        return ""
    who = "note" if said.visibility is Visibility.INTERNAL else said.author.kind.value
    words = shortened(said.content.text, 300) or work.texts.button(f"desk.kind.{said.content.kind}", language)
    at = work.texts.moment(said.at, language, zone=work.rules.zone, now=work.now)
    line = work.texts.say(f"desk.history.{who}", language, at=at, words=words)
    return f"{line} · {work.texts.say('private.deleted_mark', language)}" if deleted else line


def _is_words(said: Interaction) -> bool:
    return said.content.kind not in (Kind.TAP, Kind.COMMAND, Kind.REACTION, Kind.MEMBERSHIP)


async def answer_customer(
    work: Work,
    case: Case,
    *,
    contact_point_id: int,
    interaction_id: int,
    content: Content,
    name: str | None,
    reply_to: int | None,
) -> None:
    """Queue a staff member's words for the customer, under their ``name`` when the business shows names."""
    message = Outgoing(
        purpose=Purpose.STAFF_ANSWER,
        target=to_contact(contact_point_id),
        content=signed(content, name) if name else content,
        reply_to=reply_to,
        customer_id=case.customer_id,
        case_id=case.id,
        interaction_id=interaction_id,
    )
    await queue_words(work, message)
