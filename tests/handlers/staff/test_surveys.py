"""Surveys at the staff's desk: looked at by all who read, switched and sent by who runs campaigns."""

from typing import Any

import pytest

from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.surveys import SurveyState
from services import segments
from services.surveys import book
from services.work import person_of_contact
from tests.handlers.harness import Said
from tests.handlers.staff.desk import ANN, BEN, CY, MIA, Desk, Heard
from tests.handlers.staff.private import Alone
from tests.services.surveyed import Answered, Asked, checked


async def _open(desk: Desk) -> None:
    """Let eleven answers to a survey be there, which is on, and a chat of Ann's beside them."""
    async with desk.town.work() as work:
        await checked(work)
        switched = await book.switch_survey(work, "check", SurveyState.ON, by=SYSTEM)
        assert not isinstance(switched, Refusal)
        saved = await segments.save(work, name="Golden", expression="tier = gold", by=SYSTEM)
        assert not isinstance(saved, Refusal)
    await desk.town.chat(ANN, "Ann").says("/start")


def _buttons(said: list[Said]) -> dict[str, str]:
    return {label: data for one in said for label, data in one.buttons}


def _words(heard: Heard) -> str:
    return "\n".join(said.text for said in heard.staff)


async def _state(desk: Desk) -> str:
    return str((await desk.town.rows("surveys", key="check"))[0].state)


async def test_ben_looks_at_what_was_answered(desk: Desk) -> None:
    """A list with figures, results in words, a picture on its way to the group, and what was written."""
    await _open(desk)
    listed = await desk.writes(BEN, "/surveys")
    assert "Check · on\nNPS +14" in listed.told_staff
    assert "7 answered (70%)" in listed.told_staff
    shown = await desk.taps(BEN, _buttons(listed.staff)["Check"])
    assert "Asked 10, answered 7 (70%), finished 5." in _words(shown)
    assert "Would you recommend us?" in _words(shown)
    assert "Only 7 answers" in _words(shown)
    [file] = await desk.town.rows("files", kind="survey")
    assert (file.name, file.customer_id, file.recipe["sent"]["target"][0]) == ("check.png", None, "staff_group")
    assert list(_buttons(shown.staff)) == ["💬 What people wrote"]
    written = await desk.taps(BEN, _buttons(shown.staff)["💬 What people wrote"])
    assert "Ann · – · Sun 22 Nov 09:00" in _words(written)
    assert "“so so”" in _words(written)
    assert shown.customer == written.customer == []


async def test_ben_may_look_in_private_too(desk: Desk) -> None:
    """The words and the picture come to whom asked."""
    await _open(desk)
    ben = Alone(desk, BEN, "Ben")
    listed = (await ben.writes("/surveys")).private[await ben.id()]
    read = await ben.taps(_buttons(listed)["Check"])
    assert "Asked 10, answered 7" in read.told(await ben.id())
    assert read.group == []
    [file] = await desk.town.rows("files", kind="survey")
    assert file.recipe["sent"]["target"][:2] == ["member", await ben.id()]


async def test_a_case_beside_the_words_is_opened_at_a_tap(desk: Desk) -> None:
    """What was written leads to the case it is about, in the chat of whoever asks."""
    await _open(desk)
    case = await desk.case_of(ANN)
    async with desk.town.work() as work:
        person = await person_of_contact(work, 1)
        assert person is not None
        await Answered(work).asks(person, Asked({"words": "torn again"}, columns={"case_id": case.id}))
    ben = Alone(desk, BEN, "Ben")
    listed = (await ben.writes("/surveys")).private[await ben.id()]
    read = (await ben.taps(_buttons(listed)["Check"])).private[await ben.id()]
    written = (await ben.taps(_buttons(read)["💬 What people wrote"])).private[await ben.id()]
    [way] = [data for label, data in _buttons(written).items() if label.startswith("C-")]
    opened = await ben.taps(way)
    assert "The zip is torn" in opened.told(await ben.id())


