"""A low answer to any survey is put right by a named person; a high one brings the link for friends."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from domain.cases import CaseState, Priority
from domain.contact import Hold
from domain.interactions import Content, Kind
from domain.loyalty import Occasion
from domain.outcomes import Refusal
from domain.outgoing import TargetKind
from domain.people import SYSTEM, ConsentClass
from domain.surveys.definition import SurveyState
from services.bans import ban
from services.confidential import make_confidential
from services.contact import may_contact
from services.customers import set_consent
from services.members import set_absent
from services.merging import join_records
from services.surveys import answering
from services.surveys.after_case import survey_for_case
from services.surveys.book import Added, add_survey, get_survey
from services.surveys.document import read_toml
from services.surveys.loop import on_words, thanks_extra
from services.task_watch import remind_due
from services.webhooks import add_endpoint
from storage.digest import Span, count
from storage.responses import get_response
from storage.tables import customers
from tests.handlers.staff.desk import ANN, BEN, SUE, Desk
from tests.services.survey_shop import EASE, FIT, NPS, QUARTERLY, SERVICE, WHY, Shop, document

OTHER_CHAT = 1111
_MEANWHILE_S = 0.5


@pytest.fixture
async def shop(desk: Desk) -> Shop:
    """A desk with Ann."""
    return await Shop(desk).opens()


async def test_a_detractor_gets_a_case_with_owner_priority_time_and_answers(shop: Shop) -> None:
    """Ann gives 3 of 10: Ben has a pressing case with her answer on its card, and she reads who calls by when, once."""
    response = await shop.asks(QUARTERLY)
    said = await shop.answers(response, "nps", 3)
    case = await shop.case()
    [ben] = await shop.town.rows("staff_members", user_id=BEN)
    [task] = await shop.town.rows("tasks")
    assert (case.kind, case.priority, case.owner_id, case.state) == ("complaint", Priority.HIGH, ben.id, CaseState.NEW)
    assert (task.kind, task.owner_id, task.case_id) == ("promise", ben.id, case.id)
    assert task.due_at.date() == shop.town.now.date()
    assert case.promised_at == task.due_at
    clock = f"{task.due_at:%H:%M}"
    [read] = [one for one in said if clock in one.text]
    assert "Ben" in read.text
    assert case.public_number in read.text
    assert "How was our service?" in read.text
    assert "Would you recommend us? 3 of 10" in await shop.card(case)
    assert "3 of 10" in (case.summary or "")
    [row] = await shop.town.rows("survey_responses")
    assert (row.opened_case_id, row.case_id, row.low_at) == (case.id, None, shop.town.now)


async def test_further_answers_come_to_the_same_case(shop: Shop) -> None:
    """Ann's next low answer and her words are seen in the case there is; she is promised nothing twice."""
    response = await shop.asks(QUARTERLY)
    await shop.answers(response, "nps", 3)
    said = await shop.answers(response, "service", 1)
    await shop.writes("Nobody answers the phone")
    case = await shop.case()
    assert len(await shop.town.rows("tasks")) == 1
    assert not any("Ben" in one.text for one in said)
    card = await shop.card(case)
    assert "How was our service? ★☆☆☆☆" in card
    assert "Nobody answers the phone" in card
    [words] = await shop.town.rows("interactions", case_id=case.id, text="Nobody answers the phone")
    async with shop.town.work() as work:
        row = await get_response(work.tx, response)
        assert row is not None
        content = Content(Kind.TEXT, words.text)
        await on_words(work, await shop.ann(work), row, interaction_id=words.id, content=content)
    told = [row for row in await shop.town.rows("outbox") if row.purpose == "customer_words"]
    assert [row.body["content"]["text"] for row in told] == ["Nobody answers the phone"]


async def test_what_was_said_before_a_low_answer_comes_with_it(shop: Shop) -> None:
    """Ann first writes why and then gives 2: the case begins with her words."""
    response = await shop.asks(document("early", WHY, NPS))
    await shop.writes("The zip is torn")
    await shop.answers(response, "nps", 2)
    case = await shop.case()
    assert [row.text for row in await shop.town.rows("interactions", case_id=case.id, author_kind="customer")] == [
        "The zip is torn"
    ]


