"""A staff group to tell stories in: customers with cases, members of staff who write, tap and correct."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from domain.cases import Case, CaseKind
from domain.interactions import Content, Kind
from domain.outgoing import Action, TargetKind
from domain.people import Role
from domain.rules import Rules
from services.cases import open_case
from services.customers import meet
from services.speech import record_heard
from services.work import person_of_contact
from storage.cases import get_case, set_topic
from storage.database import Database
from storage.interactions import Origin
from storage.people import load_contacts
from tests.handlers.harness import Json, Said, Town

GROUP = -1001
ANN, BEN, SUE, MIA, CY = 11, 22, 33, 44, 55
ANONYMOUS_ADMIN = 1087968824


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of one deed: said to the customer, said to staff, marked with a sign."""

    customer: list[Said]
    staff: list[Said]
    marks: list[Said]

    @property
    def told_customer(self) -> list[str]:
        """The words queued for the customer."""
        return [said.text for said in self.customer]

    @property
    def told_staff(self) -> str:
        """All words queued for staff but the card, one after the other."""
        return "\n".join(said.text for said in self.staff if said.target[0] is not TargetKind.CARD)


def sorted_out(said: list[Said]) -> Heard:
    """Part what was queued by who will read it."""
    return Heard(
        [s for s in said if s.target[0] is TargetKind.CONTACT],
        [s for s in said if s.target[0] is not TargetKind.CONTACT and s.action is not Action.REACT],
        [s for s in said if s.action is Action.REACT],
    )


class SlowTown(Town):
    """A town in which sending can be made to wait."""

    def __init__(self, db: Database, rules: Rules | None = None) -> None:
        super().__init__(db, rules)
        self._holds = False

    @contextmanager
    def holding_back(self) -> Iterator[None]:
        """Let everything queued wait."""
        self._holds = True
        yield
        self._holds = False

    async def deliver(self) -> list[Said]:
        """Deliver, unless sending waits."""
        return [] if self._holds else await super().deliver()


