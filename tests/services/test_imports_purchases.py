"""Sales of another system come in once a key: with points by the rules, or for the past without a word."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from domain.loyalty import EarningRules, LoyaltyRules, Tier, TierRules
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from services.erasure import erase_customer
from services.imports import Customers, Known, Purchases
from services.points import balance_of
from services.purchases import Recorded, record_purchase
from services.records import find_customer
from storage import imports
from storage.database import Database, open_database
from storage.tables import audit, customers, notices, point_entries, purchases, tier_changes
from tests.services.importing import Office
from tests.storage.plans import plan_of
from texts import Texts

PEOPLE = "id,name,phone\nA1,Ann,13800138000\nB2,Bob,13800138001\nC3,Cy,13800138001\n"
HEAD = "单号,会员,交易时间,实付金额,成本,商品,渠道,门店\n"
TIERS = TierRules(tiers=(Tier("new", 0), Tier("silver", 20_000, 150), Tier("gold", 50_000, 200)))
RULES = Rules(
    zone=ZoneInfo("Asia/Shanghai"),
    loyalty=LoyaltyRules(tiering=TIERS, earning=EarningRules(expire_after=timedelta(days=365))),
)


def silent(known: Known) -> Purchases:
    """Make an import of the past."""
    return Purchases(known, points=False)


silent.__name__ = "Purchases"


@pytest.fixture
async def office(database: Database, texts: Texts) -> Office:
    """A back office that knows Ann, and Bob and Cy who share a telephone."""
    office = Office(database, texts, RULES)
    await office.bring(Customers, PEOPLE)
    return office


async def everything(office: Office, table: Any, *without: str) -> list[dict[str, Any]]:
    """Return the rows of a table, without what may differ."""
    async with office.database.read() as tx:
        rows = [row._asdict() for row in await tx.execute(select(table).order_by(table.c.id))]
    return [{name: value for name, value in row.items() if name not in without} for row in rows]


async def test_a_sale_comes_in_as_it_was_and_earns_by_the_rules(office: Office) -> None:
    """In the columns of a Chinese till: local time, thousands apart, cost, things bought; the tier is reckoned."""
    text = HEAD + 'S1,A1,2026-11-22 14:30,"1,234.50",600,龙井 x2；茶杯,门市,\nS2,13800138000,2026/11/22,10,,,,\n'
    assert await office.bring(Purchases, text) == {"new": 2}
    first, second = await everything(office, purchases)
    assert (first["amount_minor"], first["currency"], first["cost_minor"]) == (123_450, "CNY", 60_000)
    assert first["bought_at"] == datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    assert [(thing["name"], thing["quantity"]) for thing in first["items"]] == [("龙井", 2), ("茶杯", 1)]
    assert (first["channel"], second["bought_at"]) == ("门市", datetime(2026, 11, 21, 16, tzinfo=UTC))
    async with office.database.read() as tx:
        work = office.work(tx)
        ann = await find_customer(work, source_key="A1")
        assert (await balance_of(work, ann or 0)).available == 1234 + 20  # the second one as gold
        tier = (await tx.execute(select(customers.c.tier).where(customers.c.id == ann))).scalar()
    assert tier == "gold"
    assert [outcome.text for outcome in office.heard.outcomes] == ["+1,234 points", "+20 points"]


async def test_a_sale_known_already_is_the_same_or_a_problem(office: Office) -> None:
    """Told again with less, it is the same; with another amount, nothing is changed."""
    text = HEAD + "S1,A1,2026-11-22 14:30,100,60,龙井,门市,\n"
    assert await office.bring(Purchases, text) == {"new": 1}
    assert await office.bring(Purchases, text) == {"same": 1}
    assert await office.bring(silent, HEAD + "S1,A1,2026-11-22 14:30,100.00,,,,\n") == {"same": 1}
    assert await office.bring(silent, text.replace(",100,", ",101,")) == {"bad": 1}
    assert office.heard.problems[0][:2] == (2, "id")
    assert len(await everything(office, point_entries)) == 1


@pytest.mark.parametrize("make", [Purchases, silent])
async def test_nobody_is_written_to_about_the_past(office: Office, make: Any) -> None:
    """Neither of points nor of tiers; of a sale of today they hear."""
    old = HEAD + "S1,A1,2026-11-20,300,,,,\nS2,B2,2026-11-01,100000,,,,\n"
    assert await office.bring(make, old) == {"new": 2}
    assert await everything(office, notices) == []
    assert await office.bring(make, HEAD + "S3,C3,2026-11-22 16:30,300,,,,\n") == {"new": 1}
    told = [notice["kind"] for notice in await everything(office, notices)]
    assert told == (["earned", "tier_up"] if make is Purchases else [])


async def test_without_points_everything_but_points_is_as_one_by_one(office: Office) -> None:
    """The quick way through leaves the same purchases, trail and tiers as the slow one, and no points."""
    lines = [(f"S{n}", "ABC"[n % 3] + str(n % 3 + 1), n, 5000 + 700 * n) for n in range(40)]
    text = "id,customer,bought_at,amount,items,channel\n"
    for key, who, n, amount in lines:
        text += f"{key},{who},2026-11-{1 + n % 20:02d} 10:00,{amount / 100:.2f},tea;cup x2,shop\n"
    assert await office.bring(silent, text) == {"new": 40}
    quick = [await everything(office, table, "id", "subject_id", "purchase_id") for table in (purchases, audit)]
    tiers = await everything(office, customers)
    assert await everything(office, point_entries) == []
    assert {row["tier"] for row in tiers} == {"gold"}
    slow = await one_by_one(office, lines)
    assert slow[0] == [{**row, "source_key": f"slow-{row['source_key']}"} for row in quick[0]]
    recorded = [row for row in quick[1] if row["action"] == "purchase.recorded"]
    assert len(recorded) == len(lines)
    for ours, theirs in zip(recorded, slow[1], strict=True):
        assert ours["after"].pop("source_key") == theirs["after"].pop("source_key").removeprefix("slow-")
        assert ours == theirs


async def one_by_one(office: Office, lines: list[tuple[str, str, int, int]]) -> list[list[dict[str, Any]]]:
    """Record the same sales through the one door, under other keys; returns their rows and their trail."""
    things = [("tea", 1), ("cup", 2)]
    items = [{"name": name, "quantity": count, "amount_minor": None, "sku": None} for name, count in things]
    async with office.database.write() as tx:
        work = office.work(tx)
        for key, who, n, amount in lines:
            done = await record_purchase(
                work,
                await find_customer(work, source_key=who) or 0,
                source_key=f"slow-{key}",
                bought_at=datetime(2026, 11, 1 + n % 20, 2, tzinfo=UTC),
                amount_minor=amount,
                currency="CNY",
                by=SYSTEM,
                items=items,
                channel="shop",
                earns=False,
            )
            assert isinstance(done, Recorded)
    rows = [await everything(office, table, "id", "subject_id", "purchase_id") for table in (purchases, audit)]
    trail = [row for row in rows[1] if row["action"] == "purchase.recorded"]
    return [rows[0][len(lines) :], trail[len(lines) :]]


async def test_tiers_of_the_past_are_reckoned_once_at_the_end(office: Office) -> None:
    """One step up, not one a purchase; and whoever bought long before the window stays."""
    text = "id,customer,bought_at,amount\n" + "".join(f"S{n},A1,2026-11-{n:02d},99\n" for n in range(1, 11))
    assert await office.bring(silent, text + "T1,B2,2020-01-01,99999\n") == {"new": 11}
    (change,) = await everything(office, tier_changes)
    assert (change["before"], change["after"], change["spend_minor"]) == ("new", "gold", 99_000)


async def test_every_problem_names_line_column_and_mend(office: Office) -> None:
    """Amounts, moments, currencies and people that cannot be."""
    text = (
        "id;customer;bought_at;amount;currency;cost\n"
        "1;Zed;2026-11-01;5;;\n"
        "2;13800138001;2026-11-01;5;;\n"
        "3;A1;2027-01-01;5;;\n"
        "4;A1;2026-02-30;5;;\n"
        "5;A1;2026-11-01;-5;;\n"
        "6;A1;2026-11-01;0;;\n"
        "7;A1;2026-11-01;1.234;;\n"
        "8;A1;2026-11-01;1.5;JPY;\n"
        "9;A1;2026-11-01;5;XXX;\n"
        "10;A1;2026-11-01;5;;-1\n"
        "11;A1;2026-11-01;12,50;;\n"
        "12;A1;;;;\n"
    )
    for dry_run in (True, False):
        assert await office.bring(Purchases, text, dry_run=dry_run) == {"bad": 12}
        assert [(line, column) for line, column, _ in office.heard.problems] == [
            *((2, "customer"), (3, "customer"), (4, "bought_at"), (5, "bought_at")),
            *((6, "amount"), (7, "amount"), (8, "amount"), (9, "amount"), (10, "currency"), (11, "cost")),
            *((12, "amount"), (13, "bought_at"), (13, "amount")),
        ]
    assert await everything(office, purchases) == []


async def test_a_dry_run_says_what_would_be_earned(office: Office) -> None:
    """And records nothing."""
    text = HEAD + "S1,A1,2026-11-22 14:30,100,,,,\nS2,A1,2026-11-22 15:30,100,,,,\n"
    assert await office.bring(Purchases, text, dry_run=True) == {"new": 2}
    assert [outcome.text for outcome in office.heard.outcomes] == ["about +100 points"] * 2
    assert await everything(office, purchases) == []


@pytest.mark.parametrize("make", [Purchases, silent])
async def test_who_was_forgotten_is_nobodys_customer(office: Office, make: Any) -> None:
    """A line about them is told, and nothing of them comes back; one of a merged record finds the other."""
    async with office.database.write() as tx:
        work = office.work(tx)
        ann, bob, cy = [await find_customer(work, source_key=key) for key in ("A1", "B2", "C3")]
        await tx.execute(update(customers).where(customers.c.id == cy).values(merged_into=bob))
        await erase_customer(work, ann or 0, by=SYSTEM)
    text = "id,customer,bought_at,amount\n1,A1,2026-11-01,5\n2,C3,2026-11-01,5\n"
    assert await office.bring(make, text) == {"new": 1, "bad": 1}
    assert [row["customer_id"] for row in await everything(office, purchases)] == [bob]


async def test_an_import_and_the_till_at_once_record_a_sale_once(office: Office) -> None:
    """The same keys told by both in the same moment: each is recorded once, and nobody fails."""
    text = "id,customer,bought_at,amount\n" + "".join(f"S{n},A1,2026-11-01,5\n" for n in range(60))

    async def till() -> int:
        refused = 0
        for n in range(0, 60, 3):
            async with office.database.write() as tx:
                work = office.work(tx)
                done = await record_purchase(
                    work,
                    await find_customer(work, source_key="A1") or 0,
                    source_key=f"S{n}",
                    bought_at=datetime(2026, 10, 31, 16, tzinfo=UTC),
                    amount_minor=500,
                    currency="CNY",
                    by=SYSTEM,
                )
                refused += isinstance(done, Refusal)
        return refused

    counts, refused = await asyncio.gather(office.bring(silent, text), till())
    assert refused == 0
    assert counts.get("bad", 0) == 0
    async with office.database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(purchases))).scalar() == 60


async def test_rules_for_imports_are_not_those_of_the_shop(office: Office) -> None:
    """Where a shop tells of nothing older than an hour, an import does not tell of more."""
    loyalty = replace(RULES.loyalty, notices=replace(RULES.loyalty.notices, stale_after=timedelta(hours=1)))
    office.rules = replace(RULES, loyalty=loyalty)
    assert await office.bring(Purchases, HEAD + "S1,A1,2026-11-22 14:30,300,,,,\n") == {"new": 1}
    assert await everything(office, notices) == []


async def test_the_buyers_of_a_run_are_found_by_when_it_noted_them(sqlite_url: str) -> None:
    """A shop with years of purchases does not walk them all at the end of a small file."""
    database = open_database(sqlite_url)
    try:
        plan = await plan_of(database, imports._BUYERS, {"since": datetime.now(UTC), "after_id": 7, "limit": 100})
        assert "COVERING INDEX ix_purchases_noted_at (noted_at>?)" in plan
    finally:
        await database.close()
