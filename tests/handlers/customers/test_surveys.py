"""Surveys in the customers' chat: one tap a question, warm words, and a person by name when something went wrong."""

import pytest

from domain.people import SYSTEM
from domain.surveys import SurveyState
from services.drafts import open_due
from services.surveys.asking import ask, remind
from services.surveys.book import Added, add_survey, get_survey, seed_shipped, switch_survey
from services.surveys.document import read_toml
from services.work import Person, Work, person_of_contact
from storage import responses as response_rows
from storage.database import Database
from storage.deliveries import insert_queued
from tests.handlers.harness import Chat, Said
from tests.handlers.staff.desk import ANN, BEN, CY, CaseView, Desk, SlowTown

VISIT = """
key = "visit"
[title]
en = "Your visit"
[intro]
en = "Four short questions about Saturday."
[[questions]]
key = "liked"
kind = "multi_choice"
text.en = "What did you like?"
options = [
  {key = "coats", label.en = "The coats"},
  {key = "tea", label.en = "The tea"},
  {key = "talk", label.en = "The talk"},
]
[[questions]]
key = "again"
kind = "choice"
text.en = "Will you come again?"
required = true
options = [{key = "yes", label.en = "Yes"}, {key = "no", label.en = "No"}]
jumps = [{to = "end", chosen = ["no"]}]
[[questions]]
key = "when"
kind = "date"
text.en = "On which day?"
[[questions]]
key = "spend"
kind = "number"
decimals = 2
low = 0
text.en = "How much would you like to spend?"
"""


class Story:
    """Ann's case, solved by Ben, and whatever surveys come."""

    def __init__(self, desk: Desk, view: CaseView, ann: Chat) -> None:
        self.desk, self.view, self.ann = desk, view, ann

    async def confirms(self) -> Said:
        """Let Ann say that it is solved; returns the question she reads."""
        await self.ann.taps(f"c:solved:{self.view.id}")
        return self.ann.said()[-1]

    async def scores(self) -> list[int | None]:
        """Return the scores kept."""
        return [row.score for row in await self.desk.town.rows("survey_responses")]

    async def visits(self) -> Said:
        """Let Ann be asked about her visit; returns the first question."""
        async with self.desk.town.work() as work:
            added = await add_survey(
                work, read_toml(VISIT, name="visit.toml"), by=SYSTEM, shipped=True, state=SurveyState.ON
            )
            assert isinstance(added, Added)
            person = await self.person(work)
            assert await ask(work, person, added.kept, occasion="hand-1:1", cause="hand", unasked=False)
        return (await self.desk.town.deliver())[-1]

    async def person(self, work: Work) -> Person:
        """Return Ann in her chat."""
        [contact] = await self.desk.town.rows("contact_points", chat_id=ANN)
        person = await person_of_contact(work, contact.id)
        assert person is not None
        return person

    async def answers(self) -> dict[str, object]:
        """Return what stands and counts, by question."""
        rows = await self.desk.town.rows("survey_answers")
        standing = [row for row in rows if row.replaced_at is None and row.counts]
        return {
            row.question: "skipped" if row.skipped else row.number or row.choices or row.on_date or row.text
            for row in standing
        }


@pytest.fixture
async def story(database: Database) -> Story:
    """Ann complained; Ben answered and called it solved; surveys that come with the program are there."""
    desk = await Desk(SlowTown(database)).opens()
    async with desk.town.work() as work:
        await seed_shipped(work)
    view = await desk.case_of()
    await view.writes(BEN, "Your new zip is in")
    await desk.taps(BEN, f"k:resolve:{view.id}")
    return Story(desk, view, desk.town.chat(ANN, "Ann"))


async def test_five_buttons_come_with_the_thanks_and_one_tap_leads_on(story: Story) -> None:
    """The question replaces the one that was tapped; each answer is followed at once, words are the last."""
    asked = await story.confirms()
    assert "closed" in asked.text
    assert [words[0] for words, data in asked.buttons if data.startswith("c:sv:")] == ["1", "2", "3", "4", "5"]
    [easy] = await story.ann.taps("c:sv:1:0:5")
    assert "easy" in easy.text
    assert len([data for _, data in easy.buttons if data.startswith("c:sv:")]) == 7
    [words] = await story.ann.taps("c:sv:1:1:7")
    assert "write it here" in words.text
    [thanks] = await story.ann.says("Ben was so kind")
    assert "Thank you" in thanks.text
    assert await story.answers() == {"csat": 5, "ces": 7, "words": "Ben was so kind"}
    [row] = await story.desk.town.rows("survey_responses")
    assert (row.state, row.score) == ("finished", 5)
    assert not (await story.view.now()).live


