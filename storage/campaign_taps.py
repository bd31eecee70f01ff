"""What people did with campaigns' messages: buttons tapped, words written back, invitations answered, arrivals."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select

from storage.database import Tx
from storage.tables import campaign_taps, customers, deliveries


@dataclass(frozen=True, slots=True)
class Tap:
    """One thing a customer did with a message."""

    id: int
    delivery_id: int
    customer_id: int
    campaign: str
    kind: str
    button: str
    at: datetime


_COLUMNS = tuple(campaign_taps.c[name] for name in Tap.__slots__)


async def add_tap(
    tx: Tx,
    *,
    delivery_id: int,
    customer_id: int,
    campaign: str,
    kind: str,
    button: str,
    now: datetime,
    by_id: int | None = None,
) -> None:
    """Keep one more thing done with a message."""
    await tx.execute(
        insert(campaign_taps).values(
            delivery_id=delivery_id,
            customer_id=customer_id,
            campaign=campaign,
            kind=kind,
            button=button,
            at=now,
            by_id=by_id,
        )
    )


async def list_taps(tx: Tx, delivery_id: int) -> list[Tap]:
    """Return what was done with a message, oldest first."""
    his = select(*_COLUMNS).where(campaign_taps.c.delivery_id == delivery_id).order_by(campaign_taps.c.id)
    return [Tap(*row) for row in await tx.execute(his)]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who answered an invitation: the last answer, when it was given first, and when they came."""

    customer_id: int
    name: str
    delivery_id: int
    answer: str
    answered_at: datetime
    tap_id: int
    arrived_at: datetime | None


async def list_guests(tx: Tx, campaign: str) -> list[Guest]:
    """Return who answered an invitation, by the last answer's order."""
    newest = (
        select(func.max(campaign_taps.c.id))
        .where(campaign_taps.c.campaign == campaign, campaign_taps.c.kind == "rsvp")
        .group_by(campaign_taps.c.customer_id)
    )
    came = campaign_taps.alias("came")
    arrived = (
        select(func.min(came.c.at))
        .where(came.c.campaign == campaign, came.c.kind == "checkin", came.c.customer_id == campaign_taps.c.customer_id)
        .correlate(campaign_taps)
        .scalar_subquery()
    )
    found = (
        select(
            campaign_taps.c.customer_id,
            customers.c.name,
            campaign_taps.c.delivery_id,
            campaign_taps.c.button,
            campaign_taps.c.at,
            campaign_taps.c.id,
            arrived.label("arrived_at"),
        )
        .select_from(campaign_taps.join(customers, customers.c.id == campaign_taps.c.customer_id))
        .where(campaign_taps.c.id.in_(newest), customers.c.erased_at.is_(None))
        .order_by(campaign_taps.c.id)
    )
    return [Guest(*row) for row in await tx.execute(found)]


async def list_still_waiting(tx: Tx, campaign: str) -> set[int]:
    """Return the customers who were last told that they wait for a place."""
    his = (campaign_taps.c.campaign == campaign, campaign_taps.c.kind.in_(["rsvp", "waiting", "placed"]))
    newest = select(func.max(campaign_taps.c.id)).where(*his).group_by(campaign_taps.c.customer_id)
    found = select(campaign_taps.c.customer_id).where(campaign_taps.c.id.in_(newest), campaign_taps.c.kind == "waiting")
    return set((await tx.execute(found)).scalars())


async def lock_invitation(tx: Tx, campaign: str) -> None:
    """Let answers to one invitation be counted one after the other."""
    if tx.for_update:
        await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"rsvp:{campaign}"))))


async def last_message(tx: Tx, customer_id: int, *, since: datetime) -> tuple[int, str] | None:
    """Return delivery and campaign of the last campaign message that a customer got since an instant."""
    his = (
        select(deliveries.c.id, deliveries.c.campaign)
        .where(
            deliveries.c.customer_id == customer_id,
            deliveries.c.queued_at >= since,
            deliveries.c.state.in_(["sent", "unknown"]),
            deliveries.c.version.is_not(None),
        )
        .order_by(deliveries.c.queued_at.desc(), deliveries.c.id.desc())
        .limit(1)
    )
    row = (await tx.execute(his)).first()
    return (row.id, row.campaign) if row else None
