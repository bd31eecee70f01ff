"""Answering surveys: each answer counts once, whoever answers where and when, and what is over stays as it is."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from domain.interactions import Content, Kind, MediaRef
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.surveys import SurveyState
from services.speech import record_heard
from services.surveys import answering
from services.surveys.answering import Step
from services.surveys.asking import ask
from services.surveys.book import Added, add_survey, switch_survey
from services.surveys.document import read_toml
from services.surveys.hearing import Heard, hear
from services.work import Person, Work, person_of_contact
from storage import responses as rows
from storage.interactions import Origin
from storage.tables import outbox
from tests.services.shop import ANN_CHAT, BOB_CHAT, Working, arrive

DAY = timedelta(days=1)
WEEK = 7 * DAY
MESSAGE = 77


def _text(name: str, words: str) -> str:
    return "\n".join(f'{name}.{language} = "{words}"' for language in ("en", "zh_CN", "zh_TW"))


def _question(key: str, kind: str, *more: str) -> str:
    return "\n".join(["[[questions]]", f'key = "{key}"', f'kind = "{kind}"', _text("text", f"{key}?"), *more])


def _option(key: str) -> str:
    return f'[[questions.options]]\nkey = "{key}"\n' + _text("label", key)


def document(*questions: str, key: str = "visit") -> str:
    """Return a survey of these questions."""
    return "\n".join([f'key = "{key}"', _text("title", "Visit"), *questions])


LIKED = _question("liked", "multi_choice", _option("tea"), _option("coats"))
AGAIN = _question("again", "choice", "required = true", _option("yes"), _option("no"))
NPS = _question("nps", "nps", '[[questions.jumps]]\nto = "words"\nat_least = 9')
WHY = _question("why", "text")
WORDS = _question("words", "text")
SPENT = _question("spent", "number", "decimals = 2", "low = 0", "high = 1000")
WHEN = _question("when", "date")
TEAR = _question("tear", "photo")


class Visit:
    """Ann is asked about her visit; each deed is one transaction, as one update is."""

    def __init__(self, working: Working) -> None:
        self.working, self.later, self.id = working, timedelta(), 0
        self.messages = 0
        self.contacts: dict[int, int] = {}

    async def asked(self, *questions: str) -> "Visit":
        """Put the survey on, and ask Ann."""
        async with self.working() as work:
            text = document(*questions)
            added = await add_survey(work, read_toml(text, name="visit.toml"), by=SYSTEM, state=SurveyState.ON)
            assert isinstance(added, Added), added
            ann = await self.person(work)
            found = await ask(work, ann, added.kept, occasion="hand-1:1", cause="hand", unasked=False)
        assert found is not None
        self.id = found
        return self

    async def person(self, work: Work, chat_id: int = ANN_CHAT) -> Person:
        """Return who writes in a chat."""
        if chat_id not in self.contacts:
            person = await arrive(work, chat_id=chat_id, name="Ann" if chat_id == ANN_CHAT else "Bob")
            self.contacts[chat_id] = person.contact.id
            return person
        found = await person_of_contact(work, self.contacts[chat_id])
        assert found is not None
        return found

    async def does(self, deed: str, question: str | None = None, *, chat_id: int = ANN_CHAT, **given: Any) -> Any:
        """Do one deed of answering: ``answer``, ``pick``, ``done``, ``skip``, ``back``, ``stop`` or ``resume``."""
        if deed != "resume":
            given |= {"response_id": self.id, "replacing": MESSAGE}
        if question is not None:
            given["question"] = question
        async with self.working(later=self.later) as work:
            return await getattr(answering, deed)(work, await self.person(work, chat_id), **given)

    async def sends(self, content: Content | str) -> Heard:
        """Let Ann write or show something while she is asked."""
        said = Content(Kind.TEXT, content) if isinstance(content, str) else content
        self.messages += 1
        async with self.working(later=self.later) as work:
            ann = await self.person(work)
            interaction_id = await record_heard(
                work,
                author=ann.actor,
                content=said,
                origin=Origin(ann.contact.chat_id, self.messages, update_id=self.messages),
                customer_id=ann.customer.id,
            )
            return await hear(work, ann, interaction_id=interaction_id, content=said)

    async def response(self) -> rows.Response:
        """Return the response as it is kept."""
        async with self.working() as work:
            found = await rows.get_response(work.tx, self.id)
        assert found is not None
        return found

    async def answers(self) -> dict[str, object]:
        """Return what stands and counts, by question."""
        async with self.working() as work:
            standing = await rows.list_answers(work.tx, self.id)
            return {
                key: "skipped" if one.skipped else next((v for v in (one.number, one.choices, one.on) if v), one.text)
                for key, one in standing.items()
                if await rows.is_counted(work.tx, self.id, key)
            }


@pytest.fixture
def visit(working: Working) -> Visit:
    """Nobody has been asked yet."""
    return Visit(working)


def refused(found: object) -> str:
    """Return the key of a refusal."""
    assert isinstance(found, Refusal), found
    return found.key


@pytest.mark.parametrize("second", [("answer", {"value": 10}), ("answer", {"value": 2}), ("skip", {})])
async def test_two_devices_at_once_answer_once(visit: Visit, second: tuple[str, dict[str, Any]]) -> None:
    """Phone and tablet tap at the same moment: one answer is kept, the other is refused and changes nothing."""
    await visit.asked(NPS, WHY, WORDS)
    deed, given = second
    found = await asyncio.gather(visit.does("answer", "nps", value=10), visit.does(deed, "nps", **given))
    assert sorted(type(one).__name__ for one in found) == ["Refusal", "Step"]
    async with visit.working() as work:
        kept = await rows.list_answers(work.tx, visit.id)
    assert len(kept) == 1
    assert len(await visit.answers()) == 1


async def test_two_devices_finish_it_once(visit: Visit) -> None:
    """The last answer is tapped on both: one thanks, and the survey is finished once."""
    await visit.asked(AGAIN)
    found = await asyncio.gather(
        visit.does("answer", "again", value="yes"), visit.does("answer", "again", value="no"), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in found) == ["Refusal", "Step"]
    [over] = [one for one in found if isinstance(one, Refusal)]
    assert over.key == "survey.over.finished"
    assert (await visit.response()).state == rows.FINISHED


async def test_stopping_on_one_device_wins_or_loses_whole(visit: Visit) -> None:
    """Stop and an answer at once: either the answer counts and then it is stopped, or it is refused."""
    await visit.asked(NPS, WHY, WORDS)
    stopped, answered = await asyncio.gather(visit.does("stop"), visit.does("answer", "nps", value=3))
    assert isinstance(stopped, Step)
    assert (await visit.response()).state == rows.STOPPED
    assert await visit.answers() == ({"nps": 3} if isinstance(answered, Step) else {})


async def test_after_its_time_nothing_is_taken(visit: Visit) -> None:
    """At the moment it expires it is over, whether or not a tick has said so; what was answered counts."""
    await visit.asked(NPS, WHY, WORDS)
    await visit.does("answer", "nps", value=8)
    visit.later = 14 * DAY - timedelta(seconds=1)
    assert isinstance(await visit.does("skip", "why"), Step)
    visit.later = 14 * DAY
    for deed, question in (("skip", "words"), ("back", "words"), ("stop", None)):
        assert refused(await visit.does(deed, question)) == "survey.over.expired"
    assert refused(await visit.does("resume")) == "survey.none_open"
    assert await visit.answers() == {"nps": 8, "why": "skipped"}


async def test_a_closed_survey_takes_no_answer_and_an_off_one_does(visit: Visit) -> None:
    """Who began may finish a survey that asks nobody anew; a closed one takes nothing."""
    await visit.asked(NPS, WHY, WORDS)
    async with visit.working() as work:
        await switch_survey(work, "visit", SurveyState.OFF, by=SYSTEM)
    assert isinstance(await visit.does("answer", "nps", value=8), Step)
    async with visit.working() as work:
        await switch_survey(work, "visit", SurveyState.CLOSED, by=SYSTEM)
    assert refused(await visit.does("skip", "why")) == "survey.over.closed"
    assert refused(await visit.does("resume")) == "survey.none_open"
    assert await visit.answers() == {"nps": 8}


@pytest.mark.parametrize("value", [-1, 11, 10**30, None, "9", True])
async def test_what_no_button_has_is_refused(visit: Visit, value: object) -> None:
    """A forged number is out of range, and nothing moves."""
    await visit.asked(NPS, WHY, WORDS)
    assert refused(await visit.does("answer", "nps", value=value)) == "survey.refused.value"
    assert await visit.answers() == {}
    assert (await visit.response()).answered_at is None


async def test_nobody_answers_for_another(visit: Visit) -> None:
    """Bob's tap on Ann's question is as unknown as a question that is not there."""
    await visit.asked(NPS, WHY, WORDS)
    for deed in ("skip", "back"):
        assert await visit.does(deed, "nps", chat_id=BOB_CHAT) == answering.STALE
    assert await visit.does("stop", chat_id=BOB_CHAT) == answering.STALE
    assert (await visit.response()).state == rows.OPEN


async def test_back_and_another_path_lets_only_that_path_count(visit: Visit) -> None:
    """A 4 with its reason becomes a 9, which leads past the reason; back to 4 the reason counts again."""
    await visit.asked(NPS, WHY, WORDS)
    await visit.does("answer", "nps", value=4)
    assert await visit.sends("Too slow") is Heard.ANSWERED
    await visit.does("back", "words")
    await visit.does("back", "why")
    assert await visit.does("answer", "nps", value=9) == Step(visit.id, "words")
    assert await visit.answers() == {"nps": 9}
    assert (await visit.response()).score == 9
    await visit.does("back", "words")
    assert await visit.does("answer", "nps", value=4) == Step(visit.id, "words")
    assert await visit.answers() == {"nps": 4, "why": "Too slow"}
    assert refused(await visit.does("skip", "nps")) == "survey.elsewhere"


async def test_there_is_nothing_before_the_first_and_no_way_round_a_required_one(visit: Visit) -> None:
    """Back on the first question and skip on a required one change nothing and say why."""
    await visit.asked(AGAIN, WORDS)
    assert refused(await visit.does("back", "again")) == "survey.refused.first"
    assert refused(await visit.does("skip", "again")) == "survey.refused.required"
    assert await visit.answers() == {}


async def test_picking_is_no_answer_before_done(visit: Visit) -> None:
    """Picks are kept between taps, survive a week, and become one answer; nothing picked is refused."""
    await visit.asked(LIKED, WORDS)
    assert refused(await visit.does("done", "liked")) == "survey.refused.none_picked"
    await visit.does("pick", "liked", option="coats")
    visit.later = WEEK
    await visit.does("pick", "liked", option="tea")
    assert refused(await visit.does("pick", "liked", option="shoes")) == "survey.refused.value"
    assert await visit.answers() == {}
    assert await visit.does("done", "liked") == Step(visit.id, "words")
    assert await visit.answers() == {"liked": ("tea", "coats")}
    assert refused(await visit.does("pick", "liked", option="tea")) == "survey.elsewhere"


async def test_a_number_a_day_and_a_photo(visit: Visit) -> None:
    """Each is read as written, and what cannot be read is asked for again; the photo's message is kept."""
    await visit.asked(SPENT, WHEN, TEAR)
    assert await visit.sends("2000,00") is Heard.WRONG
    assert await visit.sends("1.250") is Heard.WRONG
    assert await visit.sends("12,50") is Heard.ANSWERED
    assert await visit.sends("2026年11月20日") is Heard.ANSWERED
    assert await visit.sends("here it is") is Heard.WRONG
    scan = Content(Kind.DOCUMENT, "the tear", media=MediaRef("doc-1", "doc-u1", mime="image/png"))
    assert await visit.sends(scan) is Heard.ANSWERED
    found = await visit.answers()
    assert (found["spent"], str(found["when"]), found["tear"]) == (1250, "2026-11-20", "the tear")
    async with visit.working() as work:
        assert (await rows.list_answers(work.tx, visit.id))["tear"].interaction_id is not None
    assert (await visit.response()).state == rows.FINISHED


