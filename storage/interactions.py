"""Interactions: appended, never changed but for the case they are found to belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from domain.interactions import Content, Direction, Interaction, Kind, MediaRef, Visibility
from domain.people import Actor, ActorKind
from storage.database import Tx
from storage.search import index_words
from storage.tables import interactions, media


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in Telegram something was said, and by which update."""

    chat_id: int | None = None
    message_id: int | None = None
    update_id: int | None = None


NOWHERE = Origin()
_SEARCHED = frozenset({ActorKind.CUSTOMER, ActorKind.STAFF})


async def keep_media(tx: Tx, ref: MediaRef, *, bot_id: int, now: datetime, limit_bytes: int) -> tuple[int, bool]:
    """Keep a file's reference; returns its id and whether its bytes are still to be fetched.

    A file larger than ``limit_bytes`` stays a reference for good.
    """
    state = "too_large" if (ref.size or 0) > limit_bytes else "referenced"
    insert = tx.insert(media).values(
        bot_id=bot_id,
        file_unique_id=ref.file_unique_id,
        file_id=ref.file_id,
        size=ref.size,
        mime=ref.mime,
        name=ref.name,
        state=state,
        kept_at=now,
    )
    insert = insert.on_conflict_do_update(
        index_elements=["bot_id", "file_unique_id"], set_={"file_id": ref.file_id}
    ).returning(media.c.id, media.c.state)
    row = (await tx.execute(insert)).one()
    return int(row.id), row.state == "referenced"


async def add_interaction(
    tx: Tx,
    *,
    bot_id: int,
    at: datetime,
    author: Actor,
    direction: Direction,
    visibility: Visibility,
    content: Content,
    customer_id: int | None,
    case_id: int | None = None,
    origin: Origin = NOWHERE,
    media_id: int | None = None,
    version_of: int | None = None,
    reply_to: int | None = None,
) -> int:
    """Append one interaction with the next bulk write and return its id; people's words become searchable."""
    row_id = await tx.new_id(interactions)
    tx.add(
        interactions,
        id=row_id,
        at=at,
        bot_id=bot_id,
        customer_id=customer_id,
        case_id=case_id,
        author_kind=author.kind.value,
        author_id=author.id,
        direction=direction.value,
        visibility=visibility.value,
        kind=content.kind.value,
        text=content.text,
        entities=list(content.entities) or None,
        media_id=media_id,
        media_group_id=content.media_group_id,
        extra=content.extra or None,
        chat_id=origin.chat_id,
        message_id=origin.message_id,
        update_id=origin.update_id,
        version_of=version_of,
        reply_to=reply_to,
    )
    if content.text and author.kind in _SEARCHED:
        index_words(tx, interaction_id=row_id, text=content.text)
    return row_id


_LOAD = select(
    interactions,
    media.c.file_id,
    media.c.file_unique_id,
    media.c.size,
    media.c.mime,
    media.c.name.label("file_name"),
).select_from(interactions.outerjoin(media, media.c.id == interactions.c.media_id))


def _interaction(row: Any) -> Interaction:
    ref = MediaRef(row.file_id, row.file_unique_id, row.size, row.mime, row.file_name) if row.file_id else None
    return Interaction(
        id=row.id,
        at=row.at,
        author=Actor(ActorKind(row.author_kind), row.author_id),
        direction=Direction(row.direction),
        visibility=Visibility(row.visibility),
        content=Content(Kind(row.kind), row.text, tuple(row.entities or ()), ref, row.media_group_id, row.extra or {}),
        customer_id=row.customer_id,
        case_id=row.case_id,
        chat_id=row.chat_id,
        message_id=row.message_id,
        update_id=row.update_id,
        version_of=row.version_of,
        reply_to=row.reply_to,
    )


async def get_interaction(tx: Tx, interaction_id: int) -> Interaction | None:
    """Return one interaction."""
    row = (await tx.execute(_LOAD.where(interactions.c.id == interaction_id))).first()
    return _interaction(row) if row else None


async def is_recorded(tx: Tx, *, bot_id: int, update_id: int) -> bool:
    """Return whether what this update brought stands among what was said."""
    statement = select(interactions.c.id).where(interactions.c.bot_id == bot_id, interactions.c.update_id == update_id)
    return (await tx.execute(statement.limit(1))).first() is not None


async def list_by_ids(tx: Tx, ids: Sequence[int]) -> list[Interaction]:
    """Return the interactions with these ids, oldest first."""
    if not ids:
        return []
    rows = await tx.execute(_LOAD.where(interactions.c.id.in_(list(ids))).order_by(interactions.c.id))
    return [_interaction(row) for row in rows]


async def find_said_at(tx: Tx, *, bot_id: int, chat_id: int, message_id: int) -> Interaction | None:
    """Return the first version of what was said in this Telegram message."""
    statement = (
        _LOAD.where(
            interactions.c.bot_id == bot_id,
            interactions.c.chat_id == chat_id,
            interactions.c.message_id == message_id,
            interactions.c.version_of.is_(None),
        )
        .order_by(interactions.c.id)
        .limit(1)
    )
    row = (await tx.execute(statement)).first()
    return _interaction(row) if row else None


async def list_said_at(tx: Tx, *, bot_id: int, chat_id: int, message_id: int) -> list[Interaction]:
    """Return everything recorded of this Telegram message, its versions included, oldest first."""
    statement = _LOAD.where(
        interactions.c.bot_id == bot_id,
        interactions.c.chat_id == chat_id,
        interactions.c.message_id == message_id,
    )
    return [_interaction(row) for row in await tx.execute(statement.order_by(interactions.c.id))]


async def list_album_before(tx: Tx, part: Interaction) -> list[int]:
    """Return the ids of the parts of an album said before this one, newest first."""
    statement = (
        select(interactions.c.id)
        .where(
            interactions.c.customer_id == part.customer_id,
            interactions.c.media_group_id == part.content.media_group_id,
            interactions.c.chat_id == part.chat_id,
            interactions.c.id < part.id,
        )
        .order_by(interactions.c.id.desc())
    )
    return list((await tx.execute(statement)).scalars())


async def list_of_case(tx: Tx, case_id: int, *, limit: int = 200) -> list[Interaction]:
    """Return the newest ``limit`` interactions of a case, oldest first."""
    newest = (
        select(interactions.c.id)
        .where(interactions.c.case_id == case_id)
        .order_by(interactions.c.id.desc())
        .limit(limit)
    )
    rows = await tx.execute(_LOAD.where(interactions.c.id.in_(newest)).order_by(interactions.c.id))
    return [_interaction(row) for row in rows]


async def assign_case(tx: Tx, *, ids: Sequence[int], case_id: int) -> None:
    """Record to which case these interactions belong."""
    if ids:
        await tx.execute(update(interactions).where(interactions.c.id.in_(list(ids))).values(case_id=case_id))
