"""Questions to one member of staff: only that person answers, and the answer does what the button was for."""

from sqlalchemy import update

from domain.outgoing import Purpose
from storage.tables import outbox
from tests.handlers.harness import Said
from tests.handlers.staff.desk import BEN, CY, MIA, SUE, CaseView, Desk


async def asked(case: CaseView, who: int = BEN) -> Said:
    """Let somebody tap *Points*, then *Change*; returns the question."""
    heard = await case.desk.taps(who, f"k:points:{case.id}:change", case.card)
    return heard.staff[-1]


async def balance(desk: Desk) -> int:
    """Return what was booked for Ann."""
    return sum(row.points for row in await desk.town.rows("point_entries"))


async def test_a_button_asks_whoever_tapped_it_by_name(desk: Desk) -> None:
    """The question stands in the topic, calls Ben, and opens an answer for him alone."""
    case = await desk.case_of()
    question = await asked(case)
    assert question.text.startswith("👉 Ben: how many points")
    assert f"tg://user?id={BEN}" in question.html
    assert question.body["force_reply"]
    assert desk.popup == "Please answer the question below"


async def test_the_answer_does_what_the_button_was_for(desk: Desk) -> None:
    """What Ben writes is what a command would have had behind it, and stays on record among staff."""
    case = await desk.case_of()
    question = await asked(case)
    heard = await case.writes(BEN, "+50 The parcel was late", reply_to=question.message_id)
    assert "+50" in heard.told_staff
    assert (await balance(desk), heard.customer) == (50, [])
    said = await case.last_said()
    assert (said.text, said.visibility) == ("+50 The parcel was late", "internal")


async def test_an_answer_of_another_person_is_held_back(desk: Desk) -> None:
    """Sue's words under Ben's question do nothing and go nowhere until she says whom they are for."""
    case = await desk.case_of()
    question = await asked(case)
    heard = await case.writes(SUE, "+50 The parcel was late", reply_to=question.message_id)
    assert "This question was for Ben" in heard.told_staff
    assert (await balance(desk), heard.customer) == (0, [])
    assert [data.split(":")[1] for _, data in heard.staff[-1].buttons] == ["send", "keep"]


async def test_an_answer_to_a_question_whose_words_are_gone_is_held_back(desk: Desk) -> None:
    """After its retention nobody knows what was asked; the words are not taken for anything else."""
    case = await desk.case_of()
    question = await asked(case)
    async with desk.town.work() as work:
        await work.tx.execute(update(outbox).where(outbox.c.purpose == Purpose.PROMPT.value).values(body=None))
    heard = await case.writes(BEN, "+50 The parcel was late", reply_to=question.message_id)
    assert "too old" in heard.told_staff
    assert (await balance(desk), heard.customer) == (0, [])


async def test_an_answer_needs_words(desk: Desk) -> None:
    """A photo is no reason."""
    case = await desk.case_of()
    question = await asked(case)
    photo = [{"file_id": "P1", "file_unique_id": "u1", "width": 90, "height": 90, "file_size": 100}]
    heard = await case.writes(BEN, photo=photo, reply_to=question.message_id)
    assert "answer with words" in heard.told_staff
    assert heard.customer == []


async def test_who_may_not_do_it_is_not_asked(desk: Desk) -> None:
    """Mia and Cy tap, and no question costs the group a message."""
    case = await desk.case_of()
    for who in (MIA, CY):
        heard = await desk.taps(who, f"k:escalate:{case.id}", case.card)
        assert heard.staff == []
        assert desk.town.answers[-1].alert


async def test_a_stranger_answering_a_question_is_refused(desk: Desk) -> None:
    """Cy reads that nothing he writes counts."""
    case = await desk.case_of()
    question = await asked(case)
    heard = await case.writes(CY, "+50 for me", reply_to=question.message_id)
    assert "not on the staff list" in heard.told_staff
    assert await balance(desk) == 0


async def test_a_command_answers_no_question(desk: Desk) -> None:
    """Ben changes his mind and writes a command under the question: the command is done."""
    case = await desk.case_of()
    question = await asked(case)
    await case.writes(BEN, "/take", reply_to=question.message_id)
    assert (await case.now()).owner_id is not None
    assert await balance(desk) == 0


async def test_a_question_outside_of_any_case_is_answered_outside(desk: Desk) -> None:
    """/voucher alone in the general topic asks for the code there."""
    heard = await desk.writes(BEN, "/voucher")
    question = heard.staff[-1]
    answer = await desk.writes(BEN, "NOSUCHCODE22", reply_to=question.message_id)
    assert "no voucher with this code" in answer.told_staff
