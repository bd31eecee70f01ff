"""A wish to be called: kept at once, with an honest time, and the number asked for once."""

import pytest

from storage.database import Database
from tests.handlers.harness import Chat
from tests.handlers.staff.desk import ANN, BEN, CY, CaseView, Desk, SlowTown


class Story:
    """Ann's case, solved by Ben."""

    def __init__(self, desk: Desk, view: CaseView, ann: Chat) -> None:
        self.desk, self.view, self.ann = desk, view, ann


@pytest.fixture
async def story(database: Database) -> Story:
    """Ann complained; Ben answered and called it solved."""
    desk = await Desk(SlowTown(database)).opens()
    view = await desk.case_of()
    await view.writes(BEN, "Your new zip is in")
    await desk.taps(BEN, f"k:resolve:{view.id}")
    return Story(desk, view, desk.town.chat(ANN, "Ann"))


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
