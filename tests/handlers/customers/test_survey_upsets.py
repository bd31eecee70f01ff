"""A survey upset in its middle: its person is forgotten, merged with another record, or meets two programs at once."""

import asyncio

import pytest

from campaigns import surveys
from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.erasure import erase_customer
from services.merging import merge_customers
from storage.database import Database
from tests.handlers.customers.test_surveys import Story
from tests.handlers.customers.test_surveys import story as story
from tests.handlers.staff.desk import CY


async def test_the_forgotten_are_asked_nothing_more_and_old_buttons_are_quiet(story: Story) -> None:
    """Ann is forgotten between two questions: her words are gone, a tap on the old keyboard opens nothing."""
    await story.visits()
    response = (await story.desk.town.rows("survey_responses"))[-1]
    await story.ann.taps(f"c:svm:{response.id}:0:0")
    async with story.desk.town.work() as work:
        assert not isinstance(await erase_customer(work, response.customer_id, by=SYSTEM), Refusal)
    before = await story.desk.town.rows("survey_answers")
    await story.ann.taps(f"c:svd:{response.id}:0")
    assert await story.desk.town.rows("survey_answers") == before
    [kept] = await story.desk.town.rows("survey_responses", id=response.id)
    assert (kept.state, kept.text) == ("stopped", "")


async def test_who_is_merged_in_the_middle_goes_on_where_they_were(story: Story) -> None:
    """Ann's record turns out to be a duplicate of another: the next tap answers the same response, under that one."""
    await story.visits()
    response = (await story.desk.town.rows("survey_responses"))[-1]
    other = story.desk.town.chat(CY, "Cy")
    await other.says("/start")
    [contact] = await story.desk.town.rows("contact_points", chat_id=CY)
    async with story.desk.town.work() as work:
        done = await merge_customers(work, keep_id=contact.customer_id, duplicate_id=response.customer_id, by=SYSTEM)
        assert done is None
    await story.ann.taps(f"c:svm:{response.id}:0:0")
    await story.ann.taps(f"c:svd:{response.id}:0")
    [kept] = await story.desk.town.rows("survey_responses", id=response.id)
    assert kept.customer_id == contact.customer_id
    assert await story.answers() == {"liked": ["coats"]}


async def test_nobody_answers_for_somebody_else(story: Story) -> None:
    """Cy, who knows the number of Ann's response, taps in her place: nothing is kept."""
    await story.visits()
    response = (await story.desk.town.rows("survey_responses"))[-1]
    cy = story.desk.town.chat(CY, "Cy")
    await cy.says("/start")
    for data in (
        f"c:svm:{response.id}:0:0",
        f"c:svd:{response.id}:0",
        f"c:svs:{response.id}:0",
        f"c:svx:{response.id}",
    ):
        await cy.taps(data)
    assert await story.answers() == {}
    [kept] = await story.desk.town.rows("survey_responses", id=response.id)
    assert (kept.state, kept.picked) == ("open", None)


@pytest.mark.parametrize("programs", [2, 3])
async def test_programs_that_tick_at_once_end_a_survey_once(story: Story, database: Database, programs: int) -> None:
    """Expiry asked by several programs in the same moment ends each response once."""
    await story.visits()
    response = (await story.desk.town.rows("survey_responses"))[-1]
    story.desk.town.now = response.expires_at

    async def tick() -> int:
        async with story.desk.town.work() as work:
            return await surveys.expire(work, limit=100)

    assert sum(await asyncio.gather(*(tick() for _ in range(programs)))) == 1
    [kept] = await story.desk.town.rows("survey_responses", id=response.id)
    assert kept.state == "expired"
