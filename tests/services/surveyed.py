"""Surveys that were asked and answered, put into the tables as they are kept, to be counted by hand."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from services.surveys.book import add_survey
from services.surveys.document import read_toml
from services.work import Person, Work
from storage.tables import deliveries, survey_answers, survey_responses
from tests.services.shop import MORNING, arrive

DAY = timedelta(days=1)
OCTOBER = MORNING - 30 * DAY
SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = Rules(zone=SHANGHAI)


def words(text: str) -> str:
    """Return the text of a question, alike in every language."""
    return f'text = {{ en = "{text}", zh_CN = "{text}", zh_TW = "{text}" }}'


TITLE = 'title = { en = "Check", zh_CN = "Check", zh_TW = "Check" }'
_OPTION = '[[questions.options]]\nkey = "{0}"\nlabel = {{ en = "{0}", zh_CN = "{0}", zh_TW = "{0}" }}\n'
CHECK = f"""
key = "check"
{TITLE}
[[questions]]
key = "nps"
kind = "nps"
{words("Would you recommend us?")}
[[questions.jumps]]
to = "words"
at_least = 9
[[questions]]
key = "why"
kind = "multi_choice"
{words("Why not?")}
{_OPTION.format("price")}{_OPTION.format("quality")}
[[questions]]
key = "words"
kind = "text"
{words("In your words?")}
"""


async def keep(work: Work, toml: str) -> None:
    """Keep a survey, or its next version."""
    added = await add_survey(work, read_toml(toml, name="test.toml"), by=SYSTEM)
    assert not isinstance(added, Refusal), added


@dataclass
class Asked:
    """One person's run: what they answered by question (``None``: skipped), and how it stands."""

    answers: dict[str, Any]
    state: str = "finished"
    at: datetime = MORNING
    version: int = 1
    survey: str = "check"
    columns: dict[str, Any] | None = None
    delivery: str | None = None


class Answered:
    """Responses put into the tables as they are kept."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.count = 0

    async def asks(self, person: Person, asked: Asked) -> int:
        """Keep a response with its answers; returns its id."""
        self.count += 1
        occasion = f"hand-{id(self)}:{self.count}"[-32:]
        tx, given = self.work.tx, [value for value in asked.answers.values() if value is not None]
        await tx.flush()
        columns: dict[str, Any] = {"cause": "hand", "language": "en", "tier": "new", **(asked.columns or {})}
        if asked.delivery is not None:
            columns["delivery_id"] = await self._delivery(person, asked.delivery, occasion)
        statement = insert(survey_responses).values(
            survey=asked.survey,
            version=asked.version,
            occasion=occasion,
            customer_id=person.customer.id,
            asked_at=asked.at,
            answered_at=asked.at if given else None,
            state=asked.state,
            **columns,
        )
        response_id: int = (await tx.execute(statement.returning(survey_responses.c.id))).scalar_one()
        for question, value in asked.answers.items():
            await self.answers(response_id, question, value, at=asked.at)
        return response_id

    async def answers(self, response_id: int, question: str, value: Any, **more: Any) -> None:
        """Keep one answer."""
        columns: dict[str, Any] = {"answered_at": more.pop("at", MORNING), "kind": "text", **more}
        if value is None:
            columns["skipped"] = True
        elif isinstance(value, int):
            columns |= {"kind": "nps", "number": value}
        elif isinstance(value, list):
            columns |= {"kind": "multi_choice", "choices": value}
        else:
            columns["text"] = value
        statement = insert(survey_answers).values(response_id=response_id, question=question, **columns)
        await self.work.tx.execute(statement)

    async def _delivery(self, person: Person, state: str, occasion: str) -> int:
        at = {"due_at": MORNING, "late_after_at": MORNING, "planned_at": MORNING}
        of = {"campaign": "survey:check", "occasion": occasion, "customer_id": person.customer.id}
        made = insert(deliveries).values(**at, **of, occasion_on="2026-11-22", zone="UTC", state=state)
        return int((await self.work.tx.execute(made.returning(deliveries.c.id))).scalar_one())


async def checked(work: Work) -> Answered:
    """Ten in November, two in October; see the comments for what becomes of each."""
    await keep(work, CHECK)
    shop = Answered(work)
    ann = await arrive(work, chat_id=1, name="Ann")
    gold: dict[str, Any] = {"tier": "gold", "language": "zh_CN"}
    for asked in (
        Asked({"nps": 10, "words": "good"}, columns=gold),
        Asked({"nps": 9}, "stopped", columns=gold),  # promoters are led to the words: left there
        Asked({"nps": 8, "why": ["price", "quality"], "words": None}),
        Asked({"nps": 3}, "expired"),  # left at the reasons
        Asked({}, "expired"),  # never began
        Asked({}, "open", delivery="sent"),  # stands at the first question
        Asked({}, "open", delivery="failed"),  # counts nowhere
        Asked({}, "open", delivery="queued"),  # under way
        Asked({"nps": None}, "stopped"),  # dismissed the question: left at the reasons
        Asked({"nps": 0, "why": ["price"], "words": "dear"}, at=OCTOBER),
        Asked({"nps": 9, "words": "fine"}, at=OCTOBER, delivery="unknown", columns={"campaign": "Tea"}),
    ):
        await shop.asks(ann, asked)
    changed = await shop.asks(ann, Asked({"nps": 7, "why": ["quality"], "words": "so so"}))
    await shop.answers(changed, "nps", 2, replaced_at=MORNING)  # what was said before
    await shop.answers(changed, "old", "off the path", counts=False)
    return shop
