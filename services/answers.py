"""What a member of staff writes about a case: an answer, a note, or words held back until someone decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from domain.cases import Case, number_in
from domain.interactions import Content, Interaction, Kind, Visibility
from domain.marks import Meaning, meaning_of, without_mark
from domain.outcomes import Refusal
from domain.outgoing import Action, Button, Purpose, Rows, to_contact
from domain.people import StaffGroup, StaffMember
from services import cards, desk, private_desk, prompts
from services.case_door import access_case, actor_of
from services.casework import add_note, answer_case
from services.prompts import Prompt, prompt_in
from services.speech import record_heard
from services.work import Work
from storage import cases as case_rows
from storage.audit import add_audit, list_of_subject
from storage.interactions import Origin, get_interaction, list_of_case, list_said_at
from storage.outbox import OutboxRow, drop_queued, find_sent

HELD = "held"
"""The mark in ``Content.extra`` of words held back."""
_NEARBY = 40


class Answering(Enum):
    """What a message in the staff group answers."""

    NOTHING = auto()
    CASE = auto()
    OWN_WORDS = auto()
    NOTE_PROMPT = auto()
    PROMPT = auto()
    """A question of ours to one member of staff."""
    STAFF_TALK = auto()
    """A note, a colleague, a notice of ours, or something we do not know."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which case a message of staff belongs to, and what it answers there.

    ``reply_to`` is the interaction that an answer to the customer answers, ``replied`` whatever interaction the message
    answers. ``prompt`` is what was asked, as long as its words are kept.
    """

    case_id: int | None
    answering: Answering = Answering.NOTHING
    reply_to: int | None = None
    replied: int | None = None
    prompt: Prompt | None = None


async def place_of(
    work: Work,
    group: StaffGroup,
    *,
    thread_id: int | None,
    reply_to: int | None,
    by: StaffMember,
    our_topic: str | None = None,
) -> Place:
    """Return where a message belongs: to its topic's case, else to the case of the message it answers.

    ``our_topic`` is the name we gave the topic: it tells the case of one we made just before we were cut off.
    """
    case_id = None
    if thread_id is not None:
        case_id = await case_rows.find_case_of_thread(work.tx, staff_group_id=group.id, thread_id=thread_id)
        if case_id is None and our_topic is not None:
            case_id = await _case_named_by(work, group, our_topic)
    return await _place_at(work, case_id, chat_id=group.chat_id, reply_to=reply_to, by=by)


async def place_in_private(work: Work, *, case_id: int | None, reply_to: int | None, by: StaffMember) -> Place:
    """Return where a member's message in their private chat belongs: to the case of what it answers, else ``case_id``.

    ``case_id`` is the case this person works on there at the moment.
    """
    found = await _place_at(work, None, chat_id=by.user_id, reply_to=reply_to, by=by)
    return found if found.case_id is not None else replace(found, case_id=case_id)


async def _place_at(work: Work, case_id: int | None, *, chat_id: int, reply_to: int | None, by: StaffMember) -> Place:
    if reply_to is None:
        return Place(case_id)
    row = await find_sent(work.tx, bot_id=work.bot_id, chat_id=chat_id, message_id=reply_to)
    if row is not None:
        return _answering_us(row, case_id or row.case_id, reply_to)
    said = await list_said_at(work.tx, bot_id=work.bot_id, chat_id=chat_id, message_id=reply_to)
    if not said:
        return Place(case_id, Answering.STAFF_TALK)
    sent = sent_version(said)
    if sent is not None and sent.author == actor_of(by):
        return Place(case_id or sent.case_id, Answering.OWN_WORDS, sent.id, replied=sent.id)
    first = sent or said[0]
    return Place(case_id or first.case_id, Answering.STAFF_TALK, replied=first.id)


async def _case_named_by(work: Work, group: StaffGroup, topic_name: str) -> int | None:
    number = number_in(topic_name)
    case = await case_rows.get_case_by_number(work.tx, number) if number is not None else None
    return case.id if case is not None and case.staff_group_id == group.id else None


def _answering_us(row: OutboxRow, case_id: int | None, message_id: int) -> Place:
    if row.purpose is Purpose.NOTE_PROMPT:
        return Place(case_id, Answering.NOTE_PROMPT)
    if row.purpose is Purpose.PROMPT:
        return Place(case_id, Answering.PROMPT, prompt=prompt_in(row))
    if row.purpose is Purpose.CARD:
        return Place(case_id, Answering.CASE)
    if row.purpose is not Purpose.CUSTOMER_WORDS:
        return Place(case_id, Answering.STAFF_TALK, replied=row.interaction_id)
    items = (row.body or {}).get("extra", {}).get("items", [])
    joined = row.action is Action.SEND  # quick words in one message: the answer is to the last of them
    nth = len(items) - 1 if joined and items else message_id - (row.message_id or message_id)
    words = items[nth]["interaction_id"] if nth < len(items) else row.interaction_id
    return Place(case_id, Answering.CASE, words, replied=words)


def sent_version(said: Sequence[Interaction]) -> Interaction | None:
    """Return the first version that went to the customer, if one did."""
    return next((i for i in said if i.visibility is Visibility.CUSTOMER and i.version_of is None), None)


def meaning(work: Work, content: Content) -> Meaning:
    """Return whether a member of staff's words are plain, a note by their mark, or may have been meant as one."""
    return meaning_of(content.text, work.texts.phrases("note_marks"))


