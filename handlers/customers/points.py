"""My points: the card with balance, tier and what expires, the history page by page, and bringing a friend."""

from datetime import datetime
from urllib.parse import quote

from domain.earning import RULES
from domain.loyalty import Occasion
from domain.outgoing import Button, Rows
from domain.points import Entry, EntryKind
from domain.rewards import Reward, last_day
from handlers.context import CareContext
from handlers.customers.keyboards import button, one_row
from handlers.customers.wishes import points_question
from services import points, referrals
from services.membership import Membership, read_membership, tier_in_words
from storage.referrals import count_brought
from storage.rewards import list_rewards_of_entries, newer_page
from texts.catalogue import safe
from texts.days import bar, day_in_words, money_in_words, number_in_words

_PAGE = 8
_BACK = "back"
"""Marks the button of our own screens, whose place the card takes; other messages stay as they are."""


def number(context: CareContext, value: int, *, signed: bool = False) -> str:
    """Return a number as the listener writes it."""
    return number_in_words(value, context.language, signed=signed)


def day(context: CareContext, at: datetime) -> str:
    """Return the local day of an instant in the listener's words."""
    zone = context.customer.zone(context.work.rules)
    return day_in_words(at.astimezone(zone).date(), context.language, today=context.work.now.astimezone(zone).date())


def last_day_of(context: CareContext, expires_at: datetime) -> str:
    """Return the last local day of what is over at ``expires_at`` in the listener's words."""
    zone = context.customer.zone(context.work.rules)
    today = context.work.now.astimezone(zone).date()
    return day_in_words(last_day(expires_at, zone), context.language, today=today)


async def is_off(context: CareContext) -> bool:
    """Say kindly that there are no points here, if there are none; returns whether it was said."""
    if context.work.rules.loyalty.enabled:
        return False
    await context.say("points.off", replacing=replacing(context), business=context.work.rules.business_name)
    return True


def replacing(context: CareContext) -> int | None:
    """Return the message whose place the answer takes: that of the tapped button."""
    return context.tap.message_id if context.tap else None


def back_row(context: CareContext) -> tuple[Button, ...]:
    """Return the way back to the card."""
    return (button(context, "points.button.card", f"c:points:{_BACK}"),)


async def on_card(context: CareContext) -> None:
    """Show the card."""
    if await is_off(context):
        return
    member = await read_membership(context.work, context.customer.customer.id)
    lines = [
        context.text("points.card.balance", count=member.balance.points, points=number(context, member.balance.points)),
        *_pending(context, member),
        *_tier(context, member),
        *_expiring(context, member),
    ]
    await context.say(
        "points.card",
        buttons=_rooms(context, member) + await points_question(context),
        replacing=replacing(context) if context.tap and context.tap.word() == _BACK else None,
        name=context.customer.customer.called,
        lines=safe("\n".join(lines)),
    )


def _pending(context: CareContext, member: Membership) -> list[str]:
    pending = member.balance.pending
    if not pending:
        return []
    dates = [lot.available_at for lot in member.balance.lots if lot.is_pending(context.work.now) and lot.available_at]
    said = number(context, pending)
    if not dates:
        return [context.text("points.card.pending", count=pending, points=said)]
    return [context.text("points.card.pending_from", count=pending, points=said, day=day(context, min(dates)))]


def _tier(context: CareContext, member: Membership) -> list[str]:
    work, progress = context.work, member.progress
    name = tier_in_words(work, progress.tier, context.language)
    if progress.next_tier is None:
        return [context.text("points.card.tier_top", tier=name)]
    currency = work.rules.loyalty.currency
    return [
        context.text("points.card.tier", tier=name),
        context.text(
            "points.card.progress",
            bar=bar(progress.spent_minor, progress.spent_minor + progress.missing_minor),
            missing=money_in_words(progress.missing_minor, currency, context.language),
            next=tier_in_words(work, progress.next_tier, context.language),
        ),
    ]


