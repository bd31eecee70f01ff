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
    TargetKind,
    to_case,
    to_contact,
    to_staff_group,
)
from domain.people import ActorKind, StaffMember
from domain.signing import TEXT_LIMIT, signed, utf16_length
from services import cards, private_desk
from services.gathered import shortened
from services.joining import item_of, joined, joining_key, joins
from services.speech import tell
from services.work import Work
from storage import desk_queue
from storage import staff as staff_rows
from storage.deleting import list_deleted
from storage.interactions import list_of_case
from storage.outbox import add_outgoing, content_to_json, merge_queued

_HISTORY_INTERACTIONS = 30
_HISTORY_FILES = 3
_HISTORY_MESSAGES = 2
"""A group takes about twenty messages a minute, and a hundred cases may have to be shown anew."""
_ALBUM_MOST = 10
_LATEST_COUNTS = frozenset(
    {"desk.promise_near", "desk.promise_renewed", "desk.reopened", "desk.confirmed", "views.topic_closed"}
)
"""Of these notices about a case that still wait for its topic only the latest is said."""


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
    """Queue a person's words; parts of one album join the row that still waits for its other parts.

    Quick words for a topic join those that still wait for it, until something else comes between them.
    """
    content = message.content
    if joins(message):
        await _queue_joined(work, message)
        return
    await end_words(work, message.target)
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


async def _queue_joined(work: Work, message: Outgoing) -> None:
    key = joining_key(message.target)
    if await desk_queue.join_queued(work.tx, key, lambda body: joined(body, message)) is None:
        alone = replace(message, coalesce_key=key, extra={"items": [item_of(message)]})
        await add_outgoing(work.tx, alone, bot_id=work.bot_id, now=work.now)


async def end_words(work: Work, target: Target) -> None:
    """Let nothing join the words that wait for a topic: what comes now has its place behind them."""
    if target.kind is TargetKind.CASE:
        await desk_queue.end_joining(work.tx, joining_key(target))


async def pass_on_edit(work: Work, case: Case, *, interaction_id: int, original_id: int, content: Content) -> None:
    """Queue a customer's changed words as an answer to the words they replace; the first version stays."""
    if case.staff_group_id is not None:
        language = cards.desk_language(work, await staff_rows.get_group(work.tx, case.staff_group_id))
        target = to_case(case.id, case.staff_group_id)
        head = work.texts.say("desk.edited", language)
        await end_words(work, target)
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
    but: StaffMember | None = None,
    **values: Any,
) -> None:
    """Queue a notice for the staff of a case, in their language; instants among ``values`` are told on their clock.

    What answers words that a member of staff wrote in private goes to that chat alone. ``but`` is who is told the same
    in words of their own, and so not twice in private.
    """
    author = await private_desk.author_in_private(work, reply_to)
    for member in [author] if author else await private_desk.noticed(work, case, purpose):
        if but is not None and member.id == but.id:
            continue
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
    target = to_case(case.id, case.staff_group_id)
    await end_words(work, target)
    await tell(
        work,
        target,
        work.texts.say(key, language, **said),
        purpose=purpose,
        buttons=buttons,
        case_id=case.id,
        reply_to=reply_to,
        replacing=replacing,
        force_reply=force_reply,
        dedupe_key=dedupe_key,
        coalesce_key=f"notice:{key}:{case.id}" if key in _LATEST_COUNTS and not dedupe_key else None,
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


async def history_of_view(work: Work, case: Case) -> list[str]:
    """Return what a new view of a case begins with behind the card: what was said and is not on its way there.

    In a few messages at most, the latest words last; empty for a case of which everything is still to be shown. Files
    that its customer sent are queued again, the latest ones.
    """
    assert case.staff_group_id is not None
    said = await list_of_case(work.tx, case.id, limit=_HISTORY_INTERACTIONS)
    chat_key = to_case(case.id, case.staff_group_id).chat_key
    waiting = await desk_queue.list_waiting_words(
        work.tx, customer_id=case.customer_id, case_id=case.id, chat_key=chat_key
    )
    shown = [one for one in said if one.id not in waiting and _is_told(one)]
    if not shown:
        return []
    files = [one for one in shown if one.author.kind is ActorKind.CUSTOMER and one.content.media]
    for one in files[-_HISTORY_FILES:]:
        await pass_on(work, case, interaction_id=one.id, content=one.content, privately=False)
    texts = await history_texts(work, shown, await cards.language_of_case(work, case))
    return texts[-_HISTORY_MESSAGES:]


def _is_told(said: Interaction) -> bool:
    return said.author.kind in (ActorKind.CUSTOMER, ActorKind.STAFF) and _is_words(said)


async def history_texts(
    work: Work, said: Sequence[Interaction], language: str, *, head: str = "desk.history"
) -> list[str]:
    """Return what was said as compact lines under a ``head``, in as few messages as Telegram allows."""
    texts = [work.texts.say(head, language)]
    deleted = await list_deleted(work.tx, [one.id for one in said])
    for line in filter(None, (_history_line(work, one, language, one.id in deleted) for one in said)):
        if utf16_length(texts[-1]) + utf16_length(line) + 1 > TEXT_LIMIT - 100:
            texts.append(work.texts.say(head, language))
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
