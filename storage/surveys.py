"""Surveys and their versions; a version is only ever added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select, text, update

from domain.people import Actor
from storage.database import Tx
from storage.tables import survey_versions, surveys


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One version of a survey with the survey it belongs to; ``by_kind`` is who added the version."""

    id: int
    key: str
    state: str
    on_at: datetime | None
    shipped: bool
    created_at: datetime
    changed_at: datetime
    current: int
    version: int
    document: str
    added_at: datetime
    by_kind: str
    by_id: int | None


_QUERY: Select[Any] = select(
    surveys.c.id,
    surveys.c.key,
    surveys.c.state,
    surveys.c.on_at,
    surveys.c.shipped,
    surveys.c.created_at,
    surveys.c.changed_at,
    surveys.c.version.label("current"),
    survey_versions.c.version,
    survey_versions.c.document,
    survey_versions.c.added_at,
    survey_versions.c.by_kind,
    survey_versions.c.by_id,
).select_from(surveys.join(survey_versions, survey_versions.c.survey_id == surveys.c.id))
_ONE_BY_ONE = text("LOCK TABLE surveys IN SHARE ROW EXCLUSIVE MODE")
_CURRENT = and_(survey_versions.c.version == surveys.c.version)


async def list_surveys(tx: Tx) -> list[SurveyRow]:
    """Return the current version of every survey, by key."""
    return [SurveyRow(*row) for row in await tx.execute(_QUERY.where(_CURRENT).order_by(surveys.c.key))]


async def get_survey(tx: Tx, key: str, *, version: int | None = None) -> SurveyRow | None:
    """Return a survey in one version, the current one unless another is named."""
    wanted = _CURRENT if version is None else survey_versions.c.version == version
    row = (await tx.execute(_QUERY.where(surveys.c.key == key, wanted))).first()
    return SurveyRow(*row) if row else None


async def list_versions(tx: Tx, key: str) -> list[SurveyRow]:
    """Return all versions of a survey, oldest first."""
    statement = _QUERY.where(surveys.c.key == key).order_by(survey_versions.c.version)
    return [SurveyRow(*row) for row in await tx.execute(statement)]


async def hold_surveys(tx: Tx) -> None:
    """Let nobody else change surveys until the end of this transaction, nor add one; reading goes on.

    Rows alone would not do: two surveys added at once could both be on for the same cases.
    """
    if tx.for_update:
        await tx.execute(_ONE_BY_ONE)


async def insert_survey(
    tx: Tx, *, key: str, document: str, state: str, on_at: datetime | None, shipped: bool, by: Actor, now: datetime
) -> int:
    """Keep a new survey with its first version; whoever adds it holds the surveys."""
    insert = tx.insert(surveys).values(
        key=key, state=state, on_at=on_at, version=1, shipped=shipped, created_at=now, changed_at=now
    )
    survey_id: int = (await tx.execute(insert.returning(surveys.c.id))).scalar_one()
    await _insert_version(tx, survey_id, 1, document=document, by=by, now=now)
    return survey_id


async def add_version(
    tx: Tx, survey_id: int, version: int, *, document: str, shipped: bool, by: Actor, now: datetime
) -> None:
    """Keep a further version, which is asked from now on; whoever adds it holds the surveys."""
    await _insert_version(tx, survey_id, version, document=document, by=by, now=now)
    await change_survey(tx, survey_id, version=version, shipped=shipped, changed_at=now)


async def _insert_version(tx: Tx, survey_id: int, version: int, *, document: str, by: Actor, now: datetime) -> None:
    insert = tx.insert(survey_versions).values(
        survey_id=survey_id, version=version, document=document, added_at=now, by_kind=by.kind.value, by_id=by.id
    )
    await tx.execute(insert)


async def change_survey(tx: Tx, survey_id: int, **values: Any) -> None:
    """Change columns of one survey."""
    await tx.execute(update(surveys).where(surveys.c.id == survey_id).values(**values))
