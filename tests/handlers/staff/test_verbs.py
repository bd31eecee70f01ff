"""One door for buttons, commands and answers: the same deeds, refusals in their place, nothing lost."""

import pytest

from domain.cases import CaseState
from services.casework import close_forgotten
from tests.handlers.staff.desk import ANONYMOUS_ADMIN, BEN, CY, GROUP, MIA, SUE, CaseView, Desk


async def closed(case: CaseView) -> None:
    """Let a case be solved and then closed in silence."""
    await case.writes(BEN, "/resolve")
    case.desk.town.moves(days=8)
    async with case.desk.town.work() as work:
        await close_forgotten(work)
    await case.desk.town.deliver()


@pytest.mark.parametrize("verb", ["take", "note", "escalate", "more", "points", "history"])
async def test_a_tap_of_a_stranger_is_refused_aloud(desk: Desk, verb: str) -> None:
    """Cy, who does not work here, sees why his tap does nothing; nothing is said in the topic."""
    case = await desk.case_of()
    heard = await desk.taps(CY, f"k:{verb}:{case.id}", case.card)
    assert "not on the staff list" in desk.popup
    assert desk.town.answers[-1].alert
    assert (heard.customer, heard.staff, (await case.now()).state) == ([], [], CaseState.NEW)


async def test_a_tap_of_an_anonymous_admin_is_refused_aloud(desk: Desk) -> None:
    """Whoever hides behind the group has no rights that could be looked up."""
    case = await desk.case_of()
    heard = await desk.taps(ANONYMOUS_ADMIN, f"k:resolve:{case.id}", case.card)
    assert "act as yourself" in desk.popup
    assert (heard.customer, heard.staff) == ([], [])


@pytest.mark.parametrize("text", ["/take C-1001", "/help"])
async def test_a_command_of_an_anonymous_admin_is_refused_aloud_anywhere(desk: Desk, text: str) -> None:
    """They may well work here, so silence would look like a fault."""
    case = await desk.case_of()
    heard = await desk.writes(ANONYMOUS_ADMIN, text, sender_chat={"id": GROUP, "type": "supergroup"})
    assert "post as yourself" in heard.told_staff
    assert (await case.now()).owner_id is None


async def test_a_command_outside_of_a_topic_may_name_its_case(desk: Desk) -> None:
    """Ben takes it from the general topic, in any spelling, and is answered there."""
    case = await desk.case_of()
    heard = await desk.writes(BEN, f"/take c-{(await case.now()).number}")
    assert "now Ben's" in heard.told_staff
    assert (await case.now()).owner_id is not None
    assert "no such case" in (await desk.writes(BEN, "/take C-9999")).told_staff


async def test_a_command_names_no_other_case_in_a_topic(desk: Desk) -> None:
    """In Ann's topic Ann's case is meant; what stands behind the command are its words."""
    anns, bobs = await desk.case_of(), await desk.case_of(66, "Bob")
    await anns.writes(BEN, f"/resolve C-{(await bobs.now()).number}")
    assert ((await anns.now()).state, (await bobs.now()).state) == (CaseState.RESOLVED, CaseState.NEW)


async def test_a_refusal_is_a_popup_for_a_tap_and_words_for_a_command(desk: Desk) -> None:
    """Mia the marketer may not; each way says so where she looks."""
    case = await desk.case_of()
    tapped = await desk.taps(MIA, f"k:resolve:{case.id}", case.card)
    assert ("may not" in desk.popup, desk.town.answers[-1].alert, tapped.staff) == (True, True, [])
    assert "may not" in (await case.writes(MIA, "/resolve")).told_staff


async def test_only_what_did_something_is_kept_as_a_command(desk: Desk) -> None:
    """Looking at points, help and refused commands leave no trace in the record; what was done once leaves one."""
    case = await desk.case_of()
    for text in ("/help", "/points", "/more", "/take", "/take", "/note he lies"):
        await case.writes(BEN, text)
    said = [(row.kind, row.text) for row in await case.record(author_kind="staff")]
    assert said == [("command", "/take"), ("text", "he lies")]


async def test_an_answer_on_purpose_reaches_the_customer_unless_it_is_marked(desk: Desk) -> None:
    """/answer sends; a mark at the head of its words still keeps them here."""
    case = await desk.case_of()
    assert (await case.writes(BEN, "/answer We mend it")).told_customer == ["Ben\nWe mend it"]
    assert (await case.writes(BEN, "/answer //he lies")).customer == []
    assert (await case.writes(BEN, "/answer note: he lies")).customer == []


async def test_the_answer_button_says_how(desk: Desk) -> None:
    """In a topic one just writes; that costs the group no message."""
    case = await desk.case_of()
    heard = await desk.taps(BEN, f"k:answer:{case.id}", case.card)
    assert "write here" in desk.popup
    assert heard.staff == []


async def test_the_answer_button_asks_where_there_are_no_topics(plain_desk: Desk) -> None:
    """In a plain group the question tells which case the words are for."""
    case = await plain_desk.case_of()
    asked = await plain_desk.taps(BEN, f"k:answer:{case.id}", case.card)
    heard = await plain_desk.writes(BEN, "On our way", reply_to=asked.staff[0].message_id)
    assert heard.told_customer == ["Ben\nOn our way"]


async def test_words_refused_because_the_case_is_closed_are_kept(desk: Desk) -> None:
    """Ann gets nothing, Ben is told, and what he wrote stands in the record for staff alone."""
    case = await desk.case_of()
    await closed(case)
    heard = await case.writes(BEN, "One more thing")
    assert "is closed" in heard.told_staff
    said = await case.last_said()
    assert (said.text, said.visibility) == ("One more thing", "internal")
    assert not await desk.town.rows("outbox", interaction_id=said.id)


@pytest.mark.parametrize(
    "text",
    [
        "/notte he lies",
        "/ note he lies",
        "\\note he lies",
        "／note he lies",
        "/unknown words",
        "/",
        "note：x",
        "内部 x",
    ],
)
async def test_what_looks_like_a_command_is_asked_about_also_under_a_picture(desk: Desk, text: str) -> None:
    """The caption of a photo is read like words."""
    case = await desk.case_of()
    photo = [{"file_id": "P1", "file_unique_id": "u1", "width": 90, "height": 90, "file_size": 100}]
    heard = await case.writes(BEN, photo=photo, caption=text)
    assert heard.customer == []
    said = await case.last_said()
    assert said.visibility == "internal"


async def test_two_taps_at_once_are_told_apart(desk: Desk) -> None:
    """Ben has it, Sue reads that he was first."""
    case = await desk.case_of()
    await desk.taps(BEN, f"k:take:{case.id}", case.card)
    await desk.taps(SUE, f"k:take:{case.id}", case.card)
    assert "Ben was first" in desk.popup