async def test_a_burst_after_a_text_is_one_answer_thanked_for_once(story: Story) -> None:
    """Three messages in a row are one answer; a last thank-you opens nothing."""
    await story.confirms()
    await story.ann.taps("c:sv:1:0:4")
    await story.ann.taps("c:sv:1:1:6")
    await story.ann.says("Quick")
    [added] = await story.ann.says("and friendly")
    assert "added" in added.text
    assert not await story.ann.says("all of you")
    [bye] = await story.ann.says("thanks!")
    assert "Thank you" in bye.text
    assert (await story.answers())["words"] == "Quick\nand friendly\nall of you"
    assert not await story.desk.town.rows("dialogues", name="draft")


async def test_second_tap_keeps_the_first_score(story: Story) -> None:
    """Ann taps 5, then the old message's 1: a kind pop-up that says where she is, and the five stands."""
    await story.confirms()
    await story.ann.taps("c:sv:1:0:5")
    await story.ann.taps("c:sv:1:0:1")
    assert "easy" in story.ann.popup
    assert await story.scores() == [5]


async def test_back_and_another_answer_count_once(story: Story) -> None:
    """Ann goes back and gives another answer: the new one counts, the old one stays on record."""
    await story.confirms()
    await story.ann.taps("c:sv:1:0:5")
    [again] = await story.ann.taps("c:svb:1:1")
    assert "content" in again.text
    assert await story.scores() == [5]
    await story.ann.taps("c:sv:1:0:3")
    assert await story.scores() == [3]
    rows = await story.desk.town.rows("survey_answers", question="csat")
    assert [(row.number, row.replaced_at is None) for row in rows] == [(5, False), (3, True)]


async def test_a_one_gets_an_apology_and_a_named_person(story: Story) -> None:
    """Ann taps 1: an apology, Sue by name and a time the same day; what she writes then is read in the topic."""
    await story.confirms()
    [sorry] = await story.ann.taps("c:sv:1:0:1")
    assert "sorry" in sorry.text
    assert "Sue" in sorry.text
    assert "today" in sorry.text
    assert (await story.view.now()).live
    await story.ann.says("It broke again after a day")
    assert "It broke again after a day" in [row.text for row in await story.view.record(author_kind="customer")]
    assert await story.answers() == {"csat": 1, "words": "It broke again after a day"}


async def test_a_bare_digit_is_taken_for_the_score(story: Story) -> None:
    """Ann types 4 instead of tapping, in full-width signs."""
    await story.confirms()
    await story.ann.says("４")
    assert await story.scores() == [4]


async def test_other_words_after_the_question_are_not_swallowed(story: Story) -> None:
    """Ann has something else on her mind: it becomes a draft as ever, and the survey stays open."""
    await story.confirms()
    await story.ann.says("Do you also mend shoes?")
    assert await story.scores() == [None]
    assert "?" in story.ann.said()[-1].text
    [row] = await story.desk.town.rows("dialogues")
    assert row.name == "draft"
    await story.ann.taps("c:sv:1:0:4")
    assert await story.scores() == [4]


@pytest.mark.parametrize(
    "data",
    [
        "c:sv:1:0:9",
        "c:sv:1:0:x",
        "c:sv:1:7:1",
        "c:sv:99999999999999999999:0:5",
        "c:sv",
        "c:svm:1:0:0",
        "c:svd:1:0",
        "c:svb:1:0",
        "c:svs:1",
        "c:svx:77",
        "c:score:1:9",
        "c:sdone:77",
    ],
)
async def test_forged_buttons_change_nothing(story: Story, data: str) -> None:
    """Made-up data and others' questions are refused in kind words."""
    await story.confirms()
    cy = story.desk.town.chat(CY, "Cy")
    for chat in (story.ann, cy):
        await chat.taps(data, message_id=5)
        assert chat.popup
    await cy.taps("c:sv:1:0:5", message_id=5)
    assert await story.scores() == [None]


async def test_a_button_from_before_there_were_surveys_still_counts(story: Story) -> None:
    """What an older program had sent keeps its word."""
    await story.confirms()
    await story.ann.taps("c:score:1:4")
    assert await story.scores() == [4]


async def test_several_are_chosen_and_taken_back_before_done(story: Story) -> None:
    """Taps mark and unmark; nothing is answered before “done”, and nothing chosen is no answer."""
    asked = await story.visits()
    assert "Four short questions" in asked.text
    [row] = await story.desk.town.rows("survey_responses")
    await story.ann.taps(f"c:svd:{row.id}:0")
    assert "at least one" in story.ann.popup
    await story.ann.taps(f"c:svm:{row.id}:0:0")
    await story.ann.taps(f"c:svm:{row.id}:0:1")
    [marked] = await story.ann.taps(f"c:svm:{row.id}:0:0")
    assert [words[0] for words, data in marked.buttons if data.startswith("c:svm")] == ["☐", "☑", "☐"]
    assert await story.answers() == {}
    await story.ann.taps(f"c:svd:{row.id}:0")
    assert await story.answers() == {"liked": ["tea"]}


