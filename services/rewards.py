"""Rewards: the catalogue, kept by the database once it was seeded, and points given for one of them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from secrets import randbits
from typing import Any
from zoneinfo import ZoneInfo

from domain.codes import VOUCHER_SIGNS, spell
from domain.errors import SettingsError
from domain.interactions import Content, Direction, Kind, Visibility
from domain.loyalty import RewardSeed
from domain.outcomes import Refusal
from domain.outgoing import Outgoing, Purpose, to_contact
from domain.people import SYSTEM, Actor, ActorKind, Permission
from domain.points import Entry
from domain.rewards import Reward, Voucher, end_of, start_of, voucher_expires_at
from services import points, webhooks
from services.files import UPLOAD
from services.permits import may
from services.records import resolve
from services.vouchers import send_voucher
from services.work import Person, Work
from storage import rewards as reward_rows
from storage.audit import add_audit
from storage.interactions import add_interaction
from storage.outbox import add_outgoing
from storage.points import get_entry_by_key
from texts.catalogue import plain

_CODE_BITS = 5 * VOUCHER_SIGNS
_PICTURE_BYTES = 10 * 1024 * 1024
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


async def list_rewards(work: Work, *, customer_id: int | None = None) -> list[Reward]:
    """Return the catalogue, cheapest first; for a customer only what is on offer now, sold out or not."""
    found = await reward_rows.list_rewards(work.tx)
    return found if customer_id is None else [reward for reward in found if reward.is_open(work.now)]


async def seed_rewards(work: Work, seeds: Sequence[RewardSeed]) -> int:
    """Put rewards of the settings into the catalogue that it never held; returns how many those were.

    Raises :class:`SettingsError` for a picture that cannot be taken.
    """
    known = {reward.key for reward in await reward_rows.list_rewards(work.tx)}
    fresh = 0
    for seed in (seed for seed in seeds if seed.key not in known):
        reward_id = await reward_rows.insert_missing_reward(
            work.tx,
            key=seed.key,
            price_points=seed.price_points,
            stock=seed.stock,
            valid_from_at=_begin(seed.valid_from, work.rules.zone),
            valid_until_at=_end(seed.valid_until, work.rules.zone),
            voucher_days=seed.voucher_days,
            texts={"names": seed.names, "terms": seed.terms},
        )
        if reward_id is None:
            continue
        if seed.picture is not None:
            await _keep_picture(work, reward_id, seed.key, Path(seed.picture))
        _audit(work, SYSTEM, "reward.seed", reward_id, after={"key": seed.key, "price_points": seed.price_points})
        fresh += 1
    return fresh


def _begin(day: date | None, zone: ZoneInfo) -> object:
    return start_of(day, zone) if day else None


def _end(day: date | None, zone: ZoneInfo) -> object:
    return end_of(day, zone) if day else None


async def _keep_picture(work: Work, reward_id: int, key: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            content = file.read(_PICTURE_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"loyalty.rewards: the picture of {key} cannot be read: {error}") from None
    mime = next((mime for head, mime in _PICTURES.items() if content.startswith(head)), None)
    if mime is None or len(content) > _PICTURE_BYTES:
        raise SettingsError(f"loyalty.rewards: the picture of {key} must be a PNG or JPEG of at most 10 MB: {path}")
    picture_id = await reward_rows.insert_picture(work.tx, name=path.name, mime=mime, content=content, now=work.now)
    await reward_rows.change_reward(work.tx, reward_id, picture_id=picture_id)


def _audit(work: Work, by: Actor, action: str, reward_id: int, **states: Any) -> None:
    add_audit(work.tx, at=work.now, actor=by, action=action, subject=("reward", reward_id), **states)


async def change_reward(
    work: Work, key: str, *, by: Actor, active: bool | None = None, restock: int | None = None, endless: bool = False
) -> Reward | Refusal:
    """Put a reward on or off the shelf, or say how many there are: ``restock`` pieces, or as many as are wanted."""
    if not await may(work, by, Permission.ADMINISTER):
        return Refusal("points.refused.not_allowed")
    reward = await reward_rows.get_reward_by_key(work.tx, key)
    if reward is None:
        return Refusal("points.refused.no_reward")
    wanted: dict[str, object] = {}
    if active is not None:
        wanted["active"] = active
    if endless or restock is not None:
        wanted["stock"] = None if endless else restock
    before = {name: getattr(reward, name) for name in wanted}
    if before != wanted:
        await reward_rows.change_reward(work.tx, reward.id, **wanted)
        _audit(work, by, "reward.change", reward.id, before=before, after=wanted)
    changed = await reward_rows.get_reward(work.tx, reward.id)
    assert changed is not None
    return changed


async def redeem(work: Work, customer_id: int, reward_id: int, *, source_key: str, by: Actor) -> Voucher | Refusal:
    """Give a customer a one-use voucher for points, and send it to them; the same ``source_key`` does so once.

    Of two customers who want the last piece one gets it; the other is refused and keeps the points.
    """
    himself = by == Actor(ActorKind.CUSTOMER, customer_id)
    customer_id = await resolve(work, customer_id)
    if not himself and not await may(work, by, Permission.CHANGE_POINTS):
        return Refusal("points.refused.not_allowed")
    if not work.rules.loyalty.enabled:
        return Refusal("points.refused.off")
    await points.lock_account(work, customer_id)
    issued = await reward_rows.get_voucher_of_key(work.tx, source_key, customer_id=customer_id)
    if issued is not None:
        return issued if issued.reward_id == reward_id else Refusal("points.refused.key_taken")
    if await get_entry_by_key(work.tx, source_key) is not None:  # those points went for something else
        return Refusal("points.refused.key_taken")
    reward = await reward_rows.get_reward(work.tx, reward_id)
    refusal = await _why_not(work, customer_id, reward)
    if reward is None or refusal is not None:
        return refusal or Refusal("points.refused.no_reward")
    if not await reward_rows.take_piece(work.tx, reward.id, now=work.now):
        return Refusal("points.refused.sold_out")
    entry = await points.spend(
        work, customer_id, points=reward.price_points, source_key=source_key, by=by, reason=reward.key
    )
    if isinstance(entry, Refusal):
        await reward_rows.put_back_piece(work.tx, reward.id)
        return entry
    return await _issue(work, reward, customer_id=customer_id, entry_id=entry.id, by=by)


async def give(
    work: Work,
    customer_id: int,
    reward_id: int,
    *,
    source_key: str,
    by: Actor,
    reason: str,
    case_id: int | None = None,
    is_said_elsewhere: bool = False,
) -> Voucher | Refusal:
    """Give a customer a voucher as a gift: its price is booked as points from us and spent at once.

    So the ledger says what it cost, and whom it is counted to. The same ``source_key`` gives once. Whoever owes points
    cannot be given one: the points would pay the debt. Where ``is_said_elsewhere``, no message of its own brings it.
    """
    if not work.rules.loyalty.enabled:
        return Refusal("points.refused.off")
    customer_id = await resolve(work, customer_id)
    await points.lock_account(work, customer_id)
    issued = await reward_rows.get_voucher_of_key(work.tx, source_key, customer_id=customer_id)
    if issued is not None:
        return issued if issued.reward_id == reward_id else Refusal("points.refused.key_taken")
    granted_key = f"{source_key}:grant"
    if any([await get_entry_by_key(work.tx, key) for key in (source_key, granted_key)]):
        return Refusal("points.refused.key_taken")
    reward = await reward_rows.get_reward(work.tx, reward_id)
    refusal = why_not_on_offer(work, reward)
    if reward is None or refusal is not None:
        return refusal or Refusal("points.refused.no_reward")
    if (await points.balance_of(work, customer_id)).points < 0:
        return Refusal("recovery.refused.owes")
    if not await reward_rows.take_piece(work.tx, reward.id, now=work.now):
        return Refusal("points.refused.sold_out")
    price = reward.price_points
    granted = await points.grant(
        work, customer_id, points=price, source_key=granted_key, by=by, reason=reason, case_id=case_id
    )
    if isinstance(granted, Refusal):
        await reward_rows.put_back_piece(work.tx, reward.id)
        return granted
    spent = await points.spend(work, customer_id, points=price, source_key=source_key, by=by, reason=reward.key)
    assert isinstance(spent, Entry), "points that were just granted, without a debt, can be spent"
    return await _issue(
        work, reward, customer_id=customer_id, entry_id=spent.id, by=by, is_said_elsewhere=is_said_elsewhere
    )


async def _why_not(work: Work, customer_id: int, reward: Reward | None) -> Refusal | None:
    """Return why this reward cannot be had by this customer now; the last word has the statement that takes it."""
    refusal = why_not_on_offer(work, reward)
    if reward is None or refusal is not None:
        return refusal
    available = (await points.balance_of(work, customer_id)).spendable
    if available < reward.price_points:
        return Refusal("points.refused.not_enough", {"needed": reward.price_points, "available": available})
    return None


def why_not_on_offer(work: Work, reward: Reward | None) -> Refusal | None:
    """Return why nobody can have this reward now: not on the shelf, not its time, or sold out."""
    if reward is None or not reward.active:
        return Refusal("points.refused.no_reward")
    if reward.valid_from_at is not None and work.now < reward.valid_from_at:
        return Refusal("points.refused.reward_early", {"moment": reward.valid_from_at})
    if not reward.is_open(work.now):
        return Refusal("points.refused.reward_over")
    return Refusal("points.refused.sold_out") if reward.sold_out else None


async def _issue(
    work: Work, reward: Reward, *, customer_id: int, entry_id: int, by: Actor, is_said_elsewhere: bool = False
) -> Voucher:
    voucher = None
    while voucher is None:  # a code that is taken is as likely as winning a lottery twice, but then another is drawn
        voucher = await reward_rows.insert_voucher(
            work.tx,
            code=spell(randbits(_CODE_BITS), VOUCHER_SIGNS),
            reward_id=reward.id,
            customer_id=customer_id,
            entry_id=entry_id,
            points=reward.price_points,
            issued_at=work.now,
            expires_at=voucher_expires_at(work.now, reward.voucher_days, work.rules.zone),
        )
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="voucher.issue",
        subject=("voucher", voucher.id),
        customer_id=customer_id,
        after={"reward": reward.key, "points": voucher.points, "expires_at": voucher.expires_at.isoformat()},
    )
    await webhooks.emit(
        work,
        "voucher.issued",
        customer_id=customer_id,
        data={"voucher_id": voucher.id, "reward": reward.key, "points": voucher.points},
    )
    if not is_said_elsewhere:
        await send_voucher(work, voucher, reward, occasion="issued")
    return voucher


async def find_reward(work: Work, reward_id: int) -> Reward | None:
    """Return one reward of the catalogue, on offer or not."""
    return await reward_rows.get_reward(work.tx, reward_id)


async def show_picture(work: Work, person: Person, reward: Reward) -> None:
    """Send a reward's picture, if it has one, to somebody who looks at it."""
    if reward.picture_id is None:
        return
    name = reward.name(person.language)
    html = work.texts.say("points.reward.picture", person.language, reward=name)
    interaction_id = await add_interaction(
        work.tx,
        bot_id=work.bot_id,
        at=work.now,
        author=SYSTEM,
        direction=Direction.OUT,
        visibility=Visibility.CUSTOMER,
        content=Content(Kind.PHOTO, plain(html), extra={"file": reward.key}),
        customer_id=person.customer.id,
    )
    message = Outgoing(
        purpose=Purpose.CONVERSATION,
        target=to_contact(person.contact.id),
        content=Content(Kind.PHOTO, html),
        html=True,
        customer_id=person.customer.id,
        interaction_id=interaction_id,
        extra={UPLOAD: reward.picture_id},
    )
    await add_outgoing(work.tx, message, bot_id=work.bot_id, now=work.now)
