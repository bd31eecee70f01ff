"""Commands and buttons: the same deeds, the same refusals."""

import asyncio

import pytest

from domain.cases import CaseState
from domain.people import Role
from storage.database import Database, open_database
from tests.handlers.staff.desk import ANN, BEN, CY, MIA, SUE, CaseView, Desk, Heard, SlowTown


async def do(case: CaseView, way: str, who: int, deed: str) -> Heard:
    """Do a deed by its command or its button."""
    if way == "command":
        return await case.writes(who, f"/{deed}")
    return await case.desk.taps(who, f"k:{deed}:{case.id}", case.card)


def answer_to(case: CaseView, way: str, heard: Heard) -> str:
    """Return what the person who did it read."""
    return heard.told_staff if way == "command" else case.desk.popup


@pytest.mark.parametrize("way", ["command", "button"])
async def test_take_makes_a_case_mine(desk: Desk, way: str) -> None:
    """Ben takes it; the card is shown anew and he reads that it is his."""
    case = await desk.case_of()
    heard = await do(case, way, BEN, "take")
    assert "now Ben's" in answer_to(case, way, heard)
    now = await case.now()
    assert (now.state, now.owner_id is not None) == (CaseState.OPEN, True)
    assert any("Whose: Ben" in said.text for said in heard.staff)


@pytest.mark.parametrize("way", ["command", "button"])
async def test_the_second_who_takes_is_told_who_was_first(desk: Desk, way: str) -> None:
    """Sue comes a moment too late."""
    case = await desk.case_of()
    await do(case, way, BEN, "take")
    heard = await do(case, way, SUE, "take")
    assert "Ben was first" in answer_to(case, way, heard)


@pytest.mark.parametrize("way", ["command", "button"])
async def test_resolving_asks_the_customer(desk: Desk, way: str) -> None:
    """Ann is asked whether it is solved, whichever way Ben said so."""
    case = await desk.case_of()
    heard = await do(case, way, BEN, "resolve")
    assert [data for said in heard.customer for _, data in said.buttons] == [
        f"c:solved:{case.id}",
        f"c:unsolved:{case.id}",
    ]
    assert (await case.now()).state is CaseState.RESOLVED


@pytest.mark.parametrize("way", ["command", "button"])
async def test_reopening_by_staff_does_not_disturb_the_customer(desk: Desk, way: str) -> None:
    """Ben sees that it is not done; Ann hears nothing."""
    case = await desk.case_of()
    await do(case, way, BEN, "resolve")
    heard = await do(case, way, BEN, "reopen")
    assert heard.customer == []
    assert (await case.now()).state is CaseState.OPEN


@pytest.mark.parametrize("way", ["command", "button"])
@pytest.mark.parametrize("who", [MIA, CY])
async def test_who_may_not_work_on_cases_changes_nothing(desk: Desk, way: str, who: int) -> None:
    """Neither a marketer nor a stranger can take or resolve a case."""
    case = await desk.case_of()
    for deed in ("take", "resolve"):
        heard = await do(case, way, who, deed)
        assert "not" in answer_to(case, way, heard)
        desk.town.moves(hours=1)
    assert (await case.now()).state is CaseState.NEW


async def test_resolving_twice_asks_the_customer_once(desk: Desk) -> None:
    """The second tap is told that it is done."""
    case = await desk.case_of()
    await desk.taps(BEN, f"k:resolve:{case.id}")
    heard = await desk.taps(SUE, f"k:resolve:{case.id}")
    assert heard.customer == []
    assert "solved or closed" in desk.popup


@pytest.mark.parametrize(
    "data",
    ["k:take:999", "k:survey:999:2", "k:take:x", "k:take", "k:fly:1", "k:", "c:solved:1", "", "k:take:-5"],
)
async def test_a_forged_tap_changes_nothing_and_is_answered(desk: Desk, data: str) -> None:
    """Data made by hand gets a pop-up and no more."""
    case = await desk.case_of()
    heard = await desk.taps(BEN, data)
    assert (heard.customer, heard.staff) == ([], [])
    assert desk.town.answers[-1].alert
    assert (await case.now()).state is CaseState.NEW


async def test_a_command_outside_of_a_case_asks_which(desk: Desk) -> None:
    """In the general topic /resolve cannot know what is meant."""
    await desk.case_of()
    heard = await desk.writes(BEN, "/resolve")
    assert "Which case?" in heard.told_staff


async def test_a_command_in_a_plain_group_acts_on_the_case_it_answers(plain_desk: Desk) -> None:
    """Ben answers the card with /take."""
    case = await plain_desk.case_of()
    await plain_desk.writes(BEN, "/take", reply_to=case.card)
    assert (await case.now()).state is CaseState.OPEN


@pytest.mark.parametrize("text", ["/help", "/nothing"])
async def test_help_and_bare_unknown_commands_explain(desk: Desk, text: str) -> None:
    """Any command gets a useful answer, in a case and outside."""
    case = await desk.case_of()
    for heard in (await case.writes(BEN, text), await desk.writes(BEN, text)):
        assert "How we talk here" in heard.told_staff
        assert heard.customer == []


async def test_a_command_for_another_bot_is_none_of_ours(desk: Desk) -> None:
    """/ban@other_bot neither reaches the customer nor is answered."""
    case = await desk.case_of()
    heard = await case.writes(BEN, "/ban@other_bot spam")
    assert (heard.customer, heard.staff) == ([], [])


async def test_what_a_command_did_is_on_record(desk: Desk) -> None:
    """The command stands among what was said about the case, for staff alone."""
    case = await desk.case_of()
    await case.writes(BEN, "/take")
    said = await case.last_said()
    assert (said.kind, said.text, said.visibility) == ("command", "/take", "internal")


async def test_staff_read_their_own_language(database: Database) -> None:
    """A group that reads Chinese is spoken to in Chinese while Ann reads English."""
    desk = await Desk(SlowTown(database)).opens(language="zh_TW")
    case = await desk.case_of(ANN)
    heard = await case.writes(BEN, "/resolve")
    assert "標記為已解決" in heard.told_staff
    assert all("標記" not in text for text in heard.told_customer)


@pytest.mark.parametrize("command", ["/ban 2 days rude", "/unban", "/merge {other}"])
async def test_two_at_once_do_not_wait_for_each_other(postgresql_database_url: str, command: str) -> None:
    """Ben and Sue do the same from two topics of one customer: nobody's update is thrown back by a deadlock."""
    database = open_database(postgresql_database_url)
    try:
        desk = await Desk(SlowTown(database)).opens()
        await desk.town.hires(CY, "Cy", Role.SUPERVISOR)
        for _ in range(3):
            one, two = await desk.case_of(), await desk.case_of(words="The button is lost")
            numbers = (await two.now()).public_number, (await one.now()).public_number
            await asyncio.gather(
                one.writes(SUE, command.format(other=numbers[0])), two.writes(CY, command.format(other=numbers[1]))
            )
    finally:
        await database.close()


@pytest.mark.parametrize("command", ["assign", "transfer", "back", "canned"])
async def test_a_refusal_fits_in_a_message(desk: Desk, command: str) -> None:
    """What nobody can find is not told back at its whole length, which Telegram would not take."""
    case = await desk.case_of()
    heard = await case.writes(SUE, f"/{command} " + "x" * 4000)
    assert 0 < len(heard.told_staff) < 1000
