"""What comes with a message: a voucher or points for this one person."""

from typing import Any

from domain.campaigns import Gift
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind
from domain.points import EntryKind
from domain.rewards import Voucher, last_day
from services import points, rewards
from services.campaigns.book import Kept
from services.campaigns.notices import tell_marketers
from services.work import Person, Work
from storage import rewards as rows
from storage.deliveries import Delivery
from storage.points import get_entry_by_key

AUTHOR = Actor(ActorKind.CAMPAIGN)
NO_GIFT = "no_gift"
_OF_EVERYBODY = frozenset(
    {
        "points.refused.no_reward",
        "points.refused.sold_out",
        "points.refused.reward_early",
        "points.refused.reward_over",
        "points.refused.off",
        "points.refused.amount",
    }
)
"""Refusals that meet whoever comes next as well."""


def source_key(delivery: Delivery) -> str:
    """Return the key under which the gift of one message is booked: once, however often it is tried."""
    return f"campaign:{delivery.id}"


async def give_gift(work: Work, kept: Kept, *, delivery: Delivery, person: Person) -> dict[str, Any] | None:
    """Give what a campaign gives with its message; returns what the words say of it, nothing where nothing is given.

    The same delivery gives once. ``None``: it cannot be had, and the message does not go. Where that is for everybody,
    such as with a reward that ran out, staff are told once; of one person who may get none, such as who owes points,
    they are not.
    """
    gift = kept.campaign.gift
    if gift is None:
        return {}
    if delivery.recalls and (given_before := await _given_before(work, delivery, person)):
        return given_before
    given = await (_give_points if gift.points is not None else _give_voucher)(work, kept, gift, delivery, person)
    if not isinstance(given, Refusal):
        return given
    if given.key in _OF_EVERYBODY:
        key = f"no_gift:{kept.key}:{kept.version}"
        await tell_marketers(work, kept, "campaign_tap.notice.no_gift", dedupe_key=key)
    return None


async def _give_points(
    work: Work, kept: Kept, gift: Gift, delivery: Delivery, person: Person
) -> dict[str, Any] | Refusal:
    given = await points.earn(
        work,
        person.customer.id,
        points=gift.points or 0,
        source_key=source_key(delivery),
        by=AUTHOR,
        rule="campaign",
        reason=kept.key,
    )
    return given if isinstance(given, Refusal) else {"gift_points": gift.points}


async def _give_voucher(
    work: Work, kept: Kept, gift: Gift, delivery: Delivery, person: Person
) -> dict[str, Any] | Refusal:
    reward = await rows.get_reward_by_key(work.tx, gift.reward or "")
    if reward is None:
        return Refusal("points.refused.no_reward")
    voucher = await rewards.give(
        work,
        person.customer.id,
        reward.id,
        source_key=source_key(delivery),
        by=AUTHOR,
        reason=kept.key,
        is_said_elsewhere=True,
    )
    return voucher if isinstance(voucher, Refusal) else _said_of(work, voucher)


async def _given_before(work: Work, delivery: Delivery, person: Person) -> dict[str, Any] | None:
    """Return what came with the message before it was taken back: it stays given, whatever the campaign gives now."""
    key = source_key(delivery)
    voucher = await rows.get_voucher_of_key(work.tx, key, customer_id=person.customer.id)
    if voucher is not None:
        return _said_of(work, voucher)
    entry = await get_entry_by_key(work.tx, key)
    return {"gift_points": entry.points} if entry is not None and entry.kind is EntryKind.EARN else None


def _said_of(work: Work, voucher: Voucher) -> dict[str, Any]:
    until_on = last_day(voucher.expires_at, work.rules.zone)
    return {"voucher": voucher.code, "voucher_until": until_on.isoformat(), "voucher_id": voucher.id}
