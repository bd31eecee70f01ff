"""What staff write in their group: who may, where it goes, and what never does."""

from typing import Any

import pytest
from sqlalchemy import update

from domain.cases import CaseState
from domain.outgoing import Action
from services.casework import close_forgotten
from storage.tables import staff_members
from tests.handlers.staff.desk import ANONYMOUS_ADMIN, BEN, CY, GROUP, MIA, SUE, Desk

PHOTO = [{"file_id": "P1", "file_unique_id": "u1", "width": 90, "height": 90, "file_size": 100}]


async def test_words_in_a_topic_go_to_the_customer_under_the_name_of_who_wrote_them(desk: Desk) -> None:
    """Ben writes in the topic; Ann reads it with his name, and the case is his and waits for her."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "We will mend it today.")
    assert heard.told_customer == ["Ben\nWe will mend it today."]
    now = await case.now()
    assert (now.state, now.owner_id is not None, now.first_response_at) == (CaseState.WAITING, True, desk.town.now)


async def test_formatting_survives_the_name_before_it(desk: Desk) -> None:
    """Ben's bold word is still that word below his name."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "😀 now", entities=[{"type": "bold", "offset": 3, "length": 3}])
    entities = heard.customer[0].body["content"]["entities"]
    assert {"type": "bold", "offset": 4 + 3, "length": 3} in entities


async def test_an_answer_to_one_of_several_messages_answers_that_one(desk: Desk) -> None:
    """Ben answers Ann's first words; the row names them, so that Ann sees what is meant."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "This one we know.", reply_to=case.relayed)
    assert heard.customer[0].body["reply_to"] == case.first_words


async def test_in_a_plain_group_answering_the_card_answers_the_customer(plain_desk: Desk) -> None:
    """Without topics, what is said as an answer to a case's message belongs to that case."""
    case = await plain_desk.case_of()
    heard = await plain_desk.writes(BEN, "On our way.", reply_to=case.card)
    assert heard.told_customer == ["Ben\nOn our way."]


async def test_chatter_in_a_plain_group_goes_nowhere(plain_desk: Desk) -> None:
    """Words that answer nothing are the group's own."""
    case = await plain_desk.case_of()
    heard = await plain_desk.writes(BEN, "Who wants lunch?")
    assert (heard.customer, heard.staff) == ([], [])
    assert not await case.record(author_kind="staff")


async def test_an_album_goes_to_the_customer_in_one_piece(desk: Desk) -> None:
    """Two photos of one album are one row with two items."""
    case = await desk.case_of()
    body = {"media_group_id": "A", "photo": PHOTO}
    other = [{**PHOTO[0], "file_id": "P2", "file_unique_id": "u2"}]
    heard = await case.writes_at_once(BEN, {**body, "caption": "before"}, {**body, "photo": other})
    items = heard.customer[0].body["extra"]["items"]
    assert [(item["file_id"], item.get("text")) for item in items] == [("P1", "Ben\nbefore"), ("P2", None)]
    assert len(heard.customer) == 1


@pytest.mark.parametrize(
    "parts",
    [
        {"voice": {"file_id": "V", "file_unique_id": "v", "duration": 2}},
        {"sticker": {"file_id": "S", "file_unique_id": "s", "width": 9, "height": 9, "type": "regular",
                     "is_animated": False, "is_video": False}},
        {"video_note": {"file_id": "N", "file_unique_id": "n", "length": 9, "duration": 2}},
        {"location": {"latitude": 25.03, "longitude": 121.56}},
        {"contact": {"phone_number": "+886 900", "first_name": "Shop"}},
        {"document": {"file_id": "D", "file_unique_id": "d", "file_name": "bill.pdf"}},
    ],
    ids=lambda parts: next(iter(parts)),
)  # fmt: skip
async def test_every_kind_of_message_is_passed_on(desk: Desk, parts: dict[str, Any]) -> None:
    """Voice, sticker, video message, place, contact and file reach the customer as what they are."""
    case = await desk.case_of()
    heard = await case.writes(BEN, **parts)
    assert [said.body["content"]["kind"] for said in heard.customer] == [next(iter(parts))]