def _expiring(context: CareContext, member: Membership) -> list[str]:
    soon = member.expiring
    if soon is None:
        return []
    until = last_day_of(context, soon.expires_at)
    return [context.text("points.card.expiring", count=soon.points, points=number(context, soon.points), day=until)]


def _rooms(context: CareContext, member: Membership) -> Rows:
    key = "points.button.vouchers_open" if member.open_vouchers else "points.button.vouchers"
    rooms = (
        button(context, "points.button.rewards", "c:rewards"),
        button(context, key, "c:vouchers", count=member.open_vouchers),
        button(context, "points.button.history", "c:phist:0"),
    )
    invite = (button(context, "points.button.refer", "c:refer"),) if referrals.is_offered(context.work) else ()
    return (rooms[:2], (rooms[2], *invite))


async def on_history(context: CareContext) -> None:
    """Show a page of what came and went, the newest first."""
    if await is_off(context):
        return
    work, customer_id, before_id = context.work, context.customer.customer.id, context.tapped.number()
    found = []
    if before_id >= 0:
        found = await points.list_history(work, customer_id, before_id=before_id or None, limit=_PAGE + 1)
    if not found and before_id != 0:
        context.answer("tap.stale")
        return
    entries, older = found[:_PAGE], found[_PAGE:]
    if not entries:
        await context.say("points.history.none", buttons=(back_row(context),), replacing=replacing(context))
        return
    newer = await newer_page(work.tx, customer_id, before_id=before_id, size=_PAGE) if before_id else None
    steps = []
    if newer is not None:
        steps.append(Button("«", data=f"c:phist:{newer}"))
    if older:
        steps.append(Button("»", data=f"c:phist:{entries[-1].id}"))
    rewards = await list_rewards_of_entries(work.tx, [entry.id for entry in entries], customer_id=customer_id)
    await context.say(
        "points.history",
        buttons=((tuple(steps),) if steps else ()) + (back_row(context),),
        replacing=replacing(context),
        lines=safe("\n".join(_line(context, entry, rewards.get(entry.id)) for entry in entries)),
    )


def _line(context: CareContext, entry: Entry, reward: Reward | None) -> str:
    return context.text(
        "points.history.line",
        day=day(context, entry.at),
        points=number(context, entry.points, signed=True),
        what=reward.name(context.language) if reward is not None else _what(context, entry),
    )


def _what(context: CareContext, entry: Entry) -> str:
    """Return what an entry was for. The reason that staff wrote is theirs."""
    if entry.kind is EntryKind.EARN and entry.rule in RULES:
        return context.label(f"points.rule.{entry.rule}")
    return context.label(f"points.entry.{entry.kind}")


async def on_referral(context: CareContext) -> None:
    """Show the customer's own link, what it is worth, and what came of it."""
    if await is_off(context):
        return
    work, customer = context.work, context.customer.customer
    if not referrals.is_offered(work) or not context.bot_username:
        await context.say("points.referral.off", buttons=(back_row(context),), replacing=replacing(context))
        return
    link = f"https://t.me/{context.bot_username}?start={referrals.link_payload(customer.code)}"
    brought, rewarded = await count_brought(work.tx, customer.id)
    lines = [context.text("points.referral.how", business=work.rules.business_name), *_worth(context)]
    if brought:
        lines.append(context.text("points.referral.brought", count=brought, rewarded=number(context, rewarded)))
    share = f"https://t.me/share/url?url={quote(link, safe='')}"
    await context.say(
        "points.referral",
        buttons=(*one_row(Button(context.label("points.button.share"), url=share)), back_row(context)),
        replacing=replacing(context),
        lines=safe("\n".join(lines)),
        link=link,
    )


def _worth(context: CareContext) -> list[str]:
    given = context.work.rules.loyalty.earning.occasions
    worth = [(who, given.get(who, 0)) for who in (Occasion.REFERRER, Occasion.REFERRED)]
    return [
        context.text(f"points.referral.worth.{who}", count=each, points=number(context, each))
        for who, each in worth
        if each > 0
    ]