async def test_an_album_is_one_answer(visit: Visit) -> None:
    """Three pictures sent at once answer the question for a photo, not the next two as well."""
    await visit.asked(TEAR, WHY, WORDS)
    for nth in range(3):
        picture = Content(Kind.PHOTO, media=MediaRef(f"p{nth}", f"u{nth}"), media_group_id="album-1")
        assert await visit.sends(picture) is (Heard.ADDED if nth else Heard.ANSWERED)
    assert await visit.answers() == {"tear": ""}
    assert await visit.sends("Too slow") is Heard.ANSWERED
    assert await visit.answers() == {"tear": "", "why": "Too slow"}


async def test_words_about_something_else_are_not_kept_from_staff(visit: Visit) -> None:
    """Words for a photo are asked about once; the second time they are taken for what they are."""
    await visit.asked(TEAR, AGAIN)
    assert await visit.sends("My order has not come") is Heard.WRONG
    assert await visit.sends("I said my order has not come") is Heard.ELSE
    assert (await visit.response()).state == rows.OPEN


async def test_a_burst_after_a_text_is_one_answer(visit: Visit) -> None:
    """What follows a text at once belongs to it, also behind a question with buttons; other things do not."""
    await visit.asked(WORDS, AGAIN)
    for words in ("So slow", "nobody came", "never again"):
        assert await visit.sends(words) in (Heard.ANSWERED, Heard.ADDED)
    assert await visit.answers() == {"words": "So slow\nnobody came\nnever again"}
    assert await visit.sends("2") is Heard.ANSWERED
    assert (await visit.answers())["again"] == ("no",)


