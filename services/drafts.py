"""Words on their way to a case: opened by a tap or, when no tap comes, by themselves; nothing waits for ever."""

from collections.abc import Sequence
from datetime import datetime

from domain.cases import Aspect, Case, CaseKind
from domain.dialogues import Dialogue, DialogueName
from domain.people import SYSTEM, Actor
from services import feedback
from services.cases import hear_words, open_case
from services.dialogues import said_in
from services.gathered import in_words
from services.speech import say
from services.work import Person, Work, person_of_contact
from storage.cases import get_case
from storage.confidential import assign_since
from storage.interactions import list_by_ids
from storage.people import list_due_dialogues

_OPENS = frozenset({DialogueName.DRAFT, DialogueName.COMPLAINT})


async def open_gathered(work: Work, person: Person, *, by: Actor | None = None) -> Case:
    """Open a case from everything the running conversation has gathered, and end the conversation."""
    dialogue = person.dialogue
    assert dialogue is not None
    data, ids = dialogue.data, said_in(dialogue)
    person.leave(work)
    confidential = data.get("about") is not None
    case = await open_case(
        work,
        person,
        kind=CaseKind.COMPLAINT if dialogue.name is DialogueName.COMPLAINT else CaseKind.QUESTION,
        interaction_ids=ids,
        aspect=Aspect(data["aspect"]) if data.get("aspect") else None,
        order_ref=data.get("order"),
        summary=in_words(await list_by_ids(work.tx, ids)),
        by=by,
        told_closed=dialogue.name is DialogueName.DRAFT and dialogue.step == "ask",
        confidential=confidential,
        about_id=data.get("about") or None,
    )
    if confidential and data.get("key"):  # our own questions quote the words, and so belong to the case too
        await assign_since(work.tx, customer_id=case.customer_id, first_id=data["key"], case_id=case.id)
    return case


async def put_in_case(work: Work, person: Person, case: Case) -> Case:
    """Pass everything gathered on to a case the person already has, and end the conversation."""
    ids = said_in(person.dialogue)
    person.leave(work)
    for said in await list_by_ids(work.tx, ids):
        await hear_words(work, person, case=case, interaction_id=said.id, content=said.content, acknowledge=False)
        case = await get_case(work.tx, case.id) or case
    return case


def spoken_last(cases: Sequence[Case]) -> Case | None:
    """Return the case in which somebody spoke last."""

    def last(case: Case) -> tuple[datetime, int]:
        spoke = (case.opened_at, case.last_customer_at, case.last_staff_at, case.resolved_at)
        return max(at for at in spoke if at), case.id

    return max(cases, key=last, default=None)


async def settle(work: Work, person: Person, *, by: Actor | None = None) -> None:
    """End whatever conversation runs without losing what was said in it."""
    dialogue = person.dialogue
    if dialogue is None:
        return
    if dialogue.name is DialogueName.FEEDBACK:
        await feedback.finish(work, person)
    elif dialogue.name in _OPENS and said_in(dialogue):
        await _open_or_put(work, person, dialogue, by=by)
    else:
        person.leave(work)


async def _open_or_put(work: Work, person: Person, dialogue: Dialogue, *, by: Actor | None) -> None:
    """Words that may belong to one of several cases go where somebody spoke last; all others open a case."""
    case = spoken_last(await person.cases(work)) if dialogue.step == "which" else None
    if case is None:
        await open_gathered(work, person, by=by)
        return
    case = await put_in_case(work, person, case)
    await say(work, person, "which.by_itself", case_id=case.id, number=case.public_number)


def _is_due(work: Work, person: Person) -> bool:
    """Return whether the conversation is still the one that was due, now that nobody else can change it."""
    return person.dialogue is not None and person.dialogue.due_at is not None and person.dialogue.due_at <= work.now


async def open_due(work: Work, *, limit: int = 100) -> int:
    """End the conversations whose time has come, as :func:`settle` does; returns how many."""
    found = await list_due_dialogues(work.tx, bot_id=work.bot_id, now=work.now, limit=limit)
    for known in found:
        person = await person_of_contact(work, known.contact.id)
        if person is not None and _is_due(work, person):
            await settle(work, person, by=SYSTEM)
    return len(found)
