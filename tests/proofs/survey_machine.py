"""Anything that can be done to open surveys, in any order: what is kept is what a sheet of paper would say."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from campaigns.surveys import expire
from domain.interactions import Content, Kind, MediaRef
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from domain.surveys import Question, QuestionKind, Survey, SurveyState
from domain.surveys.answers import Answer
from services.speech import record_heard
from services.surveys import answering, book
from services.surveys.asking import ask, await_answer
from services.surveys.document import Document
from services.surveys.hearing import Heard, hear
from services.work import Person, Work, person_of_contact
from storage.database import Database
from storage.interactions import Origin
from storage.tables import survey_answers, survey_responses
from tests.proofs.survey_paths import path
from tests.services.shop import BOT, MORNING, arrive
from tests.surveys import answers_to, shape_of, surveys
from texts import Texts

_LASTS = timedelta(days=14)
_WHO = st.sampled_from(("Ann", "Ann", "Bob"))
_TAPPED = (QuestionKind.NPS, QuestionKind.CSAT, QuestionKind.CES, QuestionKind.RATING, QuestionKind.CHOICE)


@dataclass(slots=True)
class Stage:
    """Where a machine plays: a database on a loop of its own, and how much was done in all plays."""

    runner: asyncio.Runner
    database: Database
    texts: Texts
    answers: int = 0
    refused: int = 0
    plays: Any = field(default_factory=lambda: count(1))


@dataclass(slots=True)
class Sheet:
    """One guest's sheet of paper; ``given`` counts every answer ever written on it."""

    survey: Survey
    response_id: int
    contact_id: int
    answers: dict[str, Answer] = field(default_factory=dict)
    step: str | None = None
    state: str = "open"
    given: int = 0
    began: bool = False
    ticked: set[str] | None = None

    @property
    def at(self) -> Question | None:
        """The question asked now."""
        key = self.step or path(self.survey, self.answers)[1]
        return self.survey.question(key) if key else None

    def write(self, answer: Answer) -> None:
        """Write an answer down."""
        self.answers[answer.question] = answer
        self.given += 1
        self.began = self.began or not answer.skipped
        self.step, self.ticked = None, None
        if self.at is None:
            self.state = "finished"

    def ticks(self) -> set[str]:
        """Return the boxes that are ticked at the question asked now."""
        standing = self.answers.get(self.at.key) if self.at else None
        return set(standing.choices if standing else ()) if self.ticked is None else self.ticked