@pytest.mark.parametrize(
    ("question", "key", "value", "opens"),
    [(EASE, "ease", 2, True), (EASE, "ease", 3, False), (FIT, "fit", 4, True), (FIT, "fit", 5, False)],
)
async def test_other_kinds_have_thresholds_of_their_own(
    shop: Shop, question: str, key: str, value: int, opens: bool
) -> None:
    """2 of 7 for ease and 4 of 10 for a rating are low, one more is not."""
    response = await shop.asks(document("other", question, WHY))
    await shop.answers(response, key, value)
    assert len(await shop.cases()) == int(opens)


@pytest.mark.parametrize("how", ["study", "off"])
async def test_a_survey_that_does_not_act_opens_nothing_but_marketing_waits(shop: Shop, how: str) -> None:
    """A study that only measures, or a shop without the loop, opens no case; Ann is left in peace all the same."""
    if how == "off":
        shop.loops(enabled=False)
    response = await shop.asks(document("study", NPS, WHY, more="acts = false\n" if how == "study" else ""))
    async with shop.town.work() as work:
        ann = await shop.ann(work)
        await set_consent(work, ann, ConsentClass.OFFERS, given=True)
    await shop.answers(response, "nps", 0)
    assert not await shop.cases()
    async with shop.town.work() as work:
        assert (await may_contact(work, ann.customer.id, ConsentClass.OFFERS)).why is Hold.LOW_SCORE


async def test_a_slip_of_the_thumb_holds_no_marketing_but_keeps_the_promise(shop: Shop) -> None:
    """Ann meant 10, not 1: nothing is low any more, and Ben still calls as he was promised to."""
    response = await shop.asks(QUARTERLY)
    await shop.answers(response, "nps", 1)
    async with shop.town.work() as work:
        await answering.back(work, await shop.ann(work), response_id=response, question="service", replacing=None)
    await shop.answers(response, "nps", 10)
    [row] = await shop.town.rows("survey_responses")
    [task] = await shop.town.rows("tasks")
    assert (row.low_at, task.cancelled_at) == (None, None)
    assert (await shop.case()).live


@pytest.mark.parametrize("everybody", [False, True])
async def test_the_promise_names_somebody_who_is_here(shop: Shop, everybody: bool) -> None:
    """Ben looks after Ann and is away: Sue, who is next, is promised. With everybody away it is handed up."""
    async with shop.town.work() as work:
        ben, sue = await shop.member(work, BEN), await shop.member(work, SUE)
        ann = await shop.ann(work)
        await work.tx.execute(customers.update().where(customers.c.id == ann.customer.id).values(owner_id=ben.id))
        for member in (ben, sue) if everybody else (ben,):
            await set_absent(work, member.id, until=None, by=SYSTEM)
    response = await shop.asks(QUARTERLY)
    await shop.answers(response, "nps", 3)
    case, [task] = await shop.case(), await shop.town.rows("tasks")
    assert task.owner_id == sue.id
    assert case.owner_id == (None if everybody else sue.id)
    assert len(await shop.town.rows("escalations")) == int(everybody)


async def test_the_customers_own_person_goes_first(shop: Shop) -> None:
    """Sue looks after Ann, so it is Sue who calls, though it is Ben's turn."""
    async with shop.town.work() as work:
        ann, sue = await shop.ann(work), await shop.member(work, SUE)
        await work.tx.execute(customers.update().where(customers.c.id == ann.customer.id).values(owner_id=sue.id))
    response = await shop.asks(QUARTERLY)
    said = await shop.answers(response, "nps", 3)
    assert (await shop.case()).owner_id == sue.id
    assert any("Sue" in one.text for one in said)


