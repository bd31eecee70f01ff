"""Moments 7 and 8 in the customers' chat: one tap, warm words, and a person by name when it went wrong."""

import pytest

from storage.database import Database
from tests.handlers.harness import Chat, Said
from tests.handlers.staff.desk import ANN, BEN, CY, CaseView, Desk, SlowTown


class Story:
    """Ann's case, solved by Ben."""

    def __init__(self, desk: Desk, view: CaseView, ann: Chat) -> None:
        self.desk, self.view, self.ann = desk, view, ann

    async def confirms(self) -> Said:
        """Let Ann say that it is solved; returns the question she reads."""
        await self.ann.taps(f"c:solved:{self.view.id}")
        return self.ann.said()[-1]

    async def scores(self) -> list[int | None]:
        """Return the scores kept."""
        return [row.score for row in await self.desk.town.rows("survey_responses")]


@pytest.fixture
async def story(database: Database) -> Story:
    """Ann complained; Ben answered and called it solved."""
    desk = await Desk(SlowTown(database)).opens()
    view = await desk.case_of()
    await view.writes(BEN, "Your new zip is in")
    await desk.taps(BEN, f"k:resolve:{view.id}")
    return Story(desk, view, desk.town.chat(ANN, "Ann"))


async def test_five_buttons_come_with_the_thanks_and_a_five_is_thanked_for(story: Story) -> None:
    """The question replaces the one that was tapped; after the tap the buttons are gone and words may follow."""
    asked = await story.confirms()
    assert "closed" in asked.text
    assert [data.rpartition(":")[2] for _, data in asked.buttons] == ["1", "2", "3", "4", "5"]
    [thanks] = await story.ann.taps(f"{asked.data('c:score').rpartition(':')[0]}:5")
    assert "Thank you" in thanks.text
    assert not any(data.startswith("c:score") for _, data in thanks.buttons)
    [kept] = await story.ann.says("Ben was so kind")
    assert "kept with your score" in kept.text
    [bye] = await story.ann.says("thanks!")
    assert "Thank you" in bye.text
    [row] = await story.desk.town.rows("survey_responses")
    assert (row.score, row.text) == (5, "Ben was so kind")
    assert not (await story.view.now()).live


async def test_second_tap_keeps_the_first_score(story: Story) -> None:
    """Ann taps 5, then the old message's 1: a kind pop-up, and the five stands."""
    asked = await story.confirms()
    start = asked.data("c:score").rpartition(":")[0]
    await story.ann.taps(f"{start}:5")
    await story.ann.taps(f"{start}:1")
    assert "first score counts" in story.ann.popup
    assert await story.scores() == [5]


async def test_a_one_gets_an_apology_and_a_named_person(story: Story) -> None:
    """Ann taps 1: an apology, Sue by name and a time the same day; what she writes then is read in the topic."""
    asked = await story.confirms()
    [sorry] = await story.ann.taps(f"{asked.data('c:score').rpartition(':')[0]}:1")
    assert "sorry" in sorry.text
    assert "Sue" in sorry.text
    assert "today" in sorry.text
    assert (await story.view.now()).live
    [kept] = await story.ann.says("It broke again after a day")
    assert "Thank you for telling us" in kept.text
    assert "It broke again after a day" in [row.text for row in await story.view.record(author_kind="customer")]


async def test_a_bare_digit_is_taken_for_the_score(story: Story) -> None:
    """Ann types 4 instead of tapping."""
    await story.confirms()
    await story.ann.says("4")
    assert await story.scores() == [4]


async def test_other_words_after_the_question_are_not_swallowed(story: Story) -> None:
    """Ann has something else on her mind: it becomes a draft as ever, and the score stays open."""
    await story.confirms()
    await story.ann.says("Do you also mend shoes?")
    assert await story.scores() == [None]
    assert "?" in story.ann.said()[-1].text
    [row] = await story.desk.town.rows("dialogues")
    assert row.name == "draft"


@pytest.mark.parametrize(
    "data", ["c:score:1:9", "c:score:1:x", "c:score:99999999999999999999:5", "c:score", "c:sdone:77"]
)
async def test_forged_buttons_change_nothing(story: Story, data: str) -> None:
    """Made-up data and others' questions are refused in kind words."""
    await story.confirms()
    cy = story.desk.town.chat(CY, "Cy")
    for chat in (story.ann, cy):
        await chat.taps(data, message_id=5)
        assert chat.popup
    await cy.taps("c:score:1:5", message_id=5)
    assert await story.scores() == [None]


async def test_call_me_is_noted_with_an_honest_time_and_the_number_is_asked_for_once(story: Story) -> None:
    """Ann, who has a live case, says “call me please”: her wish is kept at once, then with the number she types."""
    await story.ann.taps(f"c:unsolved:{story.view.id}")
    story.desk.town.moves(minutes=20)
    asked = (await story.ann.says("Call me, please"))[-1]
    assert asked.keyboard[0][0].startswith("contact:")
    [task] = await story.desk.town.rows("tasks")
    assert (task.kind, task.case_id) == ("call_back", story.view.id)
    [bad] = await story.ann.says("12345")
    assert "area code" in bad.text
    [noted] = await story.ann.says("+86 138 0013 8000")
    assert "+86 138 0013 8000" in noted.text
    [task] = await story.desk.town.rows("tasks")
    assert "138 0013 8000" in task.text


async def test_call_me_out_of_the_blue_opens_a_request(story: Story) -> None:
    """Cy, whom nobody knows, writes 请打电话给我: a case with a task, and the question for the number."""
    cy = story.desk.town.chat(CY, "Cy", "zh-hans")
    said = await cy.says("您好，请打电话给我")
    assert any("contact:" in line[0] for one in said for line in one.keyboard)
    [case] = await story.desk.town.rows("cases", kind="request")
    [task] = await story.desk.town.rows("tasks")
    assert (task.case_id, task.due_at) == (case.id, case.promised_at)


async def test_a_plain_please_is_no_wish_to_be_called(story: Story) -> None:
    """Courtesy alone asks for nothing."""
    cy = story.desk.town.chat(CY, "Cy")
    await cy.says("please")
    assert not await story.desk.town.rows("tasks")