async def hear_staff(work: Work, *, place: Place, by: StaffMember, content: Content, origin: Origin) -> Refusal | None:
    """Take what a member of staff wrote about a case: to the customer, to the notes, or held back when in doubt."""
    assert place.case_id is not None
    case_id = place.case_id
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    if content.kind is Kind.UNSUPPORTED:
        await _keep_refused(work, case, by=by, content=content, origin=origin)
        return Refusal("desk.refused.unsupported")
    meant = await _meant(work, case_id=case_id, content=content, answering=place.answering)
    done: int | Refusal
    if meant is Meaning.NOTE:
        marked = meaning(work, content) is Meaning.NOTE
        note = replace(content, text=without_mark(content.text), entities=()) if marked else content
        done = await take_note(work, case_id=case_id, by=by, content=note, origin=origin)
    elif meant is Meaning.DOUBTFUL:
        done = await hold_words(work, case_id=case_id, by=by, content=content, origin=origin)
    else:
        done = await answer_case(work, case_id=case_id, by=by, content=content, origin=origin, reply_to=place.reply_to)
        if isinstance(done, Refusal):
            await _keep_refused(work, case, by=by, content=content, origin=origin)
    return done if isinstance(done, Refusal) else None


async def _keep_refused(work: Work, case: Case, *, by: StaffMember, content: Content, origin: Origin) -> None:
    """Keep among staff what could not go to the customer, so that nothing anybody wrote about a case is lost."""
    await record_heard(
        work,
        author=actor_of(by),
        content=content,
        origin=origin,
        customer_id=case.customer_id,
        case_id=case.id,
        visibility=Visibility.INTERNAL,
    )


async def _meant(work: Work, *, case_id: int, content: Content, answering: Answering) -> Meaning:
    """Return for whom words are meant, by their mark, by what they answer, and by the album they are a part of."""
    meant = meaning(work, content)
    if answering is Answering.NOTE_PROMPT:
        meant = Meaning.NOTE
    elif answering is Answering.STAFF_TALK and meant is Meaning.PLAIN:
        meant = Meaning.DOUBTFUL
    if content.media_group_id is None:
        return meant
    said = await list_of_case(work.tx, case_id, limit=_NEARBY)
    parts = [one for one in said if one.content.media_group_id == content.media_group_id]
    if any(is_held(part) for part in parts):
        return Meaning.DOUBTFUL
    if any(part.visibility is Visibility.INTERNAL for part in parts):
        return Meaning.NOTE
    return Meaning.DOUBTFUL if parts and meant is Meaning.NOTE else meant


async def take_note(work: Work, *, case_id: int, by: StaffMember, content: Content, origin: Origin) -> int | Refusal:
    """Keep a note that only staff can read, and say so to them; returns the interaction."""
    note_id = await add_note(work, case_id=case_id, by=by, content=content, origin=origin)
    if not isinstance(note_id, Refusal):
        case = await _case(work, case_id)
        await private_desk.tell_colleagues(work, case, by=by, content=content, origin=origin, key="private.line.note")
        once = f"note:{case_id}:{content.media_group_id}" if content.media_group_id else None
        await desk.notice_case(work, case, "desk.note_kept", reply_to=note_id, dedupe_key=once)
    return note_id


async def ask_for_note(
    work: Work, *, case_id: int, by: StaffMember, group_id: int | None, language: str | None = None
) -> Refusal | None:
    """Ask a member of staff to write a note as an answer to the question, so that it cannot go astray."""
    case = await access_case(work, case_id=case_id, by=by)
    if isinstance(case, Refusal):
        return case
    await prompts.ask(
        work,
        case,
        "desk.note_prompt",
        by=by,
        verb="note",
        group_id=group_id,
        language=language,
        purpose=Purpose.NOTE_PROMPT,
    )
    return None


