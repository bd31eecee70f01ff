"""Where a customer stands in a conversation: begun, moved on, fed with what is said, and left."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from domain.dialogues import Dialogue, DialogueName
from domain.instants import from_ms, to_ms
from services.cases import BURST_GAP
from services.work import Person, Work

PATIENCE = timedelta(minutes=10)
"""How long a conversation that has nothing to lose waits for its next word."""
MOST_SAID = 200
"""So many messages are gathered before they become a case by themselves."""


def begin(
    work: Work,
    person: Person,
    name: DialogueName,
    step: str,
    *,
    key: int | None,
    waits: timedelta | None = None,
    **data: Any,
) -> Dialogue:
    """Begin a conversation; ``key`` marks its buttons, so that those of an earlier one are told apart."""
    dialogue = Dialogue(
        contact_point_id=person.contact.id,
        name=name,
        step=step,
        updated_at=work.now,
        data={"key": key or 0, **data},
        due_at=work.now + waits if waits else None,
    )
    person.enter(work, dialogue)
    return dialogue


def move(
    work: Work, person: Person, *, step: str | None = None, waits: timedelta | None = None, **data: Any
) -> Dialogue:
    """Go on in the running conversation; a ``waits`` puts off the moment at which it ends by itself."""
    running = person.dialogue
    assert running is not None
    dialogue = replace(
        running,
        step=step or running.step,
        updated_at=work.now,
        data={**running.data, **data},
        due_at=work.now + waits if waits else running.due_at,
    )
    person.enter(work, dialogue)
    return dialogue


def said_in(dialogue: Dialogue | None) -> list[int]:
    """Return the interactions gathered so far, in order."""
    return list(dialogue.data.get("said", [])) if dialogue else []


def gather(work: Work, person: Person, interaction_id: int, *, waits: timedelta) -> bool:
    """Add what was said to the running conversation; returns whether it starts a burst, which is answered once."""
    running = person.dialogue
    assert running is not None
    heard = running.data.get("heard")
    move(
        work,
        person,
        waits=waits,
        said=[*said_in(running), interaction_id],
        heard=to_ms(work.now),
    )
    return heard is None or work.now - from_ms(heard) > BURST_GAP


def is_full(person: Person) -> bool:
    """Return whether the running conversation has gathered all it may."""
    return len(said_in(person.dialogue)) >= MOST_SAID