async def test_other_systems_hear_of_each_low_answer_and_of_its_case(shop: Shop) -> None:
    """Each low answer is told with the case that puts it right, and the end once; what Ann wrote is not."""
    async with shop.town.work() as work:
        await add_endpoint(work, url="https://shop.example/hook", kinds=[], allow_private=False, by=SYSTEM)
    response = await shop.asks(QUARTERLY)
    await shop.answers(response, "nps", 3)
    await shop.answers(response, "service", 1)
    await shop.writes("Nobody answers the phone")
    number = (await shop.case()).public_number
    told = [row for row in await shop.town.rows("webhook_events") if row.kind.startswith("survey.")]
    assert [(row.kind, row.data.get("case")) for row in told] == [
        ("survey.low", number),
        ("survey.low", number),
        ("survey.finished", None),
    ]
    assert "phone" not in str([row.data for row in told])


async def test_the_owner_of_the_promise_is_reminded_of_it(shop: Shop) -> None:
    """Shortly before Ann's time is up Ben reads so in the topic."""
    response = await shop.asks(QUARTERLY)
    await shop.answers(response, "nps", 3)
    [task] = await shop.town.rows("tasks")
    shop.town.now = task.due_at - shop.town.rules.desk.task_reminder
    async with shop.town.work() as work:
        assert await remind_due(work, limit=10) == 1
    assert "Would you recommend us?" in "\n".join(one.text for one in await shop.town.deliver())


async def test_a_second_survey_goes_into_the_live_case(shop: Shop) -> None:
    """While Ben's call is owed, a low answer to another survey comes to the same case and the same time."""
    await shop.answers(await shop.asks(QUARTERLY), "nps", 3)
    said = await shop.answers(await shop.asks(document("fitting", FIT, WHY)), "fit", 1)
    case, [task] = await shop.case(), await shop.town.rows("tasks")
    assert any(f"{task.due_at:%H:%M}" in one.text and case.public_number in one.text for one in said)
    card = await shop.card(case)
    assert "How does it fit? 1 of 10" in card
    assert "Would you recommend us? 3 of 10" in card


async def test_two_low_answers_at_once_make_one_case(shop: Shop) -> None:
    """Ann has two chats with us and answers a survey in each in the same moment: one case, one promise."""
    await shop.town.chat(OTHER_CHAT, "Ann").says("/start")
    async with shop.town.work() as work:
        twice = (await shop.ann(work)).customer.id, (await shop.ann(work, OTHER_CHAT)).customer.id
        assert await join_records(work, keep_id=twice[0], duplicate_id=twice[1], by=SYSTEM) is None
    first, second = await shop.asks(QUARTERLY), await shop.asks(document("fitting", FIT, WHY))
    answered, done = asyncio.Event(), asyncio.Event()

    async def one() -> None:
        async with shop.town.work() as work:
            ann = await shop.ann(work)
            await answering.answer(work, ann, response_id=first, question="nps", value=3, replacing=None)
            answered.set()
            with suppress(TimeoutError):  # the other gets as far as it can meanwhile
                await asyncio.wait_for(done.wait(), _MEANWHILE_S)

    async def other() -> None:
        await answered.wait()
        async with shop.town.work() as work:
            ann = await shop.ann(work, OTHER_CHAT)
            await answering.answer(work, ann, response_id=second, question="fit", value=1, replacing=None)
        done.set()

    await asyncio.gather(one(), other())
    case = await shop.case()
    assert len(await shop.town.rows("tasks")) == 1
    assert {row.opened_case_id for row in await shop.town.rows("survey_responses")} == {case.id}


async def test_recovery_is_asked_about_only_after_a_low_answer(shop: Shop) -> None:
    """The case that Ann's 3 opened is followed by the survey of recovery, any other by the usual one."""
    for key, after in (("usual", "any"), ("mended", "recovery")):
        written = document(key, SERVICE, WHY, more=f'when.after_case = "{after}"\n')
        async with shop.town.work() as work:
            added = await add_survey(work, read_toml(written, name="s.toml"), by=SYSTEM, state=SurveyState.ON)
            assert isinstance(added, Added)
    await shop.answers(await shop.asks(QUARTERLY), "nps", 3)
    low = await shop.case()
    other = await (await shop.desk.case_of(77, "Bob")).now()
    await shop.solves(low)
    await shop.solves(other)
    asked = [(row.survey, row.occasion) for row in await shop.town.rows("survey_responses") if row.cause == "case"]
    assert asked == [("mended", f"case:{low.id}:1"), ("usual", f"case:{other.id}:1")]
    async with shop.town.work() as work:
        assert await survey_for_case(work, replace(low, confidential=True)) is None


