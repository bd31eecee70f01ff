"""Surveys over the wire: killed in the middle and gone on with a week later; old keyboards, two taps, the end."""

from datetime import datetime, timedelta
from typing import Any

from domain.people import SYSTEM
from domain.rules import Rules
from domain.surveys import SurveyState
from services.surveys import book
from services.surveys.document import read_toml
from services.surveys.waves import Wave, send_wave
from services.work import Work
from storage.database import open_database
from tests.e2e.conftest import on_sqlite
from tests.e2e.town import TOKEN, Json, Resident, Town
from texts import Texts

_SURVEY = """
key = "visit"
[title]
en = "Your visit"
[when]
remind_after = "3d"
expires_after = "14d"
[[questions]]
key = "happy"
kind = "csat"
text.en = "How was your visit?"
[[questions]]
key = "what"
kind = "choice"
text.en = "What did you come for?"
[[questions.options]]
key = "coat"
label.en = "A coat"
[[questions.options]]
key = "repair"
label.en = "A repair"
[[questions]]
key = "words"
kind = "text"
text.en = "What could be better?"
"""
_ENGLISH = {"languages": ["en"]}


async def asked(town: Town, ann: Resident) -> Any:
    """Let Ann say yes to surveys and be sent one; returns the program and her response's id."""
    program = await town.starts(business={**town.configuration()["business"], **_ENGLISH})
    ann.says("/privacy")
    await ann.taps("c:wishes")
    await ann.taps("c:consent:surveys:on")
    await town.settled()
    await sends(town)
    await town.jumps_to(now(town) + timedelta(minutes=5))
    await ann.hears("How was your visit?")
    (response,) = await town.rows("survey_responses")
    return program, response.id


async def sends(town: Town) -> None:
    """Put the survey up and send it to everybody, beside the running program."""
    database = open_database(town.url)
    async with database.write() as tx:
        work = Work(tx, now(town), int(TOKEN.partition(":")[0]), Rules(languages=("en",)), Texts())
        document = read_toml(_SURVEY, name="visit.toml")
        added = await book.add_survey(work, document, by=SYSTEM, state=SurveyState.ON)
        assert isinstance(added, book.Added), added
        sent = await send_wave(work, "visit", segment=None, at=None, on=None, late_after=None, by=SYSTEM)
        assert isinstance(sent, Wave), sent
    await database.close()


def now(town: Town) -> datetime:
    """Return what the town's clock shows."""
    return datetime.fromisoformat(town.world.now())


async def kept(town: Town) -> list[tuple[str, Any]]:
    """Return the standing answers, as they were given."""
    rows = [row for row in await town.rows("survey_answers") if row.replaced_at is None]
    return [(row.question, row.number or row.text or row.choices) for row in rows]


def shown(ann: Resident, containing: str) -> Json:
    """Return the newest message of the bot with these words."""
    return next(message for message in reversed(ann.heard()) if containing in (message["text"] or ""))


async def test_a_survey_goes_on_a_week_after_the_program_was_killed(town: Town) -> None:
    """Ann answers two questions, the power fails, a week passes: reminded, she writes, and has answered all three."""
    ann = town.person("Ann")
    program, response = await asked(town, ann)
    await ann.taps(f"c:sv:{response}:0:4")
    await town.until(lambda: "What did you come for?" in ann.texts()[-1], "the second question")
    first = ann.heard()[-1]["id"]
    await ann.taps(f"c:sv:{response}:1:1")
    await town.until(lambda: "What could be better?" in ann.texts()[-1], "the third question")
    await program.kill()

    town.world.jump_to(now(town) + timedelta(days=7))
    await town.restarts(program)
    await ann.hears("You were asked this some days ago")
    ann.says("The light in the shop")
    await ann.hears("Thank you!")
    await town.settled()
    assert await kept(town) == [("happy", 4), ("what", ["repair"]), ("words", "The light in the shop")]

    town.world.tap(ann.id, ann.id, first, data=f"c:sv:{response}:0:1", forged=True)
    await ann.hears("You have answered this already")
    await town.settled()
    assert await kept(town) == [("happy", 4), ("what", ["repair"]), ("words", "The light in the shop")]
    (row,) = await town.rows("survey_responses")
    assert (row.state, row.score, row.remind_at) == ("finished", 4, None)
    assert sorted(one.state for one in await town.rows("deliveries", customer_id=row.customer_id)) == ["sent", "sent"]


@on_sqlite
async def test_of_two_taps_at_once_one_counts_and_an_old_survey_ends_politely(town: Town) -> None:
    """Ann's two devices answer at once: the first counts. Two weeks later she is told that time is over, kindly."""
    ann = town.person("Ann")
    _, response = await asked(town, ann)
    message = shown(ann, "How was your visit?")["id"]
    town.world.tap(ann.id, ann.id, message, data=f"c:sv:{response}:0:5")
    town.world.tap(ann.id, ann.id, message, data=f"c:sv:{response}:0:1", forged=True)
    await town.until(lambda: "What did you come for?" in shown(ann, "?")["text"], "the second question")
    await town.settled()
    assert await kept(town) == [("happy", 5)]
    assert len(await town.rows("survey_answers")) == 1

    await town.jumps_to(now(town) + timedelta(days=15))
    (row,) = await town.rows("survey_responses")
    assert row.state == "expired"
    town.world.tap(ann.id, ann.id, message, data=f"c:sv:{response}:1:0", forged=True)
    await town.until(lambda: any("time for this survey is over" in text for text in _told(town, ann)), "a kind word")
    await town.settled()
    assert await kept(town) == [("happy", 5)]


def _told(town: Town, ann: Resident) -> list[str]:
    """Return what Ann reads: messages and pop-ups."""
    return [*ann.texts(), *(answer.get("text") or "" for answer in town.world.callback_answers())]
