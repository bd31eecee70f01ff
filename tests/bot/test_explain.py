"""``carebot points explain``: a person follows how points were reckoned, or would be."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.settings_file import load_settings
from domain.people import SYSTEM
from services import points
from services.customers import meet
from services.purchases import Recorded, record_purchase, record_refund
from services.work import Work
from storage.database import open_database
from tests.bot.test_cli import Shop
from texts import Texts

NOW = datetime(2026, 12, 24, 9, tzinfo=UTC)
RULES = """
[loyalty.earning]
day_cap = 400
occasions = { first_purchase = 100 }
pending_for = "14d"
[[loyalty.bonuses]]
name = "Christmas"
first_on = 2026-12-24
last_on = 2026-12-26
percent = 200
"""


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Shop:
    """A shop with a bonus, a cap and a gift for the first purchase."""
    opened = Shop(tmp_path, sqlite_url, capsys)
    opened.config.write_text(opened.config.read_text("utf-8") + RULES, encoding="utf-8")
    return opened


async def _sell(shop: Shop) -> list[int]:
    """Let Ann buy first, get a gift by hand and bring a little back; returns the purchase and the entries in order."""
    database = open_database(shop.url)
    async with database.write() as tx:
        work = Work(tx, NOW, 42, load_settings(shop.config).rules(), Texts())
        ann = (await meet(work, chat_id=1001, name="Ann", username=None, language_code="en")).customer.id
        done = await record_purchase(
            work, ann, source_key="t-1", bought_at=NOW, amount_minor=15_050, currency="CNY", by=SYSTEM
        )
        assert isinstance(done, Recorded)
        await points.adjust(work, ann, points=5, source_key="gift", by=SYSTEM, reason="a\x1b[31mpology")
        number = done.purchase.id
        await record_refund(work, purchase_id=number, source_key="r-1", by=SYSTEM, amount_minor=50, reason="torn")
        ids = [entry.id for entry in await points.list_history(work, ann)]
    await database.close()
    return [number, *ids[::-1]]


def test_a_purchase_there_might_be_is_reckoned_in_the_open(shop: Shop) -> None:
    """Step by step, with the bonus of that day and the cap; no database is needed."""
    status, out, err = shop.run(
        *("points", "explain", "--amount", "123.45", "--tier", "gold", "--on", "2026-12-24", "--first")
    )
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "123.45 CNY, customer in tier gold, Thursday 2026-12-24:",
        "  123.45 CNY × 1 = 123.45",
        "  tier gold: × 150% = 185.175",
        "  bonus “Christmas”: × 200% = 370.35",
        "  rounded down = 370",
        "  370 points",
        "and as a first purchase:",
        "  first purchase: 100",
        "  cap of the day 400, 370 earned before: − 70 = 30",
        "  30 points",
        "together 400 points",
        "can be spent after 14 days, good for 365 days from then on",
    ]


def test_an_entry_shows_the_working_it_was_booked_with(shop: Shop) -> None:
    """Whatever the rules say today; one by hand has none, and steers no terminal."""
    purchase, bought, first, gift, back = asyncio.run(_sell(shop))
    shop.config.write_text(shop.config.read_text("utf-8").replace("percent = 200", "percent = 300"), encoding="utf-8")
    _, out, _ = shop.run("points", "explain", str(bought))
    assert out.splitlines()[0] == f"entry {bought}: earn +301, 2026-12-24 09:00:00, purchase, purchase {purchase}"
    assert out.splitlines()[1:] == [
        "  150.5 CNY × 1 = 150.5",
        "  tier new: × 100% = 150.5",
        "  bonus “Christmas”: × 200% = 301",
        "  301 points",
    ]
    _, out, _ = shop.run("points", "explain", str(first))
    assert out.splitlines()[1:] == [
        "  first purchase: 100",
        "  cap of the day 400, 301 earned before: − 1 = 99",
        "  99 points",
    ]
    _, out, _ = shop.run("points", "explain", str(gift))
    assert out.splitlines()[1:] == ["  not reckoned by the earning rules: there is no working to show"]
    assert "\x1b" not in out
    _, out, _ = shop.run("points", "explain", str(back))
    assert f"reversal -1, 2026-12-24 09:00:00, of entry {bought}, purchase {purchase}" in out


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ((), "give the id of an entry, such as 12, or an amount, such as --amount 123.45"),
        (("12", "--amount", "5"), "give the id of an entry, or --amount and what belongs to it, not both"),
        (("12", "--first"), "give the id of an entry, or --amount and what belongs to it, not both"),
        (("twelve",), "'twelve' is no entry; give its number, as `carebot points show` names it"),
        (("12",), "there is no entry 12; `carebot points show` lists a customer's"),
        (("--amount", "1,5"), "--amount: not an amount; write it in digits with a point, such as 123.45"),
        (("--amount", "1.005"), "--amount: has more digits after the point than CNY knows, which are 2"),
        (("--amount", "0"), "--amount: must be greater than nothing"),
        (("--amount", "5", "--tier", "glod"), "--tier: unknown tier glod; did you mean gold?"),
        (("--amount", "5", "--on", "24.12."), "--on: not a day; write year-month-day, such as 2026-12-24"),
    ],
)
def test_what_cannot_be_explained_is_told_in_one_line(asked: tuple[str, ...], line: str, shop: Shop) -> None:
    """With the mend, and exit status 2."""
    assert shop.run("points", "explain", *asked) == (2, "", f"carebot: {line}\n")