class SurveyMachine(RuleBasedStateMachine):
    """Two guests answer one survey, each in their own way."""

    stage: Stage

    @initialize(survey=surveys(most=6))
    def opens(self, survey: Survey) -> None:
        """Put up a survey and ask Ann and Bob."""
        self.play = next(self.stage.plays)
        self.key = f"s{self.play}"
        self.now: datetime = MORNING
        self.closed = False
        self.sheets: dict[str, Sheet] = {}
        self.does(self._puts_up, survey)
        for nth, name in enumerate(("Ann", "Bob")):
            self.sheets[name] = self.does(self._asks, survey, name, 10 * self.play + nth)

    def does(self, deed: Any, *given: Any, **named: Any) -> Any:
        """Do something in a transaction of its own."""

        async def work() -> Any:
            async with self.stage.database.write() as tx:
                return await deed(Work(tx, self.now, BOT, Rules(), self.stage.texts), *given, **named)

        return self.stage.runner.run(work())

    async def _puts_up(self, work: Work, survey: Survey) -> None:
        document = Document.model_validate({**shape_of(survey), "key": self.key})
        added = await book.add_survey(work, document, by=SYSTEM, state=SurveyState.ON)
        assert isinstance(added, book.Added), added

    async def _asks(self, work: Work, survey: Survey, name: str, chat: int) -> Sheet:
        person = await arrive(work, chat_id=chat, name=name)
        kept = await book.get_survey(work, self.key)
        assert kept is not None
        response_id = await ask(work, person, kept, occasion=f"{chat}", cause="hand", unasked=False)
        assert response_id is not None
        return Sheet(kept.survey, response_id, person.contact.id)

    def taps(self, sheet: Sheet, deed: Any, **named: Any) -> Any:
        """Let a guest do something to their survey."""

        async def work(work: Work) -> Any:
            person = await person_of_contact(work, sheet.contact_id)
            return await deed(work, person, response_id=sheet.response_id, replacing=7, **named)

        return self.does(work)

    def expects(self, sheet: Sheet, result: Any, allowed: bool = True) -> bool:
        """Check that a deed was taken or refused; returns whether it was taken."""
        open_ = sheet.state == "open" and not self.closed and self.now < MORNING + _LASTS
        assert isinstance(result, Refusal) is not (open_ and allowed), (result, open_, allowed)
        self.stage.refused += isinstance(result, Refusal)
        return open_ and allowed

    @rule(name=_WHO, data=st.data())
    def answers(self, name: str, data: st.DataObject) -> None:
        """Somebody answers what is asked."""
        sheet = self.sheets[name]
        question = sheet.at or sheet.survey.questions[-1]
        answer = data.draw(answers_to(question, dismissed=False))
        if self.expects(sheet, self._gives(sheet, question, answer)):
            sheet.write(answer)
            self.stage.answers += 1

    def _gives(self, sheet: Sheet, question: Question, answer: Answer) -> Any:
        if question.kind is QuestionKind.MULTI_CHOICE:
            ticks = sheet.ticks() if sheet.at else set()
            for option in sorted(ticks ^ set(answer.choices)):
                self.taps(sheet, answering.pick, question=question.key, option=option)
            return self.taps(sheet, answering.done, question=question.key)
        if question.kind in _TAPPED:
            value = answer.choices[0] if answer.choices else answer.number
            return self.taps(sheet, answering.answer, question=question.key, value=value)
        return self.does(self._writes, sheet, question, answer)

    async def _writes(self, work: Work, sheet: Sheet, question: Question, answer: Answer) -> Any:
        """Write what is answered by a message, as people would."""
        person = await person_of_contact(work, sheet.contact_id)
        assert person is not None
        await_answer(work, person, question, response_id=sheet.response_id)
        content = Content(Kind.TEXT, _in_words(question, answer))
        if question.kind is QuestionKind.PHOTO:
            content = Content(Kind.PHOTO, media=MediaRef("f", "u", 10, "image/jpeg", "p.jpg"))
        said = await self._said(work, person, content)
        heard = await hear(work, person, interaction_id=said, content=content)
        return heard if heard is Heard.ANSWERED else Refusal(heard.value)

    async def _said(self, work: Work, person: Person, content: Content) -> int:
        return await record_heard(
            work,
            author=person.actor,
            content=Content(Kind.TEXT, content.text),
            origin=Origin(chat_id=person.contact.chat_id),
            customer_id=person.customer.id,
        )

    @rule(name=_WHO, data=st.data())
    def answers_again(self, name: str, data: st.DataObject) -> None:
        """Somebody answers one question and the next."""
        self.answers(name=name, data=data)
        self.answers(name=name, data=data)

    @rule(name=_WHO, data=st.data())
    def thinks_better_of_it(self, name: str, data: st.DataObject) -> None:
        """Somebody answers, goes back and answers otherwise."""
        self.answers(name=name, data=data)
        self.goes_back(name=name)
        self.answers(name=name, data=data)

    @rule(name=_WHO, data=st.data())
    def begins_anew(self, name: str, data: st.DataObject) -> None:
        """Somebody answers some questions, goes all the way back, and answers otherwise."""
        for _ in range(3):
            self.answers(name=name, data=data)
        sheet = self.sheets[name]
        while sheet.at is not None and path(sheet.survey, sheet.answers)[0][:1] not in ([], [sheet.at.key]):
            before = sheet.at
            self.goes_back(name=name)
            if sheet.at is before:
                return
        self.answers(name=name, data=data)

    @rule(name=_WHO, data=st.data())
    def ticks_a_box(self, name: str, data: st.DataObject) -> None:
        """Somebody ticks or unticks a box, and has answered nothing yet."""
        sheet = self.sheets[name]
        if sheet.at is None or sheet.at.kind is not QuestionKind.MULTI_CHOICE:
            return
        option = data.draw(st.sampled_from([one.key for one in sheet.at.options]))
        if self.expects(sheet, self.taps(sheet, answering.pick, question=sheet.at.key, option=option)):
            sheet.ticked = sheet.ticks() ^ {option}

    @rule(name=_WHO)
    def skips(self, name: str) -> None:
        """Somebody leaves a question out, if they may."""
        sheet = self.sheets[name]
        question = sheet.at or sheet.survey.questions[-1]
        result = self.taps(sheet, answering.skip, question=question.key)
        if self.expects(sheet, result, not question.required):
            sheet.write(Answer(question.key, question.kind, self.now, skipped=True))

    @rule(name=_WHO)
    def goes_back(self, name: str) -> None:
        """Somebody goes one question back."""
        sheet = self.sheets[name]
        question = sheet.at or sheet.survey.questions[-1]
        passed, _ = path(sheet.survey, sheet.answers)
        before = passed[: passed.index(question.key)] if question.key in passed else passed
        result = self.taps(sheet, answering.back, question=question.key)
        if self.expects(sheet, result, bool(before)):
            sheet.step, sheet.ticked = before[-1], None

    @rule(name=_WHO, data=st.data())
    def taps_an_old_button(self, name: str, data: st.DataObject) -> None:
        """Buttons of a question that is not asked now change nothing."""
        sheet = self.sheets[name]
        others = [one for one in sheet.survey.questions if sheet.at is None or one.key != sheet.at.key]
        if not others:
            return
        question = data.draw(st.sampled_from(others))
        deed = data.draw(st.sampled_from([answering.skip, answering.back, answering.done]))
        self.expects(sheet, self.taps(sheet, deed, question=question.key), allowed=False)
        value = data.draw(st.integers(0, 5))
        self.expects(sheet, self.taps(sheet, answering.answer, question=question.key, value=value), allowed=False)

    @rule(name=_WHO)
    def taps_what_is_not_there(self, name: str) -> None:
        """Values a question does not have are refused."""
        sheet = self.sheets[name]
        question = sheet.at or sheet.survey.questions[0]
        for value in (-1, 99, "nothing", None, True):
            result = self.taps(sheet, answering.answer, question=question.key, value=value)
            self.expects(sheet, result, allowed=False)

    @rule(data=st.data())
    def taps_for_another(self, data: st.DataObject) -> None:
        """Bob cannot answer for Ann."""
        ann, bob = self.sheets["Ann"], self.sheets["Bob"]
        question = ann.at or ann.survey.questions[0]
        deed = data.draw(st.sampled_from([answering.skip, answering.back, answering.stop]))
        named = {} if deed is answering.stop else {"question": question.key}
        other = Sheet(ann.survey, ann.response_id, bob.contact_id)
        assert isinstance(self.taps(other, deed, **named), Refusal)

    @rule(name=_WHO, chance=st.integers(0, 3))
    def stops(self, name: str, chance: int) -> None:
        """Somebody has had enough; what was answered stays."""
        sheet = self.sheets[name]
        if chance == 3 and self.expects(sheet, self.taps(sheet, answering.stop)):
            sheet.state, sheet.step = "stopped", None

    @rule(survey=surveys(most=3), chance=st.integers(0, 2))
    def writes_it_anew(self, survey: Survey, chance: int) -> None:
        """The shop writes its survey anew: who has begun goes on with the one they were asked."""
        if chance == 2:
            self.does(self._puts_up, survey)
            self.closed = False

    @rule(chance=st.integers(0, 5))
    def closes_and_opens(self, chance: int) -> None:
        """The shop closes its survey, or opens it again."""
        if chance == 5 or (self.closed and chance):
            state = SurveyState.ON if self.closed else SurveyState.CLOSED
            switched = self.does(lambda work: book.switch_survey(work, self.key, state, by=SYSTEM))
            assert not isinstance(switched, Refusal)
            self.closed = not self.closed

    @rule(days=st.sampled_from([0, 0, 1, 1, 6]))
    def passes_time(self, days: int) -> None:
        """Some days later the program looks at the clock."""
        self.now += timedelta(days=days, minutes=1)
        self.does(lambda work: expire(work, limit=100))
        if self.now >= MORNING + _LASTS:
            for sheet in self.sheets.values():
                sheet.state = "expired" if sheet.state == "open" else sheet.state

    @invariant()
    def agrees(self) -> None:
        """The database says what the sheets say: nothing lost, nothing twice, only the path taken counts."""
        for sheet in getattr(self, "sheets", {}).values():
            response, answers = self.does(self._kept, sheet)
            standing = [row for row in answers if row.replaced_at is None]
            assert len(answers) == sheet.given
            assert len({row.question for row in standing}) == len(standing)
            assert {row.question: _said(row) for row in standing} == {
                key: _meant(answer) for key, answer in sheet.answers.items()
            }
            passed, _ = path(sheet.survey, sheet.answers)
            assert {row.question for row in standing if row.counts} == set(passed)
            assert not any(row.counts for row in answers if row.replaced_at is not None)
            assert response.state == sheet.state
            assert (response.answered_at is not None) == sheet.began
            assert (response.ended_at is not None) == (sheet.state != "open")
            scored = sheet.answers.get(sheet.survey.score_by or "") if sheet.survey.score_by in passed else None
            assert response.score == (scored.number if scored else None)

    async def _kept(self, work: Work, sheet: Sheet) -> tuple[Any, list[Any]]:
        response = await work.tx.execute(select(survey_responses).where(survey_responses.c.id == sheet.response_id))
        answers = await work.tx.execute(select(survey_answers).where(survey_answers.c.response_id == sheet.response_id))
        return response.one(), list(answers.all())


def _in_words(question: Question, answer: Answer) -> str:
    if answer.on is not None:
        return answer.on.isoformat()
    if answer.number is None:
        return answer.text
    if not question.decimals:
        return str(answer.number)
    whole, part = divmod(abs(answer.number), 10**question.decimals)
    return f"{'-' if answer.number < 0 else ''}{whole}.{part:0{question.decimals}}"


def _meant(answer: Answer) -> tuple[Any, ...]:
    words = "" if answer.kind is QuestionKind.PHOTO else answer.text
    return answer.skipped, answer.number, answer.choices, words, answer.on.isoformat() if answer.on else None


def _said(row: Any) -> tuple[Any, ...]:
    return row.skipped, row.number, tuple(row.choices or ()), row.text, row.on_date


def machine_on(stage: Stage) -> type[SurveyMachine]:
    """Return the machine that plays on ``stage``."""
    return type("SurveyMachineThere", (SurveyMachine,), {"stage": stage})
