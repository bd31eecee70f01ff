"""A shop that asks Ann surveys by hand, and what becomes of her answers."""

from dataclasses import replace
from typing import Any

from domain.cases import Case
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import SYSTEM, StaffMember
from domain.surveys.definition import SurveyState
from services.card_words import card_html
from services.cases import confirm_solved
from services.casework import resolve_case
from services.surveys import answering
from services.surveys.asking import ask
from services.surveys.book import Added, add_survey
from services.surveys.document import read_toml
from services.work import Person, Work, person_of_contact
from storage.cases import get_case
from storage.people import load_contacts
from storage.staff import load_staff
from tests.handlers.harness import Said
from tests.handlers.staff.desk import ANN, SUE, Desk
from texts.catalogue import plain


def _text(name: str, words: str) -> str:
    return "\n".join(f'{name}.{language} = "{words}"' for language in ("en", "zh_CN", "zh_TW"))


def document(key: str, *questions: str, more: str = "") -> str:
    """Return the document of a survey with these questions; ``more`` are further lines at its head."""
    head = f'key = "{key}"\n{more}'
    return "\n".join([head, _text("title", f"The {key} survey"), *(f"[[questions]]\n{one}" for one in questions)])


NPS = 'key = "nps"\nkind = "nps"\n' + _text("text", "Would you recommend us?")
SERVICE = 'key = "service"\nkind = "csat"\naspect = "service"\n' + _text("text", "How was our service?")
EASE = 'key = "ease"\nkind = "ces"\n' + _text("text", "How easy was it?")
FIT = 'key = "fit"\nkind = "rating"\nlow = 1\nhigh = 10\n' + _text("text", "How does it fit?")
WHY = 'key = "why"\nkind = "text"\n' + _text("text", "What is the reason?")
QUARTERLY = document("quarterly", NPS, SERVICE, WHY, more='when.every = "quarter"\n')


class Shop:
    """A desk whose customer Ann is asked surveys by hand."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.town = desk, desk.town
        self._asked = 0

    async def opens(self) -> "Shop":
        """Let Ann come in for the first time."""
        await self.town.chat(ANN, "Ann").says("/start")
        return self

    async def ann(self, work: Work, chat_id: int = ANN) -> Person:
        """Return Ann in her chat."""
        known = (await load_contacts(work.tx, bot_id=work.bot_id, chat_ids=[chat_id]))[chat_id]
        person = await person_of_contact(work, known.contact.id)
        assert person is not None
        return person

    async def member(self, work: Work, user_id: int) -> StaffMember:
        """Return a member of staff."""
        return (await load_staff(work.tx, bot_id=work.bot_id)).member(user_id)

    async def asks(self, written: str) -> int:
        """Put a survey on and ask Ann; returns the response."""
        self._asked += 1
        async with self.town.work() as work:
            added = await add_survey(work, read_toml(written, name="s.toml"), by=SYSTEM, state=SurveyState.ON)
            assert isinstance(added, Added)
            occasion = f"hand-{self._asked}:{(person := await self.ann(work)).customer.id}"
            found = await ask(work, person, added.kept, occasion=occasion, cause="hand", unasked=False)
        assert found is not None
        await self.town.deliver()
        return found

    async def answers(self, response_id: int, question: str, value: int) -> list[Said]:
        """Let Ann tap an answer; returns what she reads."""
        async with self.town.work() as work:
            done = await answering.answer(
                work, await self.ann(work), response_id=response_id, question=question, value=value, replacing=None
            )
            assert not isinstance(done, Refusal)
        return [said for said in await self.town.deliver() if said.target[0] is TargetKind.CONTACT]

    async def writes(self, words: str) -> None:
        """Let Ann write words, which the bot takes as it does any."""
        await self.town.chat(ANN, "Ann").says(words)

    async def cases(self) -> list[Case]:
        """Return all cases, oldest first."""
        ids = [row.id for row in await self.town.rows("cases")]
        async with self.town.work() as work:
            found = [await get_case(work.tx, case_id) for case_id in ids]
        return [case for case in found if case is not None]

    async def case(self) -> Case:
        """Return the one case there is."""
        [case] = await self.cases()
        return case

    async def card(self, case: Case) -> str:
        """Return the words on the card of a case."""
        async with self.town.work() as work:
            return plain(await card_html(work, case, "en"))

    async def solves(self, case: Case, by: int = SUE) -> None:
        """Let a member of staff call a case solved, and its customer agree."""
        async with self.town.work() as work:
            solved = await resolve_case(work, case_id=case.id, by=await self.member(work, by))
            assert isinstance(solved, Case)
            assert case.contact_point_id is not None
            whose = await person_of_contact(work, case.contact_point_id)
            assert whose is not None
            await confirm_solved(work, whose, case=solved)
        await self.town.deliver()

    def loops(self, **changed: Any) -> None:
        """Change the rules of what comes of low answers."""
        rules = self.town.rules
        loop = replace(rules.surveys.loop, **changed)
        self.town.rules = replace(rules, surveys=replace(rules.surveys, loop=loop))
