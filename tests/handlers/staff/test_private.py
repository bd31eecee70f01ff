"""Staff work in their private chats with the bot: a case taken there, answered there, and left again."""

from datetime import timedelta

import pytest

from domain.outgoing import Action, TargetKind
from domain.people import SYSTEM
from services.delivery import after_sent
from services.erasure import erase_customer
from storage.inbox import insert_updates, mark_done
from storage.outbox import get_row
from storage.staff import set_group_reach
from tests.handlers.harness import BOT_ID
from tests.handlers.staff.desk import ANN, BEN, CY, MIA, SUE, Desk
from tests.handlers.staff.private import Alone, Read, parted


@pytest.fixture
def ben(desk: Desk) -> Alone:
    """Ben the agent, alone with the bot."""
    return Alone(desk, BEN, "Ben")


@pytest.fixture
def sue(desk: Desk) -> Alone:
    """Sue the supervisor, alone with the bot."""
    return Alone(desk, SUE, "Sue")


async def says(desk: Desk, words: str) -> Read:
    """Let Ann write to the bot."""
    return parted(await desk.town.update(message=desk.town.chat(ANN, "Ann").message(text=words)))


async def test_a_case_is_answered_wholly_in_private(desk: Desk, ben: Alone) -> None:
    """Taken from the list, its words come here, what is written goes to the customer, and colleagues read along."""
    case, ben_id = await desk.case_of(), await ben.id()
    listed = await ben.writes("/cases")
    assert [data for said in listed.private[ben_id] for _, data in said.buttons] == [f"k:work:{case.id}"]
    opened = await ben.taps(f"k:work:{case.id}")
    assert "The zip is torn" in opened.told(ben_id)
    assert [button for said in opened.private[ben_id] for button in said.buttons if button[1] == f"k:done:{case.id}"]
    answered = await ben.writes("We mend it today")
    assert answered.customer == ["Ben\nWe mend it today"]
    assert "Ben → C-1001: We mend it today" in answered.told_group
    assert (await case.now()).owner_id == ben_id
    assert (await ben.row())["reach"] == "reachable"
    heard = await says(desk, "Wonderful!")
    assert "C-1001 · Ann\nWonderful!" in heard.told(ben_id)
    assert "Wonderful!" in heard.told_group


async def test_a_note_written_in_private_cannot_reach_the_customer(desk: Desk, ben: Alone) -> None:
    """Two strokes make a note; what merely looks like one is held back and asked about in the same chat."""
    case, ben_id = await desk.case_of(), await ben.id()
    await ben.taps(f"k:work:{case.id}")
    noted = await ben.writes("// she was here before")
    assert noted.customer == []
    assert "she was here before" in noted.told_group
    held = await ben.writes("/nto she is difficult")
    assert held.customer == []
    asked = next(data for said in held.private[ben_id] for _, data in said.buttons if data.startswith("k:send:"))
    assert held.told_group == ""
    assert (await ben.taps(asked)).customer == ["Ben\n/nto she is difficult"]


async def test_an_answer_to_old_words_goes_to_their_case(desk: Desk, ben: Alone) -> None:
    """While Ben is on one case, an answer to the words of another goes to that one's customer."""
    await ben.writes("/desk")
    first = await desk.case_of()
    second = await desk.case_of(CY, "Cy", "Too late")
    ben_id = await ben.id()
    await desk.taps(BEN, f"k:take:{first.id}")
    words = (await says(desk, "Hello?")).private[ben_id][-1]
    await ben.taps(f"k:work:{second.id}")
    answered = await ben.writes("I am here", reply_to=words.message_id)
    assert answered.customer == ["Ben\nI am here"]
    assert "C-1001" in answered.told_group


async def test_who_left_their_case_talks_to_nobody(desk: Desk, ben: Alone) -> None:
    """After /done words are a customer's again, and the case hears nothing of them."""
    case = await desk.case_of()
    await ben.taps(f"k:work:{case.id}")
    assert "C-1001" in (await ben.writes("/done")).told(await ben.id())
    said = await ben.writes("What a day")
    assert "What a day" not in said.told_group
    assert all("What a day" not in words for words in said.customer)


async def test_a_forgotten_case_is_asked_about(desk: Desk, ben: Alone) -> None:
    """Words written the next morning are held back until Ben says whom they are for."""
    case = await desk.case_of()
    await ben.taps(f"k:work:{case.id}")
    desk.town.now += timedelta(hours=13)
    held = await ben.writes("Good morning all")
    assert held.customer == []
    assert any(data.startswith("k:send:") for said in held.private[await ben.id()] for _, data in said.buttons)
    assert (await ben.writes("We mend it today")).customer == ["Ben\nWe mend it today"]


