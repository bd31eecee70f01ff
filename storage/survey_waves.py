"""Waves: one asking of a survey of many people, by schedule or by hand, planned in slices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, insert, literal_column, select, tuple_, update

from domain.people import Actor
from storage.database import Tx
from storage.tables import deliveries, survey_waves


@dataclass(frozen=True, slots=True)
class Wave:
    """One wave: its people are those of ``segment``, asked ``at`` their local time ``on`` a day, or at once.

    It is planned from ``starts_at`` on; ``after_id`` is the last customer whom the planning has looked at.
    """

    id: int
    survey: str
    occasion: str
    cause: str
    segment: str | None
    sample_permille: int
    seed: str
    starts_at: datetime
    on: date | None
    at: time | None
    late_after: timedelta
    after_id: int
    planned_at: datetime | None
    stopped_at: datetime | None
    created_at: datetime


_COLUMNS = tuple(
    survey_waves.c[{"on": "on_date", "late_after": "late_after_s"}.get(name, name)] for name in Wave.__slots__
)
_UNPLANNED: ColumnElement[bool] = literal_column("planned_at IS NULL")  # as the partial index has it


def _wave(row: Row[Any]) -> Wave:
    values = dict(zip(Wave.__slots__, row, strict=True))
    values["on"] = date.fromisoformat(values["on"]) if values["on"] else None
    values["at"] = time.fromisoformat(values["at"]) if values["at"] else None
    values["late_after"] = timedelta(seconds=values["late_after"])
    return Wave(**values)


def _row(
    survey: str,
    *,
    cause: str,
    segment: str | None,
    sample_permille: int,
    seed: str,
    starts_at: datetime,
    on: date | None,
    at: time | None,
    late_after: timedelta,
    by: Actor,
    now: datetime,
) -> dict[str, Any]:
    return {
        "survey": survey,
        "cause": cause,
        "segment": segment,
        "sample_permille": sample_permille,
        "seed": seed,
        "starts_at": starts_at,
        "on_date": on.isoformat() if on else None,
        "at": at.isoformat("minutes") if at else None,
        "late_after_s": int(late_after.total_seconds()),
        "by_kind": by.kind.value,
        "by_id": by.id,
        "created_at": now,
    }


async def open_wave(tx: Tx, survey: str, occasion: str, **values: Any) -> Wave | None:
    """Keep the wave of an occasion, the values as :class:`Wave` has them; ``None`` when there is one already."""
    made = tx.insert(survey_waves).values(occasion=occasion, **_row(survey, **values))
    made = made.on_conflict_do_nothing(index_elements=["survey", "occasion"])
    row = (await tx.execute(made.returning(*_COLUMNS))).first()
    return _wave(row) if row else None


async def add_wave(tx: Tx, survey: str, prefix: str, **values: Any) -> Wave:
    """Keep a wave whose occasion is ``prefix`` and its own number."""
    unnamed = f"{prefix}?"
    made = insert(survey_waves).values(occasion=unnamed, **_row(survey, **values)).returning(survey_waves.c.id)
    wave_id = int((await tx.execute(made)).scalar_one())
    named = update(survey_waves).where(survey_waves.c.id == wave_id).values(occasion=f"{prefix}{wave_id}")
    return _wave((await tx.execute(named.returning(*_COLUMNS))).one())


async def get_last_id(tx: Tx) -> int:
    """Return the number of the newest wave; 0 without any."""
    return int((await tx.execute(select(func.coalesce(func.max(survey_waves.c.id), 0)))).scalar_one())


async def get_wave(tx: Tx, wave_id: int) -> Wave | None:
    """Return one wave; in a writing transaction it stays locked."""
    found = select(*_COLUMNS).where(survey_waves.c.id == wave_id)
    row = (await tx.execute(found.with_for_update() if tx.for_update else found)).first()
    return _wave(row) if row else None


async def find_wave(tx: Tx, survey: str, occasion: str) -> Wave | None:
    """Return the wave of an occasion."""
    found = select(*_COLUMNS).where(survey_waves.c.survey == survey, survey_waves.c.occasion == occasion)
    row = (await tx.execute(found)).first()
    return _wave(row) if row else None


async def list_waves(tx: Tx, *, survey: str | None = None, since: datetime | None = None) -> list[Wave]:
    """Return waves, the newest first: of one survey, or of all; those made from ``since`` on."""
    found = select(*_COLUMNS).order_by(survey_waves.c.id.desc())
    if survey is not None:
        found = found.where(survey_waves.c.survey == survey)
    if since is not None:
        found = found.where(survey_waves.c.created_at >= since)
    return [_wave(row) for row in await tx.execute(found)]


async def take_unplanned(tx: Tx, *, now: datetime) -> Wave | None:
    """Return the first wave with people still to be planned, locked; one that another replica is at is passed over."""
    found: Select[Any] = (
        select(*_COLUMNS)
        .where(_UNPLANNED, survey_waves.c.stopped_at.is_(None), survey_waves.c.starts_at <= now)
        .order_by(survey_waves.c.starts_at, survey_waves.c.id)
        .limit(1)
    )
    row = (await tx.execute(found.with_for_update(skip_locked=True) if tx.for_update else found)).first()
    return _wave(row) if row else None


async def change_wave(tx: Tx, wave_id: int, **values: Any) -> None:
    """Change columns of one wave."""
    await tx.execute(update(survey_waves).where(survey_waves.c.id == wave_id).values(**values))


async def list_stopped(tx: Tx, waves: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return which of these waves, by survey and occasion, were stopped."""
    wanted = sorted(set(waves))
    if not wanted:
        return frozenset()
    named = tuple_(survey_waves.c.survey, survey_waves.c.occasion).in_(wanted)
    found = select(survey_waves.c.survey, survey_waves.c.occasion).where(named, survey_waves.c.stopped_at.is_not(None))
    return frozenset((row.survey, row.occasion) for row in await tx.execute(found))


async def count_deliveries(tx: Tx, campaign: str, occasion: str) -> dict[tuple[str, str | None], int]:
    """Return how many people of a wave stand where: by state and, when skipped or failed, the reason."""
    counted = (
        select(deliveries.c.state, deliveries.c.reason, func.count())
        .where(deliveries.c.campaign == campaign, deliveries.c.occasion == occasion)
        .group_by(deliveries.c.state, deliveries.c.reason)
    )
    return {(state, reason): int(count) for state, reason, count in await tx.execute(counted)}
