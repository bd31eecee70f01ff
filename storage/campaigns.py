"""Campaigns and their versions; a version is only ever added. Their pictures."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select, text, update

from domain.people import Actor
from storage.database import Tx
from storage.tables import campaign_pictures, campaign_versions, campaigns


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One version of a campaign with the campaign it belongs to."""

    id: int
    key: str
    state: str
    current: int
    shipped: bool
    launch_at: datetime | None
    launched_at: datetime | None
    paused_at: datetime | None
    pause_reason: str | None
    ended_at: datetime | None
    swept_on: str | None
    asked_by: int | None
    asked_at: datetime | None
    approved_by: int | None
    approved_at: datetime | None
    approved_version: int | None
    paid_yes_at: datetime | None
    winner: str | None
    winner_at: datetime | None
    created_at: datetime
    changed_at: datetime
    version: int
    document: str


_NAMED = {"current": campaigns.c.version, "version": campaign_versions.c.version}
_QUERY: Select[Any] = select(
    *(
        _NAMED[name].label(name)
        if name in _NAMED
        else (campaign_versions.c.document if name == "document" else campaigns.c[name])
        for name in CampaignRow.__slots__
    )
).select_from(campaigns.join(campaign_versions, campaign_versions.c.campaign_id == campaigns.c.id))
_ONE_BY_ONE = text("LOCK TABLE campaigns IN SHARE ROW EXCLUSIVE MODE")
_CURRENT = and_(campaign_versions.c.version == campaigns.c.version)


async def list_campaigns(tx: Tx, *, state: str | None = None) -> list[CampaignRow]:
    """Return the current version of every campaign, or of those in one state, by key."""
    statement = _QUERY.where(_CURRENT).order_by(campaigns.c.key)
    if state is not None:
        statement = statement.where(campaigns.c.state == state)
    return [CampaignRow(*row) for row in await tx.execute(statement)]


async def get_campaign(tx: Tx, key: str, *, version: int | None = None) -> CampaignRow | None:
    """Return a campaign in one version, the current one unless another is named."""
    wanted = _CURRENT if version is None else campaign_versions.c.version == version
    row = (await tx.execute(_QUERY.where(campaigns.c.key == key, wanted))).first()
    return CampaignRow(*row) if row else None


async def list_versions(tx: Tx, key: str) -> list[CampaignRow]:
    """Return all versions of a campaign, oldest first."""
    statement = _QUERY.where(campaigns.c.key == key).order_by(campaign_versions.c.version)
    return [CampaignRow(*row) for row in await tx.execute(statement)]


async def hold_campaigns(tx: Tx) -> None:
    """Let nobody else change campaigns until the end of this transaction, nor add one; reading goes on."""
    if tx.for_update:
        await tx.execute(_ONE_BY_ONE)


async def insert_campaign(
    tx: Tx, *, key: str, document: str, state: str, shipped: bool, by: Actor, now: datetime, **more: Any
) -> int:
    """Keep a new campaign with its first version; whoever adds it holds the campaigns."""
    author = {"by_kind": by.kind.value, "by_id": by.id}
    insert = tx.insert(campaigns).values(
        key=key, state=state, version=1, shipped=shipped, created_at=now, changed_at=now, **author, **more
    )
    campaign_id: int = (await tx.execute(insert.returning(campaigns.c.id))).scalar_one()
    await _insert_version(tx, campaign_id, 1, document=document, by=by, now=now)
    return campaign_id


async def add_version(
    tx: Tx, campaign_id: int, version: int, *, document: str, by: Actor, now: datetime, **more: Any
) -> None:
    """Keep a further version, which is sent from now on; whoever adds it holds the campaigns."""
    await _insert_version(tx, campaign_id, version, document=document, by=by, now=now)
    await change_campaign(tx, campaign_id, version=version, changed_at=now, **more)


async def _insert_version(tx: Tx, campaign_id: int, version: int, *, document: str, by: Actor, now: datetime) -> None:
    insert = tx.insert(campaign_versions).values(
        campaign_id=campaign_id, version=version, document=document, added_at=now, by_kind=by.kind.value, by_id=by.id
    )
    await tx.execute(insert)


async def change_campaign(tx: Tx, campaign_id: int, **values: Any) -> None:
    """Change columns of one campaign."""
    await tx.execute(update(campaigns).where(campaigns.c.id == campaign_id).values(**values))


async def keep_picture(tx: Tx, *, key: str, content: str, now: datetime) -> None:
    """Keep a picture (base 64) under its hash; the same one again changes nothing."""
    insert = tx.insert(campaign_pictures).values(key=key, content=content, added_at=now)
    await tx.execute(insert.on_conflict_do_nothing(index_elements=["key"]))


async def get_picture(tx: Tx, key: str) -> tuple[str, str | None] | None:
    """Return a picture's bytes in base 64 and Telegram's id of it, if it was sent before."""
    found = select(campaign_pictures.c.content, campaign_pictures.c.file_id).where(campaign_pictures.c.key == key)
    row = (await tx.execute(found)).first()
    return (row.content, row.file_id) if row else None


async def name_picture(tx: Tx, key: str, *, file_id: str) -> None:
    """Keep how Telegram knows a picture."""
    await tx.execute(update(campaign_pictures).where(campaign_pictures.c.key == key).values(file_id=file_id))


async def get_author(tx: Tx, campaign_id: int, version: int) -> tuple[str, int | None]:
    """Return the kind and id of who wrote a version of a campaign."""
    found = select(campaign_versions.c.by_kind, campaign_versions.c.by_id).where(
        campaign_versions.c.campaign_id == campaign_id, campaign_versions.c.version == version
    )
    row = (await tx.execute(found)).one()
    return row.by_kind, row.by_id
