"""The card of a case: all that matters on it, nothing that does not, and at a price that a busy hour can pay."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from domain.cases import CaseState, EndedAs, Priority
from domain.people import SYSTEM
from services import points
from services.card_words import card_html
from services.case_tags import tag_case
from services.members import set_absent
from services.priority_by_hand import set_priority
from services.summaries import corrected
from services.surveys.book import seed_shipped
from storage.cases import get_case
from storage.database import Tx
from storage.staff import load_staff
from storage.tables import branches, cases, causes, contact_points, customers, survey_responses
from tests.handlers.harness import BOT_ID, Chat
from tests.handlers.staff.desk import ANN, BEN, SUE, CaseView, Desk
from texts.catalogue import plain


async def card(view: CaseView, language: str = "en") -> list[str]:
    """Return the lines of a card as staff read them."""
    async with view.desk.town.work() as work:
        case = await get_case(work.tx, view.id)
        assert case is not None
        return plain(await card_html(work, case, language)).splitlines()


async def change(view: CaseView, **values: Any) -> None:
    """Set columns of a case."""
    async with view.desk.town.work() as work:
        await work.tx.execute(update(cases).where(cases.c.id == view.id).values(**values))


async def test_a_new_case_has_a_short_card(desk: Desk) -> None:
    """What it is, what is due, whose it is, whom it is for, what was said: nothing that is empty."""
    lines = await card(await desk.case_of())
    assert lines[0] == "C-1001 · Complaint · new"
    assert lines[-1] == "The zip is torn"
    assert [line[0] for line in lines[1:-1]] == ["⏱", "W", "👤"]
    assert lines[3] == "👤 Ann · English · New · 0 points"


async def rich(desk: Desk) -> CaseView:
    """Return a second case of Ann's of which everything is known."""
    await (await desk.case_of(words="Where is my coat?")).writes(BEN, "/resolve")
    desk.town.moves(days=1)
    view = await desk.case_of(words="The zip is torn again")
    async with desk.town.work() as work:
        staff = await load_staff(work.tx, bot_id=BOT_ID)
        ben, sue = staff.member(BEN), staff.member(SUE)
        tx = work.tx
        await points.earn(work, 1, points=1250, source_key="start", by=SYSTEM)
        await set_priority(work, case_id=view.id, by=sue, priority=Priority.URGENT, reason="second time <3")
        await tag_case(work, case_id=view.id, tag="zip", by=ben)
        await set_absent(work, ben.id, until=work.now + timedelta(hours=3), by=SYSTEM)
        await tx.execute(branches.insert().values(id=7, code="n", name="Old Town"))
        await tx.execute(causes.insert().values(id=5, name="Weak zips", created_at=work.now))
        await tx.execute(update(customers).where(customers.c.id == 1).values(branch_id=7))
        ban = work.now + timedelta(days=1)
        await tx.execute(update(contact_points).values(username="ann_t", reach="blocked", banned_until_at=ban))
        known = {"aspect": "quality", "order_ref": "A-17", "cause_id": 5, "level": 2, "owner_id": ben.id}
        await tx.execute(update(cases).where(cases.c.id == view.id).values(**known, state="open", confidential=True))
        await seed_shipped(work)
        score = {"survey": "after_case", "version": 1, "occasion": "x", "customer_id": 1, "case_id": 1}
        await tx.execute(survey_responses.insert().values(**score, score=2, asked_at=work.now, answered_at=work.now))
    return view


async def test_the_card_of_a_troubled_case_says_it_all(desk: Desk) -> None:
    """Each thing once, in words."""
    text = "\n".join(await card(await rich(desk)))
    for words in (
        "C-1002 · Complaint · in work", "🔒 Confidential", "⬆️ Escalated to the supervisors",
        "🔴 urgent: Sue: second time <3", "⏱ First answer due", "Whose: Ben (absent until",
        "👤 Ann (@ann_t) · English · New · 1,250 points", "📂 1 earlier case: C-1001", "Last score: ★★☆☆☆",
        "⛔ Banned until", "🚫 The customer has blocked the bot", "About: Quality", "Order: A-17", "Branch: Old Town",
        "Cause: Weak zips", "🏷 zip", "The zip is torn again",
    ):  # fmt: skip
        assert text.count(words) == 1, f"{words}\n\n{text}"