async def test_a_required_question_is_not_skipped_and_a_jump_ends_it(story: Story) -> None:
    """“No” leads to the end; the required question has no way round but stopping."""
    await story.visits()
    [row] = await story.desk.town.rows("survey_responses")
    [second] = await story.ann.taps(f"c:svs:{row.id}:0")
    assert not any(data.startswith("c:svs") for _, data in second.buttons)
    await story.ann.taps(f"c:svs:{row.id}:1")
    assert story.ann.popup
    [thanks] = await story.ann.taps(f"c:sv:{row.id}:1:1")
    assert "Thank you" in thanks.text
    assert await story.answers() == {"liked": "skipped", "again": ["no"]}


async def test_dates_and_numbers_are_read_as_people_write_them(story: Story) -> None:
    """What cannot be read is asked for again in kind words, and both separators are understood."""
    await story.visits()
    [row] = await story.desk.town.rows("survey_responses")
    await story.ann.taps(f"c:svs:{row.id}:0")
    await story.ann.taps(f"c:sv:{row.id}:1:0")
    [wrong] = await story.ann.says("soon")
    assert "could not read" in wrong.text
    await story.ann.says("2026-12-05")
    [wrong] = await story.ann.says("plenty")
    assert "could not read" in wrong.text
    await story.ann.says("1.250,50")
    assert await story.answers() == {"liked": "skipped", "again": ["yes"], "when": "2026-12-05", "spend": 125050}


async def test_stopping_keeps_what_was_said_and_old_buttons_say_so(story: Story) -> None:
    """Ann has had enough: her answers count, and the old keyboard is politely gone at the next tap."""
    await story.visits()
    [row] = await story.desk.town.rows("survey_responses")
    await story.ann.taps(f"c:svm:{row.id}:0:2")
    await story.ann.taps(f"c:svd:{row.id}:0")
    [fine] = await story.ann.taps(f"c:svx:{row.id}:1")
    assert "counts" in fine.text
    [over] = await story.ann.taps(f"c:sv:{row.id}:1:0")
    assert "ended this survey" in over.text
    assert not over.buttons
    assert await story.answers() == {"liked": ["talk"]}


async def test_a_week_later_it_goes_on_where_it_stopped(story: Story) -> None:
    """A reminder says the question she stands at; her typed answer is understood again; `/survey` finds it too."""
    await story.visits()
    [row] = await story.desk.town.rows("survey_responses")
    await story.ann.taps(f"c:svs:{row.id}:0")
    story.desk.town.moves(days=7)
    [asked] = await story.ann.says("/survey")
    assert "come again" in asked.text
    async with story.desk.town.work() as work:
        response = await response_rows.lock_response(work.tx, row.id)
        person = await story.person(work)
        assert response is not None
        delivery_id = await insert_queued(
            work.tx,
            campaign="survey:visit",
            occasion=f"r:{row.id}",
            customer_id=person.customer.id,
            consent="surveys",
            on=work.now.date(),
            zone="UTC",
            late_after_at=work.now,
            now=work.now,
        )
        assert await remind(work, person, response, delivery_id=delivery_id) is True
    await story.ann.says("1")
    assert (await story.answers())["again"] == ["yes"]


async def test_the_time_of_a_survey_ends_politely(story: Story) -> None:
    """After its time a tap changes nothing and says so; answers given before still count."""
    await story.visits()
    [row] = await story.desk.town.rows("survey_responses")
    await story.ann.taps(f"c:svs:{row.id}:0")
    story.desk.town.moves(days=15)
    [over] = await story.ann.taps(f"c:sv:{row.id}:1:0")
    assert "time for this survey is over" in over.text
    assert not over.buttons
    assert await story.answers() == {"liked": "skipped"}
    [none] = await story.ann.says("/survey")
    assert "no survey waiting" in none.text


async def test_a_closed_survey_takes_no_answers(story: Story) -> None:
    """Who is in the middle when the shop closes it reads so, and loses nothing."""
    await story.visits()
    [row] = await story.desk.town.rows("survey_responses")
    async with story.desk.town.work() as work:
        await switch_survey(work, "visit", SurveyState.CLOSED, by=SYSTEM)
        kept = await get_survey(work, "visit")
        assert kept is not None
        assert kept.state is SurveyState.CLOSED
    [over] = await story.ann.taps(f"c:svs:{row.id}:0")
    assert "closed" in over.text
    assert await story.answers() == {}


async def test_her_own_complaint_is_not_taken_for_an_answer(story: Story) -> None:
    """A survey that arrives in the middle of a complaint leaves the conversation alone."""
    await story.ann.says("/complaint")
    [before] = await story.desk.town.rows("dialogues")
    await story.visits()
    [after] = await story.desk.town.rows("dialogues")
    assert (before.name, after.name) == ("complaint", "complaint")


async def test_the_pause_of_the_first_minutes_ends(story: Story) -> None:
    """A digit typed an hour after the question is no score."""
    await story.confirms()
    story.desk.town.moves(minutes=61)
    async with story.desk.town.work() as work:
        await open_due(work, limit=10)
    await story.ann.says("4")
    assert await story.scores() == [None]
