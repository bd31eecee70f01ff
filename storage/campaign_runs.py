"""Runs: one coming of a collective occasion of a campaign, whose audience is planned in slices."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, literal_column, not_, or_, select, tuple_, update

from domain.campaigns.schedule import ONCE
from storage.database import Tx
from storage.tables import campaign_runs, campaigns, customers


@dataclass(frozen=True, slots=True)
class Run:
    """One run: who is meant by ``segment``, up to ``cutoff_id``, is due ``on`` a local day ``at`` a time of day.

    Without a day they are due at ``starts_at``. ``after_id`` is the last customer whom the planning has looked at.
    """

    id: int
    campaign: str
    occasion: str
    segment: str | None
    starts_at: datetime
    on: date | None
    at: time | None
    cutoff_id: int
    after_id: int
    planned_at: datetime | None
    stopped_at: datetime | None
    created_at: datetime


_COLUMNS = tuple(campaign_runs.c[{"on": "on_date"}.get(name, name)] for name in Run.__slots__)
_UNPLANNED: ColumnElement[bool] = literal_column("planned_at IS NULL")  # as the partial index has it


def _run(row: Row[Any]) -> Run:
    values = dict(zip(Run.__slots__, row, strict=True))
    values["on"] = date.fromisoformat(values["on"]) if values["on"] else None
    values["at"] = time.fromisoformat(values["at"]) if values["at"] else None
    return Run(**values)


async def open_run(
    tx: Tx,
    campaign: str,
    occasion: str,
    *,
    segment: str | None,
    starts_at: datetime,
    on: date | None,
    at: time | None,
    launched_at: datetime,
    now: datetime,
) -> Run | None:
    """Keep the run of an occasion, for everybody on record now; ``None`` when there is one already.

    One that :func:`list_occasions` leaves out is begun anew: who has a row already keeps it.
    """
    newest = select(func.coalesce(func.max(customers.c.id), 0)).scalar_subquery()
    fresh = {
        "segment": segment,
        "starts_at": starts_at,
        "on_date": on.isoformat() if on else None,
        "at": at.isoformat("minutes") if at else None,
        "cutoff_id": newest,
        "created_at": now,
    }
    made = tx.insert(campaign_runs).values(campaign=campaign, occasion=occasion, **fresh)
    made = made.on_conflict_do_update(
        index_elements=["campaign", "occasion"],
        set_=fresh | {"after_id": 0, "planned_at": None, "stopped_at": None},
        where=_is_begun_anew(launched_at),
    )
    row = (await tx.execute(made.returning(*_COLUMNS))).first()
    return _run(row) if row else None


def _is_begun_anew(launched_at: datetime) -> ColumnElement[bool]:
    again = or_(campaign_runs.c.stopped_at.is_not(None), campaign_runs.c.occasion == ONCE)
    return and_(campaign_runs.c.created_at < launched_at, again)


async def list_occasions(tx: Tx, campaign: str, *, launched_at: datetime) -> frozenset[str]:
    """Return the occasions of a campaign that have a run.

    Not those stopped before it was launched again, nor what went out at once then: they are begun anew.
    """
    found = select(campaign_runs.c.occasion).where(
        campaign_runs.c.campaign == campaign, not_(_is_begun_anew(launched_at))
    )
    return frozenset((await tx.execute(found)).scalars())


async def list_known(
    tx: Tx, asked: Collection[tuple[str, str]], *, launched: Mapping[str, datetime]
) -> set[tuple[str, str]]:
    """Return which of these occasions, each of a campaign, have a run; in one query for all campaigns.

    As with :func:`list_occasions`, what is begun anew since its campaign was ``launched`` is none of them.
    """
    if not asked:
        return set()
    runs = campaign_runs.c
    found = select(runs.campaign, runs.occasion, runs.created_at, runs.stopped_at)
    found = found.where(tuple_(runs.campaign, runs.occasion).in_(list(asked)))
    return {
        (row.campaign, row.occasion)
        for row in await tx.execute(found)
        if row.created_at >= launched[row.campaign] or (row.stopped_at is None and row.occasion != ONCE)
    }


async def has_unplanned(tx: Tx, campaign: str) -> bool:
    """Return whether people of some run of a campaign are still to be planned."""
    found = select(campaign_runs.c.id).where(
        campaign_runs.c.campaign == campaign, _UNPLANNED, campaign_runs.c.stopped_at.is_(None)
    )
    return (await tx.execute(found.limit(1))).first() is not None


async def next_unplanned(tx: Tx, *, now: datetime) -> Run | None:
    """Return a run of a running campaign whose people are to be planned, earliest first, locked."""
    found = (
        select(*_COLUMNS)
        .select_from(campaign_runs.join(campaigns, campaigns.c.key == campaign_runs.c.campaign))
        .where(
            _UNPLANNED,
            campaign_runs.c.stopped_at.is_(None),
            campaign_runs.c.starts_at <= now,
            campaigns.c.state == "running",
        )
        .order_by(campaign_runs.c.starts_at, campaign_runs.c.id)
        .limit(1)
    )
    locked = found.with_for_update(of=campaign_runs, skip_locked=True) if tx.for_update else found
    row = (await tx.execute(locked)).first()
    return _run(row) if row else None


async def change_run(tx: Tx, run_id: int, **values: Any) -> None:
    """Change columns of one run."""
    await tx.execute(update(campaign_runs).where(campaign_runs.c.id == run_id).values(**values))
