"""States and owners in the hands of staff: pickers, questions, and the commands that are equal to them."""

from datetime import timedelta

import pytest

from domain.cases import CaseState, EndedAs
from tests.handlers.harness import Said
from tests.handlers.staff.desk import BEN, SUE, Desk, Heard
from tests.services.test_ownership import who


def picker(heard: Heard) -> Said:
    """Return the message with a choice of buttons."""
    return next(one for one in reversed(heard.staff) if one.buttons)


async def test_a_case_is_handed_on_by_three_taps_and_a_few_words(desk: Desk) -> None:
    """*Hand on*, the name, the note: Sue has it and reads why."""
    case = await desk.case_of()
    sue = await who(desk, SUE)
    people = picker(await desk.taps(BEN, f"k:transfer:{case.id}", case.card))
    question = await desk.taps(BEN, people.data(f"k:transfer:{case.id}:{sue.id}"), people.message_id)
    heard = await case.writes(BEN, "Ann is hard of hearing", reply_to=question.staff[-1].message_id)
    assert (await case.now()).owner_id == sue.id
    assert "Ann is hard of hearing" in heard.told_staff
    assert heard.customer == []
    assert [row.text for row in await case.record(author_kind="staff")] == ["Ann is hard of hearing"]


async def test_the_command_says_it_all_at_once(desk: Desk) -> None:
    """``/transfer @Sue`` and the note; a name nobody has is asked back."""
    case = await desk.case_of()
    assert "do not know who" in (await case.writes(BEN, "/transfer @Tom please")).told_staff
    await case.writes(BEN, "/transfer @Sue Ann is hard of hearing")
    assert (await case.now()).owner_id == (await who(desk, SUE)).id


@pytest.mark.parametrize(
    ("way", "hours"), [("1h", 1.0), ("1d", 24.0), ("open", None), ("/hold 2h waiting for the zip", 2.0)]
)
async def test_a_case_is_held_by_button_or_command(desk: Desk, way: str, hours: float | None) -> None:
    """How long is chosen or written; the choice itself becomes the word about it."""
    case = await desk.case_of()
    if way.startswith("/"):
        heard = await case.writes(BEN, way)
    else:
        choice = picker(await desk.taps(BEN, f"k:hold:{case.id}", case.card))
        heard = await desk.taps(BEN, choice.data(f"k:hold:{case.id}:{way}"), choice.message_id)
        assert [one.message_id for one in heard.staff if "on hold" in one.text and not one.buttons] == [
            choice.message_id
        ]
    held = await case.now()
    assert held.state is CaseState.ON_HOLD
    assert held.held_until_at == (None if hours is None else desk.town.now + timedelta(hours=hours))
    assert heard.customer == []


async def test_another_time_is_asked_for_and_understood(desk: Desk) -> None:
    """*Another time*: what is no time is asked back, what is one counts on the shop's clock."""
    case = await desk.case_of()
    choice = picker(await desk.taps(BEN, f"k:hold:{case.id}", case.card))
    question = await desk.taps(BEN, choice.data(f"k:hold:{case.id}:own"), choice.message_id)
    answered = question.staff[-1].message_id
    assert "do not understand" in (await case.writes(BEN, "some day", reply_to=answered)).told_staff
    await case.writes(BEN, "tomorrow 14:00 the zip comes", reply_to=answered)
    assert (await case.now()).held_until_at == desk.town.now + timedelta(hours=26)


async def test_spam_asks_first(desk: Desk) -> None:
    """One tap too many closes nothing: *no* leaves the case, *yes* closes it, and Ann hears nothing."""
    case = await desk.case_of()
    sure = picker(await desk.taps(BEN, f"k:spam:{case.id}", case.card))
    await desk.taps(BEN, sure.data(f"k:spam:{case.id}:no"), sure.message_id)
    assert (await case.now()).live
    heard = await desk.taps(BEN, sure.data(f"k:spam:{case.id}:yes"), sure.message_id)
    assert ((await case.now()).ended_as, heard.customer) == (EndedAs.SPAM, [])


@pytest.mark.parametrize("by_command", [True, False])
async def test_a_duplicate_is_merged_by_its_number_or_by_a_tap(desk: Desk, by_command: bool) -> None:
    """``/merge C-1001`` in the topic of the duplicate, or the other case chosen from those of the customer."""
    main, duplicate = await desk.case_of(), await desk.case_of(words="again")
    number = (await main.now()).number
    if by_command:
        await duplicate.writes(BEN, f"/merge C-{number}")
    else:
        choice = picker(await desk.taps(BEN, f"k:merge:{duplicate.id}", duplicate.card))
        await desk.taps(BEN, choice.data(f"k:merge:{duplicate.id}:{number}"), choice.message_id)
    assert (await duplicate.now()).merged_into == main.id


async def test_tags_are_put_and_taken_by_taps(desk: Desk) -> None:
    """What others used is offered; a tap puts it on, another takes it off."""
    other, case = await desk.case_of(100), await desk.case_of()
    await other.writes(BEN, "/tag torn zip")
    choice = picker(await desk.taps(BEN, f"k:tag:{case.id}", case.card))
    await desk.taps(BEN, choice.data(f"k:tag:{case.id}:torn zip"), choice.message_id)
    assert len(await desk.town.rows("case_tags", case_id=case.id)) == 1
    choice = picker(await desk.taps(BEN, f"k:tag:{case.id}", case.card))
    await desk.taps(BEN, choice.data(f"k:untag:{case.id}:torn zip"), choice.message_id)
    assert await desk.town.rows("case_tags", case_id=case.id) == []


async def test_everything_is_handed_over_by_command_or_two_taps(desk: Desk) -> None:
    """``/handover @Ben @Sue`` and back again by the buttons."""
    case = await desk.case_of()
    await case.writes(BEN, "/take")
    ben, sue = await who(desk, BEN), await who(desk, SUE)
    assert "Handed over from Ben to Sue: cases: 1." in (await desk.writes(SUE, "/handover @Ben @Sue")).told_staff
    assert (await case.now()).owner_id == sue.id
    giver = picker(await desk.writes(SUE, "/handover"))
    successor = picker(await desk.taps(SUE, giver.data(f"k:handover:0:{sue.id}"), giver.message_id))
    await desk.taps(SUE, successor.data(f"k:handover:0:{sue.id}:{ben.id}"), successor.message_id)
    assert (await case.now()).owner_id == ben.id


async def test_away_and_back_by_command_and_tap(desk: Desk) -> None:
    """``/away`` at once, with buttons for until when; ``/back`` ends it; Sue says it for Ben."""
    choice = picker(await desk.writes(BEN, "/away"))
    assert not (await who(desk, BEN)).present(desk.town.now)
    await desk.taps(BEN, choice.data("k:away:0:3d"), choice.message_id)
    assert (await who(desk, BEN)).absent_until_at == desk.town.now + timedelta(days=3)
    assert "Ben is back" in (await desk.writes(BEN, "/back")).told_staff
    assert "away until" in (await desk.writes(SUE, "/away @Ben 2d")).told_staff
    assert (await who(desk, BEN)).absent_until_at == desk.town.now + timedelta(days=2)


async def test_the_history_is_read_by_who_only_reads(desk: Desk) -> None:
    """Mia the marketer reads what became of a case; what people write in it is never markup."""
    case = await desk.case_of(name="<b>Ann")
    await case.writes(BEN, "/take")
    heard = await case.writes(44, "/history")
    assert "Ben: new → in work · nobody → Ben" in heard.told_staff
    assert "<b>Ann: opened" in heard.told_staff
