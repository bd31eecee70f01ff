"""Everything said can be read elsewhere, and no spreadsheet executes it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.cases import CaseKind
from domain.errors import BadInput
from domain.interactions import Content, Kind
from domain.people import Role
from services import cases, casework
from services.review import cell, excerpt, export_csv, read_period
from services.seeding import seed
from services.speech import record_heard
from storage.database import Database
from storage.export import Period
from storage.feedback import change_feedback, insert_feedback
from storage.interactions import Origin
from storage.staff import load_staff
from tests.services.shop import ANN_CHAT, BOT, MORNING, Working, arrive, hear

TAIPEI = ZoneInfo("Asia/Taipei")


async def table(database: Database, kind: str, period: Period | None = None) -> list[dict[str, str]]:
    """Return an export as rows by column."""
    text = "".join([piece async for piece in export_csv(database, kind, period or Period())])
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_words_never_become_formulas(text: str) -> None:
    """A cell that a spreadsheet would compute starts with an apostrophe."""
    assert cell(text) == f"'{text}"


def test_numbers_stay_numbers_and_instants_are_utc() -> None:
    """A negative chat id is no formula."""
    assert cell(-1001234) == -1001234
    assert cell(None) == ""
    assert cell(datetime(2026, 11, 22, 17, tzinfo=TAIPEI)) == "2026-11-22T09:00:00.000+00:00"


async def test_each_thing_said_is_a_row(database: Database, working: Working) -> None:
    """Ann complains, corrects herself, Ben answers: four rows with the bot's own words, in order."""
    async with working() as work:
        await seed(work, groups=[(-5, "Desk", None)], members=[(7, "Ben", Role.AGENT, None)])
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        said = await hear(work, ann, '=cmd|\' broke, "really"\r\nbroke', message_id=1)
        case = await cases.open_case(work, ann, kind=CaseKind.COMPLAINT, interaction_ids=[said])
        await record_heard(
            work,
            author=ann.actor,
            content=Content(Kind.TEXT, "it broke"),
            origin=Origin(ANN_CHAT, 1, 77),
            customer_id=ann.customer.id,
            case_id=case.id,
            version_of=said,
        )
        ben = (await load_staff(work.tx, bot_id=BOT)).member(7)
        await casework.answer_case(
            work, case_id=case.id, by=ben, content=Content(Kind.TEXT, "-so sorry"), origin=Origin(-5, 3, 78)
        )
    rows = await table(database, "interactions")
    assert [(row["direction"], row["author"], row["text"]) for row in rows if row["author"] != "system"] == [
        ("in", "customer", "'=cmd|' broke, \"really\"\r\nbroke"),
        ("in", "customer", "it broke"),
        ("out", "staff", "'-so sorry"),
    ]
    first, last = rows[0], next(row for row in rows if row["author"] == "staff")
    assert first["at"] == "2026-11-22T09:00:00.000+00:00"
    assert (first["customer"], first["chat_id"], first["kind"]) == ("Ann", str(ANN_CHAT), "text")
    assert (last["case"], last["author_name"], last["chat_id"]) == (case.public_number, "Ben", str(ANN_CHAT))
    assert (last["update_id"], last["delivery"]) == ("78", "queued")
    edit = next(row for row in rows if row["version_of"])
    assert (edit["version_of"], edit["update_id"]) == (first["id"], "77")


async def test_cases_and_feedback_come_with_their_columns(database: Database, working: Working) -> None:
    """What an owner wants to count."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        said = await hear(work, ann, "broken", message_id=1)
        case = await cases.open_case(work, ann, kind=CaseKind.COMPLAINT, interaction_ids=[said], order_ref="-7")
        feedback_id = await insert_feedback(work.tx, customer_id=ann.customer.id, kind="rating", stars=4, now=work.now)
        await change_feedback(work.tx, feedback_id, text="@nice")
    (row,) = await table(database, "cases")
    assert (row["case"], row["state"], row["order_ref"], row["summary"]) == (case.public_number, "new", "'-7", "broken")
    (row,) = await table(database, "feedback")
    assert (row["stars"], row["text"], row["customer"]) == ("4", "'@nice", "Ann")


async def test_a_period_takes_its_start_and_leaves_its_end(database: Database, working: Working) -> None:
    """Three hours, one row each; the one at the end's very instant is not in it."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
    for hour in range(3):
        async with working(later=timedelta(hours=hour)) as work:
            await hear(work, ann, f"hour {hour}", message_id=hour + 1)
    period = Period(MORNING + timedelta(hours=1), MORNING + timedelta(hours=2))
    assert [row["text"] for row in await table(database, "interactions", period)] == ["hour 1"]


async def test_slices_leave_nothing_out(database: Database, working: Working) -> None:
    """More rows than one slice holds all come, once each."""
    async with working() as work:
        ann = await arrive(work, chat_id=ANN_CHAT, name="Ann")
        for i in range(2100):
            await hear(work, ann, f"word {i}", message_id=i + 1)
    assert [row["text"] for row in await table(database, "interactions")] == [f"word {i}" for i in range(2100)]


def test_dates_are_days_of_the_business() -> None:
    """A day of --until counts to its end; an instant does not."""
    period = read_period("2026-11-01", "2026-11-01", zone=TAIPEI)
    assert period == Period(datetime(2026, 10, 31, 16, tzinfo=UTC), datetime(2026, 11, 1, 16, tzinfo=UTC))
    period = read_period(None, "2026-11-01T00:00:00Z", zone=TAIPEI)
    assert period == Period(None, datetime(2026, 11, 1, tzinfo=UTC))
    period = read_period("2026-11-01T08:00", None, zone=TAIPEI)
    assert period == Period(datetime(2026, 11, 1, tzinfo=UTC), None)


@pytest.mark.parametrize(("since", "until"), [("yesterday", None), (None, "2026-13-01"), ("2026-11-02", "2026-11-01")])
def test_a_period_that_cannot_be_is_told(since: str | None, until: str | None) -> None:
    """One line with the option's name."""
    with pytest.raises(BadInput, match="--"):
        read_period(since, until, zone=TAIPEI)


def test_an_excerpt_shows_the_words_found_in_their_place() -> None:
    """With what stands around them, in one line that cannot steer a terminal."""
    assert excerpt("我要退款，谢谢", "退款") == ("我要", "退款", "，谢谢")
    before, found, after = excerpt("x" * 100 + " REFUND\n\x1b[31m " + "y" * 100, "refund")
    assert (before[:1], found, after[-1:]) == ("…", "REFUND", "…")
    assert "\x1b" not in after
    assert excerpt("nothing of it", "退款") == ("nothing of it", "", "")
