"""Feedback: kept at its first tap, added to while the conversation lasts, then shown to staff once."""

from domain.cases import Aspect, Case, CaseKind
from domain.dialogues import DialogueName
from domain.interactions import Content
from domain.loyalty import Occasion
from domain.outcomes import Refusal
from domain.outgoing import Outgoing, Purpose, to_staff_group
from services import cards, desk
from services.cases import open_case
from services.dialogues import PATIENCE, begin, gather, move
from services.earning import reward_occasion
from services.gathered import in_words, shortened
from services.work import Person, Work
from storage import feedback as rows
from storage.audit import add_audit
from storage.interactions import list_by_ids
from storage.staff import get_first_group

LOW_STARS = 2
"""Up to so many stars a person is offered to look into it."""
MOST_STARS = 5
KINDS = ("suggestion", "praise")
_MOST_LETTERS = 20_000
_SHOWN_LETTERS = 3000


async def begin_feedback(
    work: Work, person: Person, *, kind: str, stars: int | None = None, interaction_ids: list[int] | None = None
) -> int:
    """Keep a new piece of feedback at once, so that whatever follows only adds to it; returns its id."""
    feedback_id = await rows.insert_feedback(
        work.tx, customer_id=person.customer.id, kind=kind, stars=stars, now=work.now
    )
    for interaction_id in interaction_ids or ():
        await rows.add_words(work.tx, feedback_id=feedback_id, interaction_id=interaction_id)
    begin(
        work,
        person,
        DialogueName.FEEDBACK,
        "aspect" if kind == "rating" else "words",
        key=feedback_id,
        waits=work.rules.gather_for,
        said=list(interaction_ids or ()),
    )
    add_audit(
        work.tx,
        at=work.now,
        actor=person.actor,
        action="customer.feedback",
        subject=("feedback", feedback_id),
        customer_id=person.customer.id,
        after={"kind": kind, "stars": stars},
    )
    return feedback_id


async def choose_aspect(work: Work, person: Person, *, feedback_id: int, aspect: Aspect | None) -> rows.FeedbackRow:
    """Keep what the rating is about, if the person says it, and wait for words."""
    if aspect is not None:
        await rows.change_feedback(work.tx, feedback_id, aspect=aspect.value)
    if is_about(person, feedback_id):
        move(work, person, step="words", waits=work.rules.gather_for)
    found = await rows.get_feedback(work.tx, feedback_id)
    assert found is not None
    return found


async def add_to_feedback(work: Work, person: Person, *, feedback_id: int, interaction_id: int) -> bool:
    """Add what was said to the feedback; returns whether it starts a burst, which is answered once."""
    await rows.add_words(work.tx, feedback_id=feedback_id, interaction_id=interaction_id)
    return gather(work, person, interaction_id, waits=work.rules.gather_for)


async def own_feedback(work: Work, person: Person, feedback_id: int) -> rows.FeedbackRow | Refusal:
    """Return the feedback if it is this person's own; another's is as unknown as one that never was."""
    found = await rows.get_feedback(work.tx, feedback_id)
    return found if found is not None and found.customer_id == person.customer.id else Refusal("tap.stale")


def is_about(person: Person, feedback_id: int) -> bool:
    """Return whether the running conversation is about this feedback."""
    dialogue = person.dialogue
    return (
        dialogue is not None
        and dialogue.name is DialogueName.FEEDBACK
        and dialogue.step != "stars"
        and dialogue.data.get("key") == feedback_id
    )


async def finish(work: Work, person: Person) -> None:
    """End the running feedback conversation: its words are kept with it, and staff are shown it once."""
    dialogue = person.dialogue
    person.leave(work)
    feedback_id = dialogue.data["key"] if dialogue and dialogue.step != "stars" else 0
    found = await own_feedback(work, person, feedback_id)
    if isinstance(found, Refusal) or found.finished_at is not None:
        return
    text, said = await _words(work, feedback_id), await rows.list_words(work.tx, feedback_id)
    await rows.change_feedback(work.tx, feedback_id, text=text, finished_at=work.now)
    if found.stars or said:
        on = work.now.astimezone(work.rules.zone).date()
        await reward_occasion(work, person.customer.id, Occasion.FEEDBACK, ref=on.isoformat(), by=person.actor)
    if found.case_id is None and (found.stars or said):
        await _show_staff(work, person, found, text)


async def _words(work: Work, feedback_id: int) -> str:
    said = await list_by_ids(work.tx, await rows.list_words(work.tx, feedback_id))
    return in_words(said, between="\n", limit=_MOST_LETTERS)


async def _show_staff(work: Work, person: Person, found: rows.FeedbackRow, text: str) -> None:
    group = await get_first_group(work.tx, bot_id=work.bot_id)
    if group is None:
        return
    language = cards.desk_language(work, group)
    await desk.notice_staff(
        work,
        f"desk.feedback.{found.kind}",
        customer_id=person.customer.id,
        dedupe_key=f"feedback:{found.id}",
        name=person.customer.name,
        stars=stars_in_signs(found.stars) or "–",
        aspect=work.texts.button(f"aspect.{found.aspect}", language) if found.aspect else "–",
        words=shortened(text, _SHOWN_LETTERS) or "–",
    )
    for said in await list_by_ids(work.tx, await rows.list_words(work.tx, found.id)):
        if said.content.media is not None:
            await desk.queue_words(work, _to_group(group.id, said.id, person.customer.id, said.content))


def _to_group(group_id: int, interaction_id: int, customer_id: int, content: Content) -> Outgoing:
    return Outgoing(
        purpose=Purpose.CUSTOMER_WORDS,
        target=to_staff_group(group_id),
        content=content,
        customer_id=customer_id,
        interaction_id=interaction_id,
    )


def stars_in_signs(stars: int | None) -> str:
    """Return a rating as people see it: full and empty stars."""
    return "★" * stars + "☆" * (MOST_STARS - stars) if stars else ""


async def open_case_of(work: Work, person: Person, found: rows.FeedbackRow) -> Case:
    """Open a case from a rating and what was said with it, even long after, and end the conversation."""
    ids = await rows.list_words(work.tx, found.id)
    text = await _words(work, found.id)
    case = await open_case(
        work,
        person,
        kind=CaseKind.COMPLAINT,
        interaction_ids=ids,
        aspect=Aspect(found.aspect) if found.aspect else None,
        summary=" ".join(part for part in (stars_in_signs(found.stars), text) if part),
    )
    await rows.change_feedback(work.tx, found.id, case_id=case.id)
    if is_about(person, found.id):
        await finish(work, person)
    return case


def begin_stars(work: Work, person: Person, *, key: int | None) -> None:
    """Wait for stars; without any the conversation ends by itself."""
    begin(work, person, DialogueName.FEEDBACK, "stars", key=key, waits=PATIENCE)