async def test_what_cannot_be_passed_on_is_refused_aloud(desk: Desk) -> None:
    """A poll is not sent, and Ben is told so."""
    case = await desk.case_of()
    poll = {
        "id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False, "is_anonymous": True,
        "type": "regular", "allows_multiple_answers": False, "allows_revoting": False, "members_only": False,
    }  # fmt: skip
    heard = await case.writes(BEN, poll=poll)
    assert heard.customer == []
    assert "cannot pass this kind" in heard.told_staff


async def test_a_marketer_may_not_answer_and_is_told(desk: Desk) -> None:
    """Mia's words stay in the group, and she learns that they did."""
    case = await desk.case_of()
    heard = await case.writes(MIA, "Buy one, get one free!")
    assert heard.customer == []
    assert "may not work on cases" in heard.told_staff


async def test_a_stranger_is_refused_aloud_once_an_hour(desk: Desk) -> None:
    """Cy is told once that nobody hears him, not after every line."""
    case = await desk.case_of()
    first, second = await case.writes(CY, "Hello"), await case.writes(CY, "Hello?")
    desk.town.moves(hours=1)
    third = await case.writes(CY, "Anyone?")
    assert "not on the staff list" in first.told_staff
    assert second.staff == []
    assert "not on the staff list" in third.told_staff
    assert not (first.customer + second.customer + third.customer)


async def test_a_strangers_chatter_outside_of_cases_is_ignored(desk: Desk) -> None:
    """In the general topic nobody is lectured."""
    await desk.case_of()
    heard = await desk.writes(CY, "Hi all")
    assert (heard.customer, heard.staff) == ([], [])


async def test_an_anonymous_admin_is_refused_aloud(desk: Desk) -> None:
    """Whoever hides their name cannot be checked, so nothing is sent."""
    case = await desk.case_of()
    heard = await case.writes(ANONYMOUS_ADMIN, "Sorry!", sender_chat={"id": GROUP, "type": "supergroup"})
    assert heard.customer == []
    assert "post as yourself" in heard.told_staff


async def test_words_in_a_closed_case_are_refused_aloud(desk: Desk) -> None:
    """Nothing vanishes: Ben is told that the case is closed and how to go on."""
    case = await desk.case_of()
    await case.writes(BEN, "/resolve")
    desk.town.moves(days=8)
    async with desk.town.work() as work:
        await close_forgotten(work)
    await desk.town.deliver()
    heard = await case.writes(BEN, "One more thing")
    assert heard.customer == []
    assert "is closed" in heard.told_staff


async def test_service_messages_mean_nothing(desk: Desk) -> None:
    """A new picture of the group is not a message to the customer."""
    case = await desk.case_of()
    heard = await case.writes(BEN, delete_chat_photo=True)
    assert (heard.customer, heard.staff) == ([], [])


async def test_a_topic_closed_by_hand_closes_no_case(desk: Desk) -> None:
    """It is opened again and Ben reads how a case is ended; the topic of an ended case stays closed."""
    case = await desk.case_of()
    heard = await case.writes(BEN, forum_topic_closed={})
    assert heard.customer == []
    assert [one.action for one in heard.staff] == [Action.REOPEN, Action.SEND]
    assert "does not close the case" in heard.told_staff
    await case.writes(BEN, "/resolve")
    assert (await case.writes(BEN, forum_topic_closed={})).staff == []


async def test_a_removed_colleague_is_a_stranger(desk: Desk) -> None:
    """Who no longer works here cannot answer customers."""
    case = await desk.case_of()
    async with desk.town.work() as work:
        await work.tx.execute(update(staff_members).where(staff_members.c.user_id == SUE).values(active=False))
    heard = await case.writes(SUE, "I am back")
    assert heard.customer == []
    assert "not on the staff list" in heard.told_staff
