"""The real program as a contestant: its own process, SQLite with synchronous FULL, no limits but those of a row."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.crowd import FIRST_CHAT_ID, Step
from domain.people import Consent, ConsentClass, Reach
from domain.rules import NOTICE_VERSION
from storage.database import open_database
from storage.migrate import migrate
from storage.tables import consents, contact_points, customers

TOKEN = "4242:AAbenchmarkbenchmarkbenchmarkbenchm"
SCRIPT = (
    Step("/complaint"),
    Step("my coat came with a torn sleeve, order 4711, bought last week"),
    Step("/cancel"),
)
"""A whole dialogue: every line is stored, changes where the customer stands, and is answered."""

_CONFIG = """
[telegram]
token = "{token}"
api_base_url = "{base_url}"

[storage]
url = "sqlite+aiosqlite:///carebot.db"

[limits]
messages_per_second = 0
private_chat_gap_s = 0
group_per_minute = 0
in_flight = 100

[birthday]
send_at = "00:00"
late_after = "48h"

[care.quiet_hours]
start = "00:00"
end = "00:00"

[log]
level = "error"
"""


def command(base_url: str, folder: Path, *, birthdays: int) -> list[str]:
    """Write the configuration, and a database with ``birthdays`` people to congratulate; return the command line."""
    config = folder / "carebot.toml"
    config.write_text(_CONFIG.format(token=TOKEN, base_url=base_url), encoding="utf-8")
    if birthdays:
        asyncio.run(_invite(folder / "carebot.db", birthdays))
    return [str(Path(sys.executable).with_name("carebot")), "run", "--config", str(config)]


async def _invite(path: Path, count: int) -> None:
    now = datetime.now(UTC)
    database = open_database(f"sqlite+aiosqlite:///{path}")
    await migrate(database)
    numbers = range(1, count + 1)
    async with database.write() as tx:
        for number in numbers:
            tx.add(
                customers,
                id=number,
                name=f"Customer {number}",
                language="en",
                birth_month=now.month,
                birth_day=now.day,
                created_at=now,
            )
            tx.add(
                contact_points,
                customer_id=number,
                bot_id=int(TOKEN.partition(":")[0]),
                chat_id=FIRST_CHAT_ID + number,
                reach=Reach.REACHABLE.value,
                reach_since_at=now,
            )
            consent = Consent(ConsentClass.CARE, True)
            tx.add(
                consents,
                customer_id=number,
                kind=consent.kind.value,
                given=True,
                notice_version=NOTICE_VERSION,
                changed_at=now,
            )
    await database.close()