@pytest.mark.parametrize("language", ["zh_CN", "zh_TW"])
async def test_the_card_is_whole_in_every_language(desk: Desk, language: str) -> None:
    """As many lines, and no English word of ours among them."""
    view = await rich(desk)
    theirs, ours = await card(view, language), await card(view)
    assert len(theirs) == len(ours)
    assert not {"Escalated", "Confidential", "Whose", "points", "Last", "Banned", "Cause", "absent"} & set(
        " ".join(theirs).replace(":", " ").split()
    )


async def test_a_case_on_hold_a_merged_one_and_spam_say_so(desk: Desk) -> None:
    """Until when, into which, and that it was nothing."""
    first, second = await desk.case_of(), await desk.case_of(words="Again")
    await change(second, state=CaseState.ON_HOLD.value, held_until_at=desk.town.now + timedelta(days=2))
    assert any(line.startswith("⏸ On hold until") for line in await card(second))
    await change(second, state=CaseState.CLOSED.value, ended_as=EndedAs.MERGED.value, merged_into=first.id)
    assert "🔗 Merged into C-1001" in await card(second)
    await change(second, ended_as=EndedAs.SPAM.value, merged_into=None)
    assert "🗑 Marked as spam" in await card(second)


async def test_a_confidential_case_is_not_named_on_another_card(desk: Desk) -> None:
    """What only supervisors may know of stands on no card that all can read; neither do duplicates."""
    first, second = await desk.case_of(), await desk.case_of(words="Again")
    await change(first, confidential=True)
    assert not any("earlier" in line for line in await card(second))
    await change(first, confidential=False, state=CaseState.CLOSED.value, ended_as=EndedAs.MERGED.value)
    assert not any("earlier" in line for line in await card(second))


async def test_a_promise_that_was_renewed_stands_beside_what_is_due(desk: Desk) -> None:
    """The customer waits for the new time; the clock still says when it was due."""
    view = await desk.case_of()
    assert not any("promised" in line for line in await card(view))
    await change(view, promised_at=desk.town.now + timedelta(hours=30))
    assert [line for line in await card(view) if "promised" in line]


@contextmanager
def counted(tx: Tx) -> Iterator[list[str]]:
    """Count the statements that a transaction sends."""
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = tx.connection.engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    yield statements
    event.remove(engine, "before_cursor_execute", count)


async def test_a_card_costs_few_statements(desk: Desk) -> None:
    """The more is known the fuller the card; the statements stay as many."""
    view = await rich(desk)
    async with desk.town.work() as work:
        case = await get_case(work.tx, view.id)
        assert case is not None
        with counted(work.tx) as statements:
            await card_html(work, replace(case, priority_why=()), "en")
    assert len(statements) <= 4, "\n".join(statements)


async def test_the_summary_follows_what_the_customer_corrects(desk: Desk) -> None:
    """Ann corrects her first words: the card reads so, with her as the author; later words never change it."""
    town = desk.town
    ann = Chat(town, ANN, "Ann", "en", None)
    await ann.says("/complaint")
    view = await desk.case_of(words="The zip is tron")
    rows = await town.rows("interactions", id=view.first_words)
    await ann.edits(rows[0].message_id, "The zip is torn")
    assert (await view.now()).summary == "The zip is torn"
    assert (await card(view))[-1] == "The zip is torn"
    audited = [row for row in await town.rows("audit") if row.action == "case.summary"]
    assert [(row.actor_kind, row.after) for row in audited] == [("customer", {"summary": "The zip is torn"})]


@pytest.mark.parametrize(
    ("summary", "before", "after", "now"),
    [
        ("a / b / c", "b", "B!", "a / B! / c"),
        ("a / b / c", "b", "", "a / c"),
        ("The zip", "The zip", "The cap", "The cap"),
        ("★★☆☆☆ too late", "too late", "late", "★★☆☆☆ late"),
        ("abc / b", "b", "x", "abc / x"),
        ("abc", "b", "x", "abc"),
        ("a", "", "x", "a"),
        ("b / b", "b", "x", "x / b"),
        ("1 / 2 broke", "1 / 2 broke", "1 / 2 is broken", "1 / 2 is broken"),
        ("a", "(", "x", "a"),
    ],
)
def test_a_part_of_a_summary_is_changed_and_nothing_else(summary: str, before: str, after: str, now: str) -> None:
    """Only the whole of what was said counts, once, wherever it stands."""
    assert corrected(summary, before, after) == now
