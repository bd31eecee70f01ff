"""What a handler has at hand for one update."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from domain.interactions import Visibility
from domain.outcomes import Refusal
from domain.outgoing import Rows
from domain.people import NOBODY, StaffGroup, StaffMember
from handlers.reading import Heard, Tap
from services import speech
from services.work import Person, Work
from storage.staff import Staff
from texts.days import day_in_words


@dataclass(frozen=True, slots=True)
class TapAnswer:
    """The little pop-up that ends the waiting of a tapped button; given after the commit, with a deadline."""

    query_id: str
    text: str = ""
    alert: bool = False


@dataclass(slots=True)
class CareContext:
    """One update being handled: the transaction, who speaks, and what is answered once all is stored.

    ``at_desk``: a member of staff works in a private chat, where the same person may be a customer too.
    """

    work: Work
    staff: Staff
    bot_username: str
    heard: Heard | None = None
    tap: Tap | None = None
    person: Person | None = None
    group: StaffGroup | None = None
    interaction_id: int | None = None
    at_desk: bool = False
    answers: list[TapAnswer] = field(default_factory=list)

    @property
    def customer(self) -> Person:
        """The person in this private chat."""
        assert self.person is not None
        return self.person

    @property
    def said(self) -> Heard:
        """The message being handled."""
        assert self.heard is not None
        return self.heard

    @property
    def tapped(self) -> Tap:
        """The button press being handled."""
        assert self.tap is not None
        return self.tap

    @property
    def member(self) -> StaffMember:
        """The member of staff who speaks, ``NOBODY`` for a stranger or an anonymous admin."""
        speaker = (self.heard or self.tapped).speaker
        return NOBODY if speaker.anonymous else self.staff.member(speaker.user_id)

    @property
    def language(self) -> str:
        """The language of whoever is spoken to: the customer's, the staff group's, or a member's own in private."""
        if self.at_desk:
            return self.member.language or self.work.rules.languages[0]
        if self.person is not None:
            return self.person.language
        group_language = self.group.language if self.group else None
        return group_language or self.work.rules.languages[0]

    def text(self, key: str, **values: Any) -> str:
        """Return a text in the listener's language as Telegram HTML."""
        return self.work.texts.say(key, self.language, **values)

    def label(self, key: str, **values: Any) -> str:
        """Return a text in the listener's language as the plain words of a button."""
        return self.work.texts.button(key, self.language, **values)

    async def say(
        self,
        key: str,
        *,
        buttons: Rows = (),
        keyboard: tuple[tuple[str, ...], ...] = (),
        replacing: int | None = None,
        case_id: int | None = None,
        **values: Any,
    ) -> int:
        """Say one thing to the customer, recorded; returns the interaction."""
        return await speech.say(
            self.work,
            self.customer,
            key,
            buttons=buttons,
            keyboard=keyboard,
            replacing=replacing,
            case_id=case_id,
            **values,
        )

    def answer(self, key: str | None = None, *, alert: bool = False, **values: Any) -> None:
        """End the waiting of the tapped button, with a short text if a key is given; later answers win."""
        text = self.work.texts.button(key, self.language, **values)[:200] if key else ""
        self.answers[:] = [TapAnswer(self.tapped.query_id, text, alert)]

    async def refuse(self, refusal: Refusal) -> None:
        """Tell whoever asked why it was not done: a pop-up for a tap, words for a message."""
        if self.tap is not None:
            self.answer(refusal.key, alert=True, **self.told(refusal.values))
        else:
            await self.say(refusal.key, **self.told(refusal.values))

    def told(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values of a text with instants and days in the listener's words, on the listener's clock."""
        work = self.work
        zone = self.person.zone(work.rules) if self.person is not None and not self.at_desk else work.rules.zone

        def in_words(value: Any) -> Any:
            if isinstance(value, datetime):
                return work.texts.moment(value, self.language, zone=zone, now=work.now)
            if isinstance(value, date):
                return day_in_words(value, self.language, today=work.now.astimezone(zone).date())
            return value

        return {name: in_words(value) for name, value in values.items()}

    async def record(
        self, *, visibility: Visibility = Visibility.CUSTOMER, case_id: int | None = None, **fields: Any
    ) -> int:
        """Append the customer's message to the record; returns the interaction."""
        return await speech.record_heard(
            self.work,
            author=self.customer.actor,
            content=self.said.content,
            origin=self.said.origin,
            customer_id=self.customer.customer.id,
            case_id=case_id,
            visibility=visibility,
            **fields,
        )
