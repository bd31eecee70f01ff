"""Points of another system come in through the ledger: each key once, with the expiry the file names."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.loyalty import Clawback, LoyaltyRules
from domain.people import SYSTEM
from domain.rules import Rules
from services import points as ledger
from services.imports import Customers, Points
from services.merging import merge_customers
from services.records import find_customer
from storage.database import Database
from storage.people import get_customer
from tests.services.importing import Office
from texts import Texts

PEOPLE = "id,name,phone\nA1,Ann,13800138000\nB2,Bob,13800138001\nC3,Cy,13800138001\n"


@pytest.fixture
async def office(database: Database, texts: Texts) -> Office:
    """A back office that knows Ann, and Bob and Cy who share a telephone."""
    office = Office(database, texts)
    await office.bring(Customers, PEOPLE)
    return office


async def balance(office: Office, key: str) -> int:
    """Return what a customer can spend."""
    async with office.database.read() as tx:
        work = office.work(tx)
        customer_id = await find_customer(work, source_key=key)
        assert customer_id is not None
        return (await ledger.balance_of(work, customer_id)).available


async def code_of(office: Office, key: str) -> str:
    """Return a customer's member code, as a person would type it."""
    async with office.database.read() as tx:
        found = await get_customer(tx, await find_customer(office.work(tx), source_key=key) or 0)
    assert found is not None
    return f"{found.code[:5].lower()}-{found.code[5:].lower()}"


async def test_opening_balances_come_in_with_their_expiry(office: Office) -> None:
    """By id, member code or a number only one person has; local days end where the business is."""
    code = await code_of(office, "B2")
    text = f'编号,会员,积分,到期日\n1,A1,"1,200",2027-01-31\n2,{code},300,永不\n3,+86 138 0013 8000,50,\n'
    assert await office.bring(Points, text) == {"new": 3}
    assert (await balance(office, "A1"), await balance(office, "B2")) == (1250, 300)
    async with office.database.read() as tx:
        work = office.work(tx)
        ann = await find_customer(work, source_key="A1")
        lots = (await ledger.balance_of(work, ann or 0)).lots
    assert lots[0].expires_at == datetime(2027, 2, 1, tzinfo=UTC)


async def test_points_go_as_they_come_and_never_below_what_is_there(office: Office) -> None:
    """A line that takes more than there is costs only itself."""
    text = "id,customer,points,reason\n1,A1,100,opening\n2,A1,−30,spent in the old shop\n3,A1,-71,too much\n"
    assert await office.bring(Points, text) == {"new": 2, "bad": 1}
    assert office.heard.problems == [(4, "points", "takes 71 points of 70 that are there; take fewer")]
    assert await balance(office, "A1") == 70


async def test_where_customers_may_owe_a_line_may_take_more(office: Office) -> None:
    """As the rules of the ledger have it."""
    office.rules = replace(Rules(), loyalty=LoyaltyRules(clawback=Clawback.NEGATIVE))
    text = "id,customer,points\n1,A1,10\n2,A1,-30\n"
    assert await office.bring(Points, text, dry_run=True) == {"new": 2}
    assert await office.bring(Points, text) == {"new": 2}


async def test_a_key_is_booked_once(office: Office) -> None:
    """The same again is the same; with other content it is a problem, and nothing is booked."""
    text = "id,customer,points\n1,A1,100\n2,B2,50\n"
    assert await office.bring(Points, text) == {"new": 2}
    assert await office.bring(Points, text) == {"same": 2}
    assert await office.bring(Points, "id,customer,points\n1,A1,101\n2,A1,50\n3,A1,1\n") == {"new": 1, "bad": 2}
    assert {column for _, column, _ in office.heard.problems} == {"id"}
    assert (await balance(office, "A1"), await balance(office, "B2")) == (101, 50)


async def test_every_problem_names_line_column_and_mend(office: Office) -> None:
    """Whom nobody knows, whom two may be, and numbers that are none."""
    text = (
        "id;customer;points;expires\n"
        "1;Zed;5;\n"
        "2;13800138001;5;\n"
        "3;A1;1.5;\n"
        "4;A1;0;\n"
        "5;A1;12,50;\n"
        "6;A1;5;2020-01-01\n"
        "7;A1;-5;2030-01-01\n"
        "8;A1;9999999999999;soon\n"
    )
    assert await office.bring(Points, text) == {"bad": 8}
    assert [(line, column) for line, column, _ in office.heard.problems] == [
        (2, "customer"),
        (3, "customer"),
        (4, "points"),
        (5, "points"),
        (6, "points"),
        (7, "expires"),
        (8, "expires"),
        (9, "points"),
        (9, "expires"),
    ]
    assert "more than one customer" in office.heard.problems[1][2]
    assert "1,234.50 or 1234.50" in office.heard.problems[4][2]


async def test_a_dry_run_reckons_with_the_lines_before(office: Office) -> None:
    """What would be refused is found without booking anything."""
    text = "id,customer,points\n1,A1,100\n2,A1,-60\n3,A1,-60\n"
    assert await office.bring(Points, text, dry_run=True) == {"new": 2, "bad": 1}
    assert "takes 60 points of 40" in office.heard.problems[0][2]
    assert await balance(office, "A1") == 0


async def test_points_of_a_merged_record_go_to_the_one_it_went_into(office: Office) -> None:
    """The other system still knows both; repeating the file afterwards finds everything the same."""
    text = "id,customer,points\n1,A1,100\n2,B2,50\n"
    assert await office.bring(Points, text) == {"new": 2}
    async with office.database.write() as tx:
        work = office.work(tx)
        ann, bob = [await find_customer(work, source_key=key) for key in ("A1", "B2")]
        assert await merge_customers(work, keep_id=ann or 0, duplicate_id=bob or 0, by=SYSTEM, reason="same") is None
    assert await office.bring(Points, text + "3,B2,7\n") == {"new": 1, "same": 2}
    assert await balance(office, "A1") == 157