async def hold_words(
    work: Work,
    *,
    case_id: int,
    by: StaffMember,
    content: Content,
    origin: Origin,
    key: str = "desk.held",
    **values: Any,
) -> int | Refusal:
    """Keep words back that look as if they were not meant for the customer, and ask; returns the interaction.

    ``key`` is the text that says why. An album is asked about once; parts that were already on their way are stopped.
    """
    marked = replace(content, extra={**content.extra, HELD: True})
    held_id = await add_note(work, case_id=case_id, by=by, content=marked, origin=origin)
    if isinstance(held_id, Refusal):
        return held_id
    case = await _case(work, case_id)
    once = None
    if content.media_group_id:
        once = f"held:{case_id}:{content.media_group_id}"
        if case.contact_point_id is not None:
            album = desk.album_key(to_contact(case.contact_point_id), content.media_group_id)
            await drop_queued(work.tx, album, now=work.now, error="held back")
    buttons = await _decide_buttons(work, case, held_id)
    await desk.notice_case(work, case, key, buttons=buttons, reply_to=held_id, dedupe_key=once, **values)
    return held_id


async def _decide_buttons(work: Work, case: Case, held_id: int) -> Rows:
    language = await cards.language_of_case(work, case)
    return (
        (
            Button(work.texts.button("desk.button.send", language), data=f"k:send:{held_id}"),
            Button(work.texts.button("desk.button.keep", language), data=f"k:keep:{held_id}"),
        ),
    )


def is_held(said: Interaction) -> bool:
    """Return whether these words were held back until someone decided about them."""
    return bool(said.content.extra.get(HELD))


async def _open_held(work: Work, *, held_id: int, by: StaffMember) -> Interaction | Refusal:
    """Return words held back, still undecided, that this person may decide about."""
    held = await get_interaction(work.tx, held_id)
    if held is None or held.case_id is None or not is_held(held):
        return Refusal("desk.refused.nothing_held")
    case = await access_case(work, case_id=held.case_id, by=by)  # locks the case, so that one of two taps wins
    if isinstance(case, Refusal):
        return case
    decided = {row.action for row in await list_of_subject(work.tx, "words", held_id)}
    if "words.send" in decided:
        return Refusal("desk.refused.sent_already")
    if "words.keep" in decided:
        return Refusal("desk.refused.kept_already")
    return held


async def send_held(
    work: Work, *, held_id: int, by: StaffMember, update_id: int | None, replacing: int | None
) -> Refusal | None:
    """Send words that were held back, as they read now, after all; an album goes in one piece."""
    held = await _open_held(work, held_id=held_id, by=by)
    if isinstance(held, Refusal):
        return held
    assert held.case_id is not None
    for nth, said in enumerate(await _album_of(work, held)):
        content = replace(said.content, extra={k: v for k, v in said.content.extra.items() if k != HELD})
        origin = Origin(said.chat_id, said.message_id, update_id if nth == 0 else None)
        sent = await answer_case(work, case_id=held.case_id, by=by, content=content, origin=origin)
        if isinstance(sent, Refusal):
            return sent
    await _decide(work, held, by=by, action="words.send", key="desk.held_sent", replacing=replacing)
    return None


async def keep_held(work: Work, *, held_id: int, by: StaffMember, replacing: int | None) -> Refusal | None:
    """Keep words that were held back as a note."""
    held = await _open_held(work, held_id=held_id, by=by)
    if isinstance(held, Refusal):
        return held
    await _decide(work, held, by=by, action="words.keep", key="desk.held_kept", replacing=replacing)
    return None


async def _album_of(work: Work, held: Interaction) -> list[Interaction]:
    """Return the newest version of the held words, and of every part of their album."""
    assert held.case_id is not None
    newest: dict[int | None, Interaction] = {}
    for said in [held, *await list_of_case(work.tx, held.case_id)]:
        same_album = held.content.media_group_id and said.content.media_group_id == held.content.media_group_id
        if said.chat_id == held.chat_id and (same_album or said.message_id == held.message_id):
            newest[said.message_id] = said
    return list(newest.values())


async def _decide(
    work: Work, held: Interaction, *, by: StaffMember, action: str, key: str, replacing: int | None
) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=actor_of(by),
        action=action,
        subject=("words", held.id),
        customer_id=held.customer_id,
    )
    assert held.case_id is not None
    case = await _case(work, held.case_id)
    await desk.notice_case(work, case, key, reply_to=held.id, replacing=replacing, name=by.name)


async def _case(work: Work, case_id: int) -> Case:
    case = await case_rows.get_case(work.tx, case_id)
    assert case is not None
    return case