@pytest.mark.parametrize("offered", [True, False])
async def test_a_promoter_is_shown_the_link_when_there_is_one(shop: Shop, offered: bool) -> None:
    """Ann gives 10: she is thanked with the link for friends, if bringing somebody is worth anything."""
    rules = shop.town.rules
    points = {Occasion.REFERRER: 50 if offered else 0, Occasion.REFERRED: 0, Occasion.SURVEY: 5}
    earning = replace(rules.loyalty.earning, occasions=points)
    shop.town.rules = replace(rules, loyalty=replace(rules.loyalty, enabled=True, earning=earning))
    said = await shop.answers(await shop.asks(document("short", NPS)), "nps", 10)
    assert any(data == "c:refer" for one in said for _, data in one.buttons) == offered
    assert len(await shop.town.rows("point_entries")) == 1


async def test_whoever_waits_for_us_is_not_asked_for_a_friend(shop: Shop) -> None:
    """Ann would recommend us, but her last grievance is not put right yet: no link."""
    rules = shop.town.rules
    earning = replace(rules.loyalty.earning, occasions={Occasion.REFERRER: 50})
    shop.town.rules = replace(rules, loyalty=replace(rules.loyalty, enabled=True, earning=earning))
    await shop.answers(await shop.asks(QUARTERLY), "nps", 3)
    async with shop.town.work() as work:
        kept = await get_survey(work, "quarterly")
        assert kept is not None
        assert await thanks_extra(work, await shop.ann(work), kept.survey, 10) == ("", ())


async def test_what_belongs_to_a_confidential_case_is_seen_nowhere_else(shop: Shop) -> None:
    """Ann's 3 grew into a complaint about Ben: neither her other case nor the digest tells of it."""
    await shop.answers(await shop.asks(QUARTERLY), "nps", 3)
    case = await shop.case()
    async with shop.town.work() as work:
        await make_confidential(work, case_id=case.id, about_id=(await shop.member(work, BEN)).id, by=SYSTEM)
    await shop.town.deliver()
    response = (await shop.town.rows("survey_responses"))[0].id
    await shop.answers(response, "service", 1)
    await shop.writes("He shouted at me")
    told = [one for one in await shop.town.rows("outbox") if "shouted" in str(one.body)]
    assert all(one.target_kind == TargetKind.MEMBER for one in told)
    view = await shop.desk.case_of(ANN, "Ann")
    assert "3 of 10" not in await shop.card(await view.now())
    async with shop.town.work() as work:
        now = shop.town.now
        span = Span(now, now.replace(hour=0), now.replace(hour=0), now.replace(hour=23))
        assert (await count(work.tx, span, group_id=None)).detractors == 0


async def test_a_banned_person_is_counted_and_promised_nothing(shop: Shop) -> None:
    """Ann is banned while a question stands: her 1 is kept, and nobody is made to call her."""
    view = await shop.desk.case_of(ANN, "Ann")
    response = await shop.asks(QUARTERLY)
    async with shop.town.work() as work:
        sue = await shop.member(work, SUE)
        until = shop.town.now.replace(year=shop.town.now.year + 1)
        assert not isinstance(await ban(work, case_id=view.id, by=sue, until=until, reason="threats"), Refusal)
    async with shop.town.work() as work:
        await answering.answer(
            work, await shop.ann(work), response_id=response, question="nps", value=1, replacing=None
        )
    assert [case.id for case in await shop.cases()] == [view.id]
    assert not await shop.town.rows("tasks")
