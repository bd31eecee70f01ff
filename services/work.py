"""What every use case works with, and whom it works for."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.cases import Case
from domain.dialogues import Dialogue
from domain.instants import zone_named
from domain.people import Actor, ActorKind, ContactPoint, Customer
from domain.rules import Rules
from storage import cases as case_rows
from storage import people as people_rows
from storage.database import Tx
from texts import Texts


@dataclass(slots=True)
class Work:
    """One transaction with its moment, its bot, the business's rules and its words."""

    tx: Tx
    now: datetime
    bot_id: int
    rules: Rules
    texts: Texts


@dataclass(slots=True)
class Person:
    """A customer in a private chat, as this transaction sees them; later changes show in the same object.

    ``case_ids`` are the cases not yet closed, oldest first; ``heard_at`` is when they last wrote in this transaction.
    """

    contact: ContactPoint
    customer: Customer
    dialogue: Dialogue | None = None
    notice_version: int | None = None
    is_new: bool = False
    case_ids: list[int] = field(default_factory=list)
    heard_at: datetime | None = None

    @property
    def language(self) -> str:
        """The language this person reads."""
        return self.customer.language

    @property
    def actor(self) -> Actor:
        """This person as the author of a change."""
        return Actor(ActorKind.CUSTOMER, self.customer.id)

    def zone(self, rules: Rules) -> ZoneInfo:
        """Return the person's zone, the business's when it is not known."""
        return zone_named(self.customer.zone, rules.zone)

    async def cases(self, work: Work) -> list[Case]:
        """Return the cases that words without another home may belong to: live, or resolved and reopenable."""
        found = [await case_rows.get_case(work.tx, case_id) for case_id in self.case_ids]
        return [case for case in found if case and case.takes_words(work.now, work.rules.reopen_within)]

    def enter(self, work: Work, dialogue: Dialogue) -> None:
        """Go to a step of a conversation; it is kept with the transaction."""
        self.dialogue = dialogue
        people_rows.save_dialogue(work.tx, dialogue)

    def leave(self, work: Work) -> None:
        """End the conversation this person is in, if any."""
        if self.dialogue is not None:
            self.dialogue = None
            people_rows.end_dialogue(work.tx, contact_point_id=self.contact.id, now=work.now)


async def person_of_contact(work: Work, contact_point_id: int) -> Person | None:
    """Return the person behind a contact point, with the cases not yet closed."""
    known = await people_rows.get_contact(work.tx, contact_point_id)
    if known is None:
        return None
    owed = await case_rows.load_owed(work.tx, [known.customer.id])
    return Person(
        known.contact, known.customer, known.dialogue, known.notice_version, case_ids=[case.id for case in owed]
    )
