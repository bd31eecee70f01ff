"""Service recovery: from a case, points or a voucher for a customer whom something went wrong for."""

from dataclasses import dataclass

from domain.approvals import Approval, is_reason, limit_of, within
from domain.cases import Case
from domain.deeds import Deed
from domain.outcomes import Refusal
from domain.people import StaffMember
from domain.points import Entry
from domain.rewards import Reward, Voucher
from services import approvals, cards
from services.case_door import access_case, actor_of
from services.work import Work
from storage.rewards import get_reward, get_reward_by_key, list_rewards

_AMOUNTS = (20, 50, 100, 200, 500, 1000)
_MOST_AMOUNTS = 4
_MOST_REWARDS = 6


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody may offer: ``amounts`` and ``alone`` within their own ``limit``, ``together`` with a second yes.

    ``limit`` is ``None`` without one.
    """

    case: Case
    limit: int | None
    amounts: tuple[int, ...]
    alone: tuple[Reward, ...]
    together: tuple[Reward, ...]


async def choose(work: Work, *, case_id: int, by: StaffMember) -> Choice | Refusal:
    """Return what this person may offer the customer of a case."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.RECOVER)
    if isinstance(case, Refusal):
        return case
    if not work.rules.loyalty.enabled:
        return Refusal("points.refused.off")
    limit = limit_of(by.role, work.rules.loyalty)
    amounts = [amount for amount in _AMOUNTS if within(amount, limit)][-_MOST_AMOUNTS:]
    rewards = [one for one in await list_rewards(work.tx) if one.is_open(work.now) and not one.sold_out]
    alone = [one for one in rewards if within(one.price_points, limit)][:_MOST_REWARDS]
    together = [one for one in rewards if not within(one.price_points, limit)][: _MOST_REWARDS - len(alone)]
    return Choice(case, limit, tuple(amounts), tuple(alone), tuple(together))


async def give_points(
    work: Work, *, case_id: int, by: StaffMember, points: int, reason: str, source_key: str
) -> Entry | Approval | Refusal:
    """Give the customer of a case points, once a ``source_key``; above one's limit a second person is asked.

    Without a reason of its own it is what the case is about.
    """
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.RECOVER)
    if isinstance(case, Refusal):
        return case
    if points <= 0:
        return Refusal("recovery.refused.usage")
    return await approvals.change_points(
        work,
        case.customer_id,
        points=points,
        reason=reason if is_reason(reason) else await _about(work, case),
        source_key=source_key,
        by=actor_of(by),
        case_id=case.id,
        warm=True,
    )


async def give_voucher(
    work: Work, *, case_id: int, by: StaffMember, reward_key: str, reason: str, source_key: str
) -> Voucher | Approval | Refusal:
    """Give the customer of a case a voucher, once a ``source_key``; its price in points is measured by one's limit."""
    case = await access_case(work, case_id=case_id, by=by, deed=Deed.RECOVER)
    if isinstance(case, Refusal):
        return case
    return await approvals.give_voucher(
        work,
        case.customer_id,
        reward_key=reward_key,
        reason=reason if is_reason(reason) else await _about(work, case),
        source_key=source_key,
        by=actor_of(by),
        case_id=case.id,
    )


async def _about(work: Work, case: Case) -> str:
    language = await cards.language_of_case(work, case)
    key = f"aspect.{case.aspect}" if case.aspect else f"case.kind.{case.kind}"
    about = work.texts.button(key, language)
    return work.texts.button("recovery.reason", language, number=case.public_number, about=about)


async def find_reward(work: Work, key: str) -> Reward | None:
    """Return the reward of the catalogue with this key."""
    return await get_reward_by_key(work.tx, key.strip())


async def reward_of(work: Work, reward_id: int) -> Reward | None:
    """Return one reward of the catalogue."""
    return await get_reward(work.tx, reward_id)