async def test_words_a_week_later_are_the_answer_and_say_so(visit: Visit) -> None:
    """After a week's pause the words still answer; Ann reads what they were taken for, and how to complain instead."""
    await visit.asked(WHY, AGAIN)
    visit.later = WEEK
    assert await visit.sends("Lovely tea") is Heard.ANSWERED
    assert await visit.answers() == {"why": "Lovely tea"}
    async with visit.working() as work:
        said = (await work.tx.execute(select(outbox.c.body).order_by(outbox.c.id.desc()).limit(1))).scalar_one()
    assert "/complaint" in str(said)
    assert (await visit.does("resume")) == Step(visit.id, "again")


async def test_one_occasion_is_asked_once(visit: Visit) -> None:
    """Asking again about the same thing says nothing and makes no second response."""
    await visit.asked(NPS, WHY, WORDS)
    async with visit.working() as work:
        kept = await add_survey(work, read_toml(document(NPS, WHY, WORDS), name="visit.toml"), by=SYSTEM)
        assert isinstance(kept, Added)
        ann = await visit.person(work)
        again = await ask(work, ann, kept.kept, occasion="hand-1:1", cause="hand", unasked=False)
    assert again is None


async def test_a_new_version_does_not_change_what_was_begun(visit: Visit) -> None:
    """Ann began with version 1: she finishes version 1, whatever the shop has rewritten since."""
    await visit.asked(NPS, WHY, WORDS)
    async with visit.working() as work:
        added = await add_survey(work, read_toml(document(NPS, WORDS), name="visit.toml"), by=SYSTEM)
        assert isinstance(added, Added)
        assert added.kept.version == 2
    assert await visit.does("answer", "nps", value=3) == Step(visit.id, "why")
    assert (await visit.response()).version == 1
