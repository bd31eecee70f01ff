"""How far a campaign is: counted from indexes alone, so that a million people cost no more than a moment."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, func, literal_column, select, type_coerce

from domain.instants import from_ms
from domain.outgoing import Lane
from storage.database import Tx
from storage.outbox import ALL_CAMPAIGNS
from storage.tables import campaign_runs, campaign_taps, deliveries, outbox, pauses

_PLANNED: ColumnElement[bool] = literal_column("state = 'planned'")  # literals, as the partial indexes have them
_LEFT: ColumnElement[bool] = literal_column("state <> 'planned'")
_HELD: ColumnElement[bool] = literal_column("held IS NOT NULL")
_BUCKET_MS = 10 * 60 * 1000
_LOOKED_AT = 20_000
_STEPS = (1, 7, 31, 61, 127, 251, 509, 1021, 2039)
"""Prime, so that no regularity of the numbers that people got meets that of a sample."""


@dataclass(frozen=True, slots=True)
class DueCount:
    """About so many people of a zone are due within ten minutes from ``at``."""

    at: datetime
    zone: str
    count: int


def _of(campaign: str, occasion: str | None) -> list[ColumnElement[bool]]:
    conditions = [deliveries.c.campaign == campaign]
    return conditions if occasion is None else [*conditions, deliveries.c.occasion == occasion]


async def count_states(tx: Tx, campaign: str, occasion: str | None = None) -> dict[tuple[str, str | None], int]:
    """Count the rows of a campaign, or of one of its occasions, by state and reason; the planned ones by state."""
    left = select(deliveries.c.state, deliveries.c.reason, func.count()).where(*_of(campaign, occasion), _LEFT)
    rows = await tx.execute(left.group_by(deliveries.c.state, deliveries.c.reason))
    counts: dict[tuple[str, str | None], int] = {(row[0], row[1]): row[2] for row in rows}
    if planned := await _count_planned(tx, campaign, occasion, sum(counts.values())):
        counts["planned", None] = planned
    return counts


async def has_many(tx: Tx, campaign: str, many: int) -> bool:
    """Return whether a campaign has ``many`` rows; no more of them are looked at."""
    found = select(deliveries.c.id).where(deliveries.c.campaign == campaign).offset(many - 1).limit(1)
    return (await tx.execute(found)).first() is not None


async def _count_planned(tx: Tx, campaign: str, occasion: str | None, left: int) -> int:
    """Count the planned rows; those of one occasion are all of it less those ``left``: its index knows no states."""
    if occasion is None:
        counted = select(func.count()).select_from(deliveries).where(deliveries.c.campaign == campaign, _PLANNED)
        return int((await tx.execute(counted)).scalar_one())
    counted = select(func.count()).select_from(deliveries).where(*_of(campaign, occasion))
    return int((await tx.execute(counted)).scalar_one()) - left


async def count_held(tx: Tx, campaign: str, occasion: str | None = None) -> dict[str, int]:
    """Count the planned rows that wait, by why they do."""
    counted = select(deliveries.c.held, func.count()).where(
        *_of(campaign, occasion), _HELD, deliveries.c.state == "planned"
    )
    rows = await tx.execute(counted.group_by(deliveries.c.held))
    return {row[0]: row[1] for row in rows}


async def count_tapped(tx: Tx, campaign: str, kinds: frozenset[str], occasion: str | None = None) -> int:
    """Count the messages under which one of these things was done at least once."""
    counted = select(func.count(campaign_taps.c.delivery_id.distinct())).where(
        campaign_taps.c.campaign == campaign, campaign_taps.c.kind.in_(sorted(kinds))
    )
    if occasion is not None:
        counted = counted.join_from(campaign_taps, deliveries, deliveries.c.id == campaign_taps.c.delivery_id).where(
            deliveries.c.occasion == occasion
        )
    return int((await tx.execute(counted)).scalar_one())


async def list_waiting(tx: Tx, campaign: str, planned: int, occasion: str | None = None) -> list[DueCount]:
    """Return when how many of the ``planned`` are due, by zone: of many a sample is looked at and scaled up."""
    step = next((step for step in _STEPS if planned / step <= _LOOKED_AT), _STEPS[-1])
    at = type_coerce(deliveries.c.due_at, BigInteger) // literal_column(str(_BUCKET_MS), BigInteger)
    query = select(at, deliveries.c.zone, func.count()).where(*_of(campaign, occasion), _PLANNED)
    if step > 1:
        query = query.where(deliveries.c.id % step == 0)
    rows = (await tx.execute(query.group_by(at, deliveries.c.zone))).all()
    seen = sum(row[2] for row in rows)
    scale = planned / seen if seen else 1.0
    return [DueCount(from_ms(int(row[0]) * _BUCKET_MS), row[1], max(1, round(row[2] * scale))) for row in rows]


async def last_waiting(tx: Tx, campaign: str) -> DueCount | None:
    """Return the planned row of a campaign that is due last, as one of its own."""
    last = select(deliveries.c.due_at, deliveries.c.zone).where(deliveries.c.campaign == campaign, _PLANNED)
    row = (await tx.execute(last.order_by(deliveries.c.due_at.desc(), deliveries.c.id.desc()).limit(1))).first()
    return DueCount(row.due_at, row.zone, 1) if row else None


async def is_being_planned(tx: Tx, campaign: str, occasion: str | None = None) -> bool:
    """Return whether a run of a campaign is still being planned, so that more people will come."""
    found = select(campaign_runs.c.id).where(
        campaign_runs.c.campaign == campaign,
        campaign_runs.c.planned_at.is_(None),
        campaign_runs.c.stopped_at.is_(None),
    )
    if occasion is not None:
        found = found.where(campaign_runs.c.occasion == occasion)
    return (await tx.execute(found.limit(1))).first() is not None


async def paused_until(tx: Tx, *, bot_id: int, now: datetime) -> datetime | None:
    """Return until when Telegram wants to hear nothing from this bot, or nothing that is said to many."""
    found = select(func.max(pauses.c.until_at)).where(
        pauses.c.bot_id == bot_id, pauses.c.scope.in_(["*", ALL_CAMPAIGNS]), pauses.c.until_at > now
    )
    return (await tx.execute(found)).scalar()


async def count_sent_since(tx: Tx, campaign: str, *, since: datetime, bot_id: int) -> int:
    """Count the messages of a campaign that went out after ``since``, a moment ago."""
    counted = (
        select(func.count())
        .select_from(outbox.join(deliveries, deliveries.c.id == outbox.c.delivery_id))
        .where(
            outbox.c.bot_id == bot_id,
            outbox.c.settled_at > since,
            outbox.c.body.is_not(None),
            outbox.c.lane >= int(Lane.CAMPAIGN),
            outbox.c.state == "sent",
            deliveries.c.campaign == campaign,
        )
    )
    return int((await tx.execute(counted)).scalar_one())
