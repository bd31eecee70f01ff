"""What stories about purchases need: a till, and what is on record afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.purchases import Recorded, Refunded, record_purchase, record_refund
from services.work import Work
from storage import tables
from tests.services.shop import arrive


async def guest(work: Work, name: str = "Ann", chat_id: int = 1001) -> int:
    """Return a customer who has just come."""
    return (await arrive(work, chat_id=chat_id, name=name)).customer.id


async def sale(work: Work, customer_id: int, yuan: int, key: str, **more: Any) -> Recorded | Refusal:
    """Tell of a purchase, now and in yuan unless said otherwise."""
    given = {"bought_at": work.now, "currency": "CNY", "by": SYSTEM, "amount_minor": yuan * 100, **more}
    return await record_purchase(work, customer_id, source_key=key, **given)


async def buys(work: Work, customer_id: int, yuan: int, key: str, **more: Any) -> Recorded:
    """Let somebody buy, which is recorded."""
    done = await sale(work, customer_id, yuan, key, **more)
    assert isinstance(done, Recorded), done
    return done


async def brings_back(work: Work, recorded: Recorded, key: str, minor: int | None = None) -> Refunded:
    """Let some of a purchase, or what is left of it, be refunded."""
    done = await record_refund(
        work, purchase_id=recorded.purchase.id, source_key=key, by=SYSTEM, amount_minor=minor, reason="torn"
    )
    assert isinstance(done, Refunded), done
    return done


def refused(done: object) -> str:
    """Return the key of a refusal."""
    assert isinstance(done, Refusal), done
    return done.key


async def notices_of(work: Work, customer_id: int) -> list[tuple[str, dict[str, Any]]]:
    """Return what waits to be told to a customer, oldest first: kind and data."""
    notices = tables.notices
    waiting = select(notices.c.kind, notices.c.data).where(notices.c.customer_id == customer_id)
    return [(row.kind, row.data) for row in await work.tx.execute(waiting.order_by(notices.c.id))]


async def events(work: Work) -> list[tuple[str, dict[str, Any]]]:
    """Return what other systems are told, oldest first."""
    rows = await work.tx.execute(
        select(tables.webhook_events.c.kind, tables.webhook_events.c.data).order_by(tables.webhook_events.c.id)
    )
    return [(row.kind, row.data) for row in rows]


async def lots_of(work: Work, customer_id: int) -> list[tuple[int, datetime | None, datetime | None]]:
    """Return the lots of a customer: points, from when and until when."""
    lots = tables.point_lots
    rows = await work.tx.execute(select(lots).where(lots.c.customer_id == customer_id).order_by(lots.c.id))
    return [(row.points, row.available_at, row.expires_at) for row in rows]