async def test_mia_switches_a_survey(desk: Desk) -> None:
    """Off and on again at a tap, each said and kept in the audit log."""
    await _open(desk)
    shown = await _results(desk, MIA)
    off = await desk.taps(MIA, shown["⏸ Switch off"])
    assert ("Check is now off." in _words(off), await _state(desk)) == (True, "off")
    again = await _results(desk, MIA)
    assert "📨 Send it" not in again
    await desk.taps(MIA, again["▶ Switch on"])
    assert await _state(desk) == "on"
    done = [row for row in await desk.town.rows("audit", subject_kind="survey") if row.actor_kind == "staff"]
    assert len(done) == 2


async def _results(desk: Desk, who: int) -> dict[str, str]:
    listed = await desk.writes(who, "/surveys")
    return _buttons((await desk.taps(who, _buttons(listed.staff)["Check"])).staff)


async def test_mia_sends_a_survey_after_a_look(desk: Desk) -> None:
    """Whom, how many may be asked, yes: a wave to that segment; before the yes nothing is made."""
    await _open(desk)
    whom = await desk.taps(MIA, (await _results(desk, MIA))["📨 Send it"])
    assert list(_buttons(whom.staff)) == ["Everybody", "Golden"]
    preview = await desk.taps(MIA, _buttons(whom.staff)["Everybody"])
    assert "is meant for 2; 0 of them can be asked now" in _words(preview)
    assert await desk.town.rows("survey_waves") == []
    sent = await desk.taps(MIA, _buttons(preview.staff)["Yes, ask them"])
    assert "“Check” is on its way" in _words(sent)
    [wave] = await desk.town.rows("survey_waves")
    assert (wave.survey, wave.segment, wave.cause, wave.by_kind) == ("check", None, "hand", "staff")
    golden = await desk.taps(MIA, _buttons(whom.staff)["Golden"])
    assert "is meant for 0" in _words(golden)
    await desk.taps(MIA, _buttons(golden.staff)["Yes, ask them"])
    assert [row.segment for row in await desk.town.rows("survey_waves")] == [None, "tier = gold"]


async def test_a_second_yes_makes_no_second_wave(desk: Desk) -> None:
    """Two taps on one button ask everybody once."""
    await _open(desk)
    go = f"k:surveysend:0:{await _id(desk)}:0:go"
    first, second = await desk.taps(MIA, go), await desk.taps(MIA, go)
    assert len(await desk.town.rows("survey_waves")) == 1
    assert ("on its way" in _words(first), "on its way" in _words(second)) == (True, False)


async def _id(desk: Desk) -> int:
    return int((await desk.town.rows("surveys", key="check"))[0].id)


@pytest.mark.parametrize("who", [BEN, CY])
async def test_who_runs_no_campaigns_sends_and_switches_nothing(desk: Desk, who: int) -> None:
    """Not even by a forged button."""
    await _open(desk)
    number = await _id(desk)
    for data in (f"surveysend:0:{number}", f"surveysend:0:{number}:0:go", f"surveyset:0:{number}:off"):
        heard: Any = await desk.taps(who, f"k:{data}")
        assert desk.town.answers[-1].alert
        assert heard.staff == []
    assert (await desk.town.rows("survey_waves"), await _state(desk)) == ([], "on")


@pytest.mark.parametrize(
    "data", ["survey:0:99", "survey:0:x", "surveyset:0:1:burnt", "surveysend:0:99", "surveywords:0"]
)
async def test_an_old_or_forged_button_is_said_to_be_one(desk: Desk, data: str) -> None:
    """No survey, no state of that name: one line, nothing changed."""
    await _open(desk)
    await desk.taps(MIA, f"k:{data}")
    assert "no such survey" in desk.popup
    assert await _state(desk) == "on"


async def test_a_segment_that_was_deleted_meanwhile_is_stale(desk: Desk) -> None:
    """Nobody is asked instead."""
    await _open(desk)
    await desk.taps(MIA, f"k:surveysend:0:{await _id(desk)}:77:go")
    assert desk.popup
    assert await desk.town.rows("survey_waves") == []
