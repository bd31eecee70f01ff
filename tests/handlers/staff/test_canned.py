"""Ready answers in the topic: found, looked at, sent; and the book of them written by buttons."""

from services.canned_book import seed_canned
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk, Heard


async def stocked(desk: Desk) -> CaseView:
    """Return a case of a desk that has the shipped answers."""
    async with desk.town.work() as work:
        await seed_canned(work)
    return await desk.case_of()


async def presses(case: CaseView, who: int, heard: Heard, start: str) -> Heard:
    """Press the button of what was just said whose data goes on with ``start``."""
    picker = next(said for said in heard.staff if any(start in data for _, data in said.buttons))
    data = next(data for _, data in picker.buttons if start in data)
    return await case.desk.taps(who, data, picker.message_id)


async def test_a_word_finds_a_tap_shows_a_second_sends(desk: Desk) -> None:
    """Nothing reaches Ann before Ben has seen what she will read."""
    case = await stocked(desk)
    found = await case.writes(BEN, "/c order")
    assert len(next(said for said in found.staff if said.buttons).buttons) > 1
    assert found.customer == []
    (one,) = await desk.town.rows("canned_answers", name="we are sorry")
    shown = await desk.taps(BEN, f"k:canned:{case.id}:{one.id}")
    assert "We are sorry, Ann." in shown.told_staff
    assert shown.customer == []
    sent = await presses(case, BEN, shown, ":send")
    assert [text for text in sent.told_customer if "We are sorry, Ann." in text]
    assert "on its way" in desk.popup
    assert (await case.last_said()).extra == {"canned": one.id}


async def test_not_now_sends_nothing(desk: Desk) -> None:
    """Ben thinks better of it."""
    case = await stocked(desk)
    shown = await case.writes(BEN, "/canned apology")
    done = await presses(case, BEN, shown, ":no")
    assert done.customer == []
    assert "Nothing was sent" in done.told_staff


async def test_an_exclamation_mark_sends_at_once(desk: Desk) -> None:
    """Who knows the name needs no second tap; a name that is none sends nothing."""
    case = await stocked(desk)
    sent = await case.writes(BEN, "/c We are sorry！")
    assert "We are sorry, Ann." in sent.told_customer[0]
    unknown = await case.writes(BEN, "/c we are so sorry!")
    assert unknown.customer == []
    assert "No ready answer is called" in unknown.told_staff


async def test_a_second_tap_on_send_is_a_second_answer_only_when_the_case_takes_it(desk: Desk) -> None:
    """A closed case takes none; Ben is told why."""
    case = await stocked(desk)
    shown = await case.writes(BEN, "/c apology")
    await case.writes(BEN, "/resolve")
    ann = desk.town.chat(11, "Ann")
    await ann.taps(f"c:solved:{case.id}")
    late = await presses(case, BEN, shown, ":send")
    assert late.customer == []
    assert desk.town.answers[-1].alert


async def test_sue_adds_an_answer_by_the_question_and_its_buttons(desk: Desk) -> None:
    """The name behind the plus, the text as an answer, then what happens besides."""
    case = await desk.case_of()
    asked = await desk.writes(SUE, "/canned + Gift wrap")
    prompt = next(said for said in asked.staff if said.body.get("force_reply"))
    done = await desk.writes(SUE, "We wrap it for you, {{ name }}.", reply_to=prompt.message_id)
    assert "Gift wrap" in done.told_staff
    await presses(case, SUE, done, ":ev:resolve")
    (one,) = await desk.town.rows("canned_answers")
    assert (one.name, one.texts, one.event) == ("Gift wrap", {"en": "We wrap it for you, {{ name }}."}, "resolve")


async def test_sue_adds_another_language_and_removes_it_all(desk: Desk) -> None:
    """``name zh_CN`` is the same answer; removed, it can be brought back with a tap."""
    case = await desk.case_of()
    for command, text in (("/canned + Gift", "A gift"), ("/canned + gift zh-cn", "礼物")):
        asked = await desk.writes(SUE, command)
        prompt = next(said for said in asked.staff if said.body.get("force_reply"))
        await desk.writes(SUE, text, reply_to=prompt.message_id)
    (one,) = await desk.town.rows("canned_answers")
    assert one.texts == {"en": "A gift", "zh_CN": "礼物"}
    removed = await desk.writes(SUE, "/canned - Gift")
    assert (await desk.town.rows("canned_answers"))[0].active in (False, 0)
    await presses(case, SUE, removed, ":back")
    assert (await desk.town.rows("canned_answers"))[0].active in (True, 1)
    actions = [row.action for row in await desk.town.rows("audit", subject_kind="canned")]
    assert actions == ["canned.add", "canned.change", "canned.remove", "canned.bring_back"]


async def test_a_faulty_text_is_refused_in_one_line(desk: Desk) -> None:
    """Sue reads which variable there is not."""
    await desk.case_of()
    asked = await desk.writes(SUE, "/canned + Gift")
    prompt = next(said for said in asked.staff if said.body.get("force_reply"))
    refused = await desk.writes(SUE, "Dear {{ nmae }}", reply_to=prompt.message_id)
    assert "There is no variable “nmae”" in refused.told_staff
    assert await desk.town.rows("canned_answers") == []


async def test_ben_is_not_asked_for_what_he_may_not_do(desk: Desk) -> None:
    """The refusal comes before the question, not after he has written a text."""
    await desk.case_of()
    heard = await desk.writes(BEN, "/canned + Gift")
    assert not [said for said in heard.staff if said.body.get("force_reply")]
    assert "Only a supervisor can do that" in heard.told_staff
