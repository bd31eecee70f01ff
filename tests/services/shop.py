"""A shop's day at hand: its moments, its people, and what they say."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

from domain.interactions import Content, Kind
from domain.people import Actor, ActorKind
from services.customers import meet
from services.speech import record_heard
from services.work import Person, Work
from storage.interactions import Origin

BOT = 42
MORNING = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ANN_CHAT, BOB_CHAT = 1001, 1002

Working = Callable[..., AbstractAsyncContextManager[Work]]


async def arrive(work: Work, *, chat_id: int, name: str) -> Person:
    """Return a person who says hello for the first time."""
    return await meet(work, chat_id=chat_id, name=name, username=f"{name.lower()}_t", language_code="en")


async def hear(work: Work, person: Person, text: str, *, message_id: int, case_id: int | None = None) -> int:
    """Record words of a person; returns the interaction."""
    return await record_heard(
        work,
        author=Actor(ActorKind.CUSTOMER, person.customer.id),
        content=Content(Kind.TEXT, text),
        origin=Origin(person.contact.chat_id, message_id, update_id=message_id + person.contact.chat_id * 1000),
        customer_id=person.customer.id,
        case_id=case_id,
    )
