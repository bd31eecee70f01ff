"""Ready answers: found, filled in, sent as staff's own words; what cannot be sent is not saved."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from domain.canned import EXAMPLES, MOST_UNITS, Canned, MacroEvent, Variable
from domain.cases import CaseState
from domain.desk import CannedSeed, DeskRules
from domain.errors import SettingsError
from domain.outcomes import Refusal
from domain.people import StaffMember
from domain.rules import Rules
from services import canned, canned_book
from services.casework import resolve_case
from services.customers import choose_language
from services.work import Work, person_of_contact
from storage.cases import get_case
from storage.interactions import Origin
from storage.staff import list_active
from tests.handlers.staff.desk import BEN, SUE, CaseView, Desk
from texts import Texts
from texts.ready import ShippedAnswer, shipped_answers


async def member(work: Work, user_id: int) -> StaffMember:
    """Return Ben or Sue."""
    return next(one for one in await list_active(work.tx) if one.user_id == user_id)


async def saved(desk: Desk, name: str, text: str, *, language: str = "en", by: int = SUE) -> Canned:
    """Let Sue save a ready answer."""
    async with desk.town.work() as work:
        done = await canned_book.save(work, name=name, language=language, text=text, by=await member(work, by))
    assert isinstance(done, Canned), done
    return done


async def sends(case: CaseView, one: Canned, *, by: int = BEN) -> canned.Filled | Refusal:
    """Let Ben send a ready answer in a case."""
    async with case.desk.town.work() as work:
        origin = Origin(-1001, None, case.desk.town.next_message_id() + 100_000)
        return await canned.use(work, canned_id=one.id, case_id=case.id, by=await member(work, by), origin=origin)


async def test_a_fresh_database_gets_the_shipped_answers_once(desk: Desk) -> None:
    """They come in every offered language, and what Sue removed does not come back with the next start."""
    async with desk.town.work() as work:
        await canned_book.seed_canned(work)
        first = await canned.find(work, "", "en")
        assert {one.name for one in first} == {answer.names["en"] for answer in shipped_answers()}
        assert all(set(one.texts) == {"en", "zh_CN", "zh_TW"} for one in first)
        await canned_book.remove(work, canned_id=first[0].id, by=await member(work, SUE))
    async with desk.town.work() as work:
        await canned_book.seed_canned(work)
        assert len(await canned.find(work, "", "en")) == len(first) - 1


@pytest.mark.parametrize("answer", shipped_answers(), ids=lambda answer: answer.names["en"])
def test_every_shipped_text_can_be_saved(answer: ShippedAnswer) -> None:
    """No shipped text has a fault, whichever its language."""
    for text in answer.texts.values():
        assert canned.why_no_text(text) is None


async def test_seeds_of_the_configuration_stand_beside_the_shipped_ones(desk: Desk) -> None:
    """A seed is a macro with its tag; afterwards the database owns it."""
    seeds = (CannedSeed("Ours", {"en": "Hi {{ name }}"}, "hello", "hold", "VIP"),)
    desk.town.rules = replace(desk.town.rules, desk=DeskRules(canned=seeds))
    async with desk.town.work() as work:
        await canned_book.seed_canned(work)
        (ours,) = await canned.find(work, "hello", "en")
        assert (ours.event, ours.tag) == (MacroEvent.HOLD, "vip")
        await canned_book.set_tag(work, canned_id=ours.id, tag="other", by=await member(work, SUE))
        await canned_book.seed_canned(work)
        assert (await canned.find(work, "hello", "en"))[0].tag == "other"


async def test_a_seed_that_cannot_be_sent_stops_the_start_with_one_line(desk: Desk) -> None:
    """The line names the key, and what is known."""
    seeds = (CannedSeed("Ours", {"en": "Hi {{ nmae }}"}),)
    desk.town.rules = Rules(desk=DeskRules(canned=seeds))
    with pytest.raises(SettingsError, match=r"desk\.canned #1\.texts\.en: There is no variable .nmae.*\{\{ name \}\}"):
        async with desk.town.work() as work:
            await canned_book.seed_canned(work)


async def test_an_answer_is_found_by_a_word_however_it_is_written(desk: Desk) -> None:
    """By name, further words and texts; 繁 and 简, wide and narrow, large and small are the same."""
    async with desk.town.work() as work:
        await canned_book.seed_canned(work)
        for words in ("refund", "ＲＥＦＵＮＤ", "REFUND way", "退款", "银行", "銀行"):
            assert "refund on its way" in [one.name for one in await canned.find(work, words, "en")], words
        assert await canned.find(work, "错过", "en") == []
        assert (await canned.find(work, "we are sorry", "en"))[0].name == "we are sorry"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("  ", "empty"),
        ("{{ nmae }}", "unknown"),
        ("Hello {{ name", "syntax"),
        ("{% for x in name %}a{% endfor %}", "complicated"),
        ("{{ name.__class__ }}", "complicated"),
        ("{{ 'a' * 99999999 }}", "complicated"),
        ("{{ name|pprint }}", "filter"),
        ("x" * (MOST_UNITS + 1), "too_long"),
        ("{{ name }}" * 300, "too_long"),
        ("{% if order %}{{ ordr }}{% endif %}", "unknown"),
    ],
)
def test_what_could_not_be_sent_has_a_fault_told_in_one_line(texts: Texts, text: str, why: str) -> None:
    """Whoever wrote it reads what is wrong with it, in every language."""
    fault = canned.why_no_text(text)
    assert fault is not None
    assert fault.key == f"ready.refused.{why}"
    for language in texts.languages:
        assert "\n" not in texts.button(fault.key, language, **fault.values)


async def test_ben_may_use_the_book_but_not_write_in_it(desk: Desk) -> None:
    """Only who supervises changes what everybody sends; each change has its author."""
    async with desk.town.work() as work:
        ben = await member(work, BEN)
        refused = await canned_book.save(work, name="x", language="en", text="Hi", by=ben)
        assert refused == Refusal("casework.refused.supervisors")
        one = await canned_book.save(work, name="x", language="en", text="Hi", by=await member(work, SUE))
        assert isinstance(one, Canned)
        for done in (
            await canned_book.remove(work, canned_id=one.id, by=ben),
            await canned_book.set_event(work, canned_id=one.id, event=MacroEvent.HOLD, by=ben),
        ):
            assert done == Refusal("casework.refused.supervisors")
    (row,) = await desk.town.rows("audit", subject_kind="canned")
    assert (row.action, row.after["text"]) == ("canned.add", "Hi")


async def test_an_answer_goes_out_as_plain_words_of_who_sent_it(desk: Desk) -> None:
    """What looks like HTML in a name stays what it is; the record knows which answer it was."""
    case = await desk.case_of(name="<b>Ann</b> & Co")
    one = await saved(desk, "hello", "Dear {{ name }}, {{ number }} <i>is</i> ours. {{ staff }}, {{ business }}")
    filled = await sends(case, one)
    assert isinstance(filled, canned.Filled)
    number = (await case.now()).public_number
    assert filled.text == f"Dear <b>Ann</b> & Co, {number} <i>is</i> ours. Ben, Tailor & Son"
    said = await case.last_said()
    assert (said.text, said.extra, said.entities) == (filled.text, {"canned": one.id}, None)
    (row,) = await desk.town.rows("outbox", purpose="staff_answer")
    assert not row.body.get("html")
    assert row.body["content"]["text"] == f"Ben\n{filled.text}"
    assert (await case.now()).state is CaseState.WAITING


async def test_the_language_is_the_customers_or_the_nearest_there_is(desk: Desk) -> None:
    """Ann reads 繁體中文; without such a text she gets 简体 rather than English."""
    case = await desk.case_of()
    one = await saved(desk, "hello", "Hello {{ name }}")
    async with desk.town.work() as work:
        found = await get_case(work.tx, case.id)
        assert found is not None
        person = await person_of_contact(work, found.contact_point_id or 0)
        assert person is not None
        await choose_language(work, person, "zh_TW")
    async with desk.town.work() as work:
        ben = await member(work, BEN)
        filled = await canned.fill(work, canned_id=one.id, case_id=case.id, by=ben)
        assert isinstance(filled, canned.Filled)
        assert (filled.language, filled.wanted) == ("en", "zh_TW")
    await saved(desk, "HELLO", "{{ name }} 您好，我是{{ staff }}。", language="zh_CN")
    async with desk.town.work() as work:
        filled = await canned.fill(work, canned_id=one.id, case_id=case.id, by=await member(work, BEN))
        assert isinstance(filled, canned.Filled)
        assert (filled.language, filled.text) == ("zh_CN", "Ann 您好，我是 Ben。")


async def test_what_the_case_does_not_have_is_not_left_out_in_silence(desk: Desk) -> None:
    """An answer that names the order is refused where there is none, unless it says what then."""
    case = await desk.case_of()
    hard = await saved(desk, "hard", "Order {{ order }} has left us.")
    soft = await saved(desk, "soft", "Your order{% if order %} {{ order }}{% endif %} has left us.")
    refused = await sends(case, hard)
    assert isinstance(refused, Refusal)
    assert refused.key == "ready.missing.order"
    sent = await sends(case, soft)
    assert isinstance(sent, canned.Filled)
    assert sent.text == "Your order has left us."


async def test_a_macro_answers_changes_the_state_and_tags(desk: Desk) -> None:
    """All three in one transaction; the customer reads the answer before the question whether it is solved."""
    case = await desk.case_of()
    one = await saved(desk, "done", "All done, {{ name }}.")
    async with desk.town.work() as work:
        sue = await member(work, SUE)
        await canned_book.set_event(work, canned_id=one.id, event=MacroEvent.RESOLVE, by=sue)
        await canned_book.set_tag(work, canned_id=one.id, tag="#Refund", by=sue)
    await sends(case, one)
    assert (await case.now()).state is CaseState.RESOLVED
    assert [row.tag for row in await desk.town.rows("case_tags", case_id=case.id)] == ["refund"]
    told = await desk.town.rows("outbox", target_kind="contact", state="queued")
    assert "All done, Ann." in told[0].body["content"]["text"]
    assert "c:solved" in str(told[1].body["buttons"])


async def test_a_macro_that_is_refused_does_nothing_at_all(desk: Desk) -> None:
    """In a solved case nothing can be put on hold, so that the answer does not go out either."""
    case = await desk.case_of()
    one = await saved(desk, "later", "We come back to you.")
    async with desk.town.work() as work:
        await canned_book.set_event(work, canned_id=one.id, event=MacroEvent.HOLD, by=await member(work, SUE))
        await resolve_case(work, case_id=case.id, by=await member(work, BEN))
    refused = await sends(case, one)
    assert isinstance(refused, Refusal)
    assert refused.key == "ready.refused.macro_state"
    assert await case.record(author_kind="staff") == []
    assert await desk.town.rows("case_tags") == []


async def test_a_promise_that_has_passed_is_none(desk: Desk) -> None:
    """“By 16:00” is not written at 17:00."""
    case = await desk.case_of()
    one = await saved(desk, "soon", "You hear from us {{ promised }}.")
    sent = await sends(case, one)
    assert isinstance(sent, canned.Filled)
    assert "today" in sent.text
    other = await desk.case_of(user_id=77, name="Bob")
    desk.town.now += timedelta(days=2)
    refused = await sends(other, one)
    assert isinstance(refused, Refusal)
    assert refused.key == "ready.missing.promised"


def test_the_page_lists_every_variable_with_its_example() -> None:
    """What shop people read and what is known cannot differ."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "canned.md").read_text("utf-8")
    listed = re.findall(r"^\| `\{\{ (\w+) \}\}` \| .+ \| (.+) \|$", page, re.MULTILINE)
    assert listed == [(variable.value, EXAMPLES[variable]) for variable in Variable]