class Desk:
    """The staff side of a town."""

    def __init__(self, town: SlowTown) -> None:
        self.town = town
        self.group_id = 0
        self.forum = True
        self._next_thread = 900

    async def opens(self, *, forum: bool = True, language: str | None = None) -> "Desk":
        """Seed the group with Ben the agent, Sue the supervisor and Mia the marketer."""
        self.forum = forum
        self.group_id = await self.town.opens_desk(GROUP, forum=forum, language=language)
        await self.town.hires(BEN, "Ben", Role.AGENT)
        await self.town.hires(SUE, "Sue", Role.SUPERVISOR)
        await self.town.hires(MIA, "Mia", Role.MARKETER)
        return self

    async def case_of(self, user_id: int = ANN, name: str = "Ann", words: str = "The zip is torn") -> "CaseView":
        """Let a customer complain; returns how staff see the case."""
        async with self.town.work() as work:
            known = (await load_contacts(work.tx, bot_id=work.bot_id, chat_ids=[user_id])).get(user_id)
            person = await person_of_contact(work, known.contact.id) if known else None
            if person is None:
                person = await meet(work, chat_id=user_id, name=name, username=None, language_code="en")
            said = await record_heard(
                work,
                author=person.actor,
                content=Content(Kind.TEXT, words),
                origin=Origin(user_id, self.town.next_message_id()),
                customer_id=person.customer.id,
            )
            case = await open_case(work, person, kind=CaseKind.COMPLAINT, interaction_ids=[said])
        queued = await self.town.deliver()
        thread_id = self._next_thread if self.forum else None
        self._next_thread += 1
        card = next(s.message_id for s in queued if s.target[0] is TargetKind.CARD)
        relayed = next(s.message_id for s in queued if s.target[0] is TargetKind.CASE)
        await self._show(case.id, thread_id, card)
        return CaseView(self, case.id, thread_id, card, relayed, said)

    async def _show(self, case_id: int, thread_id: int | None, card: int) -> None:
        async with self.town.work() as work:
            await set_topic(
                work.tx,
                case_id=case_id,
                staff_group_id=self.group_id,
                thread_id=thread_id,
                card_message_id=card,
            )

    def user(self, user_id: int) -> Json:
        """Return a raw user."""
        names = {BEN: "Ben", SUE: "Sue", MIA: "Mia", CY: "Cy", ANONYMOUS_ADMIN: "Group"}
        return {"id": user_id, "is_bot": user_id == ANONYMOUS_ADMIN, "first_name": names[user_id]}

    def chat(self) -> Json:
        """Return the raw group."""
        return {"id": GROUP, "type": "supergroup", "title": "Desk", "is_forum": self.forum}

    def message(self, user_id: int, *, thread_id: int | None = None, reply_to: int | None = None, **parts: Any) -> Json:
        """Return a raw message in the group with a fresh id."""
        raw: Json = {
            "message_id": self.town.next_message_id(),
            "date": int(self.town.now.timestamp()),
            "chat": self.chat(),
            "from": self.user(user_id),
            **parts,
        }
        if thread_id is not None:
            raw |= {"message_thread_id": thread_id, "is_topic_message": True}
        answered = reply_to or thread_id
        if answered is not None:
            raw["reply_to_message"] = {"message_id": answered, "date": 1, "chat": self.chat()}
        return raw

    async def writes(self, user_id: int, text: str = "", **where: Any) -> Heard:
        """Let somebody write words, or send a message of other ``parts``."""
        parts: Json = {"text": text} if text else {}
        if text.startswith("/") and len(text) > 1 and text[1].isascii() and text[1].isalpha():
            parts["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
        return sorted_out(await self.town.update(message=self.message(user_id, **{**parts, **where})))

    async def taps(self, user_id: int, data: str, message_id: int = 1) -> Heard:
        """Let somebody press a button in the group."""
        message = {"message_id": message_id, "date": 1, "chat": self.chat(), "text": "…"}
        query = {"id": "q", "from": self.user(user_id), "chat_instance": "1", "data": data, "message": message}
        return sorted_out(await self.town.update(callback_query=query))

    @property
    def popup(self) -> str:
        """The pop-up that answered the last tap."""
        return self.town.answers[-1].text


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as it stands in the staff group."""

    desk: Desk
    id: int
    thread_id: int | None
    card: int
    relayed: int
    first_words: int

    async def writes(self, user_id: int, text: str = "", **parts: Any) -> Heard:
        """Let somebody write in the topic of the case."""
        return await self.desk.writes(user_id, text, **{"thread_id": self.thread_id, **parts})

    async def writes_at_once(self, user_id: int, *messages: Json) -> Heard:
        """Let somebody send several messages before any of them is passed on."""
        with self.desk.town.holding_back():
            for parts in messages:
                await self.writes(user_id, **parts)
        return sorted_out(await self.desk.town.deliver())

    async def edits(self, user_id: int, message_id: int, text: str, **parts: Any) -> Heard:
        """Let somebody change what they wrote in the topic."""
        raw = self.desk.message(user_id, thread_id=self.thread_id, text=text, **parts)
        raw |= {"message_id": message_id, "edit_date": int(self.desk.town.now.timestamp())}
        return sorted_out(await self.desk.town.update(edited_message=raw))

    async def now(self) -> Case:
        """Return the case as it is stored."""
        async with self.desk.town.db.read() as tx:
            case = await get_case(tx, self.id)
        assert case is not None
        return case

    async def record(self, **where: Any) -> list[Any]:
        """Return the interactions of the case."""
        return await self.desk.town.rows("interactions", case_id=self.id, **where)

    async def last_said(self) -> Any:
        """Return the newest interaction a member of staff wrote."""
        return (await self.record(author_kind="staff"))[-1]


__all__ = ["ANN", "ANONYMOUS_ADMIN", "BEN", "CY", "GROUP", "MIA", "SUE", "CaseView", "Desk", "Heard"]
