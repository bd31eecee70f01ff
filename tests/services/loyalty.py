"""What stories about points need: customers with points, rewards on the shelf, staff."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from domain.loyalty import LoyaltyRules, RewardSeed
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, ActorKind, Role
from domain.rewards import Reward, Voucher
from domain.rules import Rules
from services import points
from services.rewards import list_rewards, redeem, seed_rewards
from services.work import Work
from storage.staff import insert_missing_member, load_staff
from tests.services.shop import ANN_CHAT, BOT, Working, arrive

COFFEE = RewardSeed("coffee", 300, {"en": "A coffee", "zh_TW": "咖啡一杯"}, {"en": "Any size"}, stock=5)
RULES = Rules(loyalty=LoyaltyRules(agent_limit=100, supervisor_limit=1000))


async def member_with(work: Work, amount: int, *, chat_id: int = ANN_CHAT, name: str = "Ann") -> int:
    """Return a customer who has so many points."""
    person = await arrive(work, chat_id=chat_id, name=name)
    if amount:
        done = await points.earn(work, person.customer.id, points=amount, source_key=f"start:{chat_id}", by=SYSTEM)
        assert not isinstance(done, Refusal)
    return person.customer.id


async def on_the_shelf(work: Work, seed: RewardSeed = COFFEE) -> Reward:
    """Return a reward that is in the catalogue now."""
    await seed_rewards(work, [seed])
    return next(reward for reward in await list_rewards(work) if reward.key == seed.key)


async def hire(work: Work, user_id: int, name: str, role: Role) -> Actor:
    """Return a new member of staff as the author of changes."""
    await insert_missing_member(work.tx, user_id=user_id, name=name, role=role, language=None)
    staff = await load_staff(work.tx, bot_id=BOT)
    return Actor(ActorKind.STAFF, staff.members[user_id].id)


async def redeemed(work: Work, customer_id: int, reward: Reward, key: str = "tap") -> Voucher:
    """Return the voucher a customer gets for points of their own."""
    by = Actor(ActorKind.CUSTOMER, customer_id)
    done = await redeem(work, customer_id, reward.id, source_key=f"{key}:{customer_id}", by=by)
    assert isinstance(done, Voucher)
    return done


async def spendable(work: Work, customer_id: int) -> int:
    """Return how many points a customer can spend."""
    return (await points.balance_of(work, customer_id)).spendable


async def at_once(working: Working, *deeds: Callable[[Work], Awaitable[Any]]) -> list[Any]:
    """Do several things at the same time, each in a transaction of its own; returns what came of each."""

    async def do(deed: Callable[[Work], Awaitable[Any]]) -> Any:
        async with working(rules=RULES) as work:
            return await deed(work)

    return list(await asyncio.gather(*(do(deed) for deed in deeds)))