@pytest.mark.parametrize("command", ["/start", "/cases", "/help", "/take", "/tkae"])
async def test_commands_make_no_customer_of_staff(desk: Desk, ben: Alone, command: str) -> None:
    """A member of staff who writes a command is answered as one, and stands in no record of customers."""
    answered = await ben.writes(command)
    assert answered.private[await ben.id()]
    assert await desk.town.rows("customers") == []


async def test_an_owner_may_try_the_bot_as_a_customer(desk: Desk, sue: Alone) -> None:
    """Plain words without a case at hand are a customer's, and so is what customers alone can ask for."""
    assert (await sue.writes("/feedback")).customer
    assert [row.name for row in await desk.town.rows("customers")] == ["Sue"]


async def test_strangers_and_leavers_have_no_desk(desk: Desk) -> None:
    """A forged button or command of staff does nothing for who does not work here, and makes nobody a customer."""
    case = await desk.case_of()
    cy = Alone(desk, CY, "Cy")
    await cy.taps(f"k:take:{case.id}")
    assert (await case.now()).owner_id is None
    assert desk.popup
    assert [row.name for row in await desk.town.rows("customers")] == ["Ann"]


async def test_a_marketer_answers_no_customer(desk: Desk) -> None:
    """Permissions are asked in private as in the group."""
    case, mia = await desk.case_of(), Alone(desk, MIA, "Mia")
    await mia.taps(f"k:work:{case.id}")
    assert desk.popup
    assert await desk.town.rows("staff_focus") == []


async def test_corrections_and_marks_stay_where_the_answer_was_written(desk: Desk, ben: Alone) -> None:
    """A changed answer is changed at the customer's; the sign that it arrived stands in the private chat."""
    case, ben_id = await desk.case_of(), await ben.id()
    await ben.taps(f"k:work:{case.id}")
    await ben.writes("We mend it todai")
    changed = await ben.edits(ben.chat.last_message_id, "We mend it today")
    assert changed.customer == ["Ben\nWe mend it today"]
    assert "We mend it today" in changed.told_group
    row = (await desk.town.rows("outbox", purpose="staff_answer"))[0]
    async with desk.town.work() as work:
        answer = await get_row(work.tx, row.id)
        assert answer is not None
        await after_sent(work, answer, answer.message_id)
    signs = parted(await desk.town.deliver()).signs
    assert [(sign.action, sign.target) for sign in signs] == [(Action.REACT, (TargetKind.MEMBER, ben_id))]


async def test_a_group_that_is_away_hands_its_words_to_supervisors(desk: Desk, sue: Alone) -> None:
    """What customers write while the group cannot be reached is read by Sue in private, and waits for the group."""
    await desk.case_of()
    async with desk.town.work() as work:
        await set_group_reach(work.tx, group_id=desk.group_id, unreachable_since_at=desk.town.now)
    heard = await says(desk, "Anybody there?")
    assert "C-1001 · Ann\nAnybody there?" in heard.told(await sue.id())
    assert "Anybody there?" in heard.told_group


async def test_who_blocked_the_bot_is_left_alone(desk: Desk, ben: Alone) -> None:
    """A member who stopped the bot gets nothing in private and is asked to write first."""
    case = await desk.case_of()
    await ben.writes("/desk")
    status = {"user": {"id": 1, "is_bot": True, "first_name": "b"}, "status": "kicked", "until_date": 0}
    change = {
        "chat": {"id": BEN, "type": "private"},
        "from": ben.chat.user,
        "date": 1,
        "old_chat_member": {**status, "status": "member"},
        "new_chat_member": status,
    }
    await desk.town.update(my_chat_member=change)
    assert (await ben.row())["reach"] == "blocked"
    await desk.taps(BEN, f"k:work:{case.id}")
    assert "@care_test_bot" in desk.popup
    assert parted(await desk.town.deliver()).private == {}


async def test_what_a_private_chat_quotes_is_forgotten_with_the_customer(desk: Desk, ben: Alone) -> None:
    """An update in which Ben answered Ann's words quotes them: it is emptied with her, once it is handled."""
    await desk.case_of()
    async with desk.town.work() as work:
        updates = [(nth, BEN, '{"quotes": "The zip is torn"}') for nth in (1, 2)]
        await insert_updates(work.tx, bot_id=BOT_ID, updates=updates, now=work.now)
    done = (await desk.town.rows("inbox"))[0].id
    async with desk.town.work() as work:
        await mark_done(work.tx, ids=[done], now=work.now)
        await erase_customer(work, (await _ann(desk)), by=SYSTEM)
    assert [row.payload is None for row in await desk.town.rows("inbox")] == [True, False]


async def _ann(desk: Desk) -> int:
    return int((await desk.town.rows("customers"))[0].id)
