"""Which occasions people do not want to hear of."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select

from storage.database import Tx
from storage.tables import campaign_optouts, campaign_taps, consents

_OUT = select(campaign_optouts.c.customer_id).where(
    campaign_optouts.c.topic == bindparam("topic"),
    campaign_optouts.c.customer_id.in_(bindparam("ids", expanding=True)),
)


async def list_opted_out(tx: Tx, topic: str, customer_ids: Sequence[int]) -> set[int]:
    """Return which of these customers do not want to hear of a topic."""
    return set((await tx.execute(_OUT, {"topic": topic, "ids": list(customer_ids)})).scalars())


async def list_topics(tx: Tx, customer_id: int) -> list[str]:
    """Return what a customer does not want to hear of, the first wish first."""
    his = select(campaign_optouts.c.topic).where(campaign_optouts.c.customer_id == customer_id)
    return list((await tx.execute(his.order_by(campaign_optouts.c.at, campaign_optouts.c.topic))).scalars())


async def add_optout(tx: Tx, customer_id: int, topic: str, *, now: datetime) -> bool:
    """Keep that a customer does not want to hear of a topic; returns whether that is new."""
    insert = tx.insert(campaign_optouts).values(customer_id=customer_id, topic=topic, at=now)
    insert = insert.on_conflict_do_nothing(index_elements=["customer_id", "topic"])
    return (await tx.execute(insert.returning(campaign_optouts.c.topic))).first() is not None


async def drop_optout(tx: Tx, customer_id: int, topic: str) -> bool:
    """Forget that wish; returns whether it was there."""
    his = (campaign_optouts.c.customer_id == customer_id, campaign_optouts.c.topic == topic)
    return (
        await tx.execute(delete(campaign_optouts).where(*his).returning(campaign_optouts.c.topic))
    ).first() is not None


async def was_muted_by(tx: Tx, delivery_id: int, customer_id: int, kind: str) -> bool:
    """Return whether it was the button under this message that stopped this class of messages, and nothing since."""
    stands = select(consents.c.kind).join_from(consents, campaign_taps, campaign_taps.c.at == consents.c.changed_at)
    here = (campaign_taps.c.delivery_id == delivery_id, campaign_taps.c.kind == "mute")
    off = (consents.c.given.is_(False), consents.c.until_at.is_(None))
    his = (consents.c.customer_id == customer_id, consents.c.kind == kind)
    return (await tx.execute(stands.where(*here, *his, *off).limit(1))).first() is not None
