"""Rewards and vouchers: the catalogue, one reward, the question before points are given for it, and my vouchers."""

from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.rewards import Reward, Voucher, VoucherState
from handlers.context import CareContext
from handlers.customers.keyboards import button, column
from handlers.customers.points import back_row, day, is_off, last_day_of, number, replacing
from services import points, rewards, vouchers
from texts.catalogue import safe

_PAGE = 8
_FEW_LEFT = 10
_VOUCHERS_SHOWN = 10
_SEEN = "seen"
"""Marks the way back from the question, where the picture stands already."""


async def on_rewards(context: CareContext) -> None:
    """Show a page of what is on offer, the cheapest first."""
    if await is_off(context):
        return
    found = await rewards.list_rewards(context.work, customer_id=context.customer.customer.id)
    page = context.tap.number() if context.tap and context.tap.arguments else 0
    shown = found[page * _PAGE : (page + 1) * _PAGE] if page >= 0 else []
    if not shown and page != 0:
        context.answer("tap.stale")
        return
    if not shown:
        await context.say("points.rewards.none", buttons=(back_row(context),), replacing=replacing(context))
        return
    choices = column(Button(_label(context, reward), data=f"c:reward:{reward.id}") for reward in shown)
    await context.say(
        "points.rewards",
        buttons=(*choices, *_steps(page, last=(len(found) - 1) // _PAGE), back_row(context)),
        replacing=replacing(context),
        points=number(context, await _spendable(context)),
    )


def _label(context: CareContext, reward: Reward) -> str:
    key = "points.rewards.choice_gone" if reward.sold_out else "points.rewards.choice"
    name, price = reward.name(context.language), number(context, reward.price_points)
    return context.label(key, count=reward.price_points, reward=name, points=price)


def _steps(page: int, *, last: int) -> Rows:
    steps = []
    if page > 0:
        steps.append(Button("«", data=f"c:rewards:{page - 1}"))
    if page < last:
        steps.append(Button("»", data=f"c:rewards:{page + 1}"))
    return (tuple(steps),) if steps else ()


async def _spendable(context: CareContext) -> int:
    return (await points.balance_of(context.work, context.customer.customer.id)).spendable


async def _tapped_reward(context: CareContext) -> Reward | None:
    """Return the reward a button names, if it is on offer; one that is not gets a kind pop-up."""
    if not context.work.rules.loyalty.enabled:
        context.answer("tap.stale")
        return None
    offered = await rewards.list_rewards(context.work, customer_id=context.customer.customer.id)
    reward = next((reward for reward in offered if reward.id == context.tapped.number()), None)
    if reward is None:
        context.answer("tap.stale")
    return reward


def _to_rewards(context: CareContext) -> tuple[Button, ...]:
    return (button(context, "points.button.back", "c:rewards"),)


async def on_reward(context: CareContext) -> None:
    """Show one reward, with its picture, and whether the points are enough."""
    reward = await _tapped_reward(context)
    if reward is None:
        return
    lines, can = await _lines(context, reward)
    buttons: Rows = (_to_rewards(context),)
    if can:
        redeem = button(
            context,
            "points.button.redeem",
            f"c:redeem:{reward.id}",
            count=reward.price_points,
            points=number(context, reward.price_points),
        )
        buttons = ((redeem,), *buttons)
    await context.say(
        "points.reward",
        buttons=buttons,
        replacing=replacing(context),
        reward=reward.name(context.language),
        lines=safe("\n".join(lines)),
    )
    if context.tapped.verb == "c:reward" and context.tapped.word(1) != _SEEN:
        await rewards.show_picture(context.work, context.customer, reward)


async def _lines(context: CareContext, reward: Reward) -> tuple[list[str], bool]:
    """Return what is to be said about a reward, and whether this customer can have it now."""
    spendable, price = await _spendable(context), reward.price_points
    lines = [context.text("points.reward.price", count=price, points=number(context, price))]
    terms = reward.terms_in(context.language)
    if terms:
        lines.insert(0, context.text("points.reward.terms", terms=terms))
    if reward.valid_until_at is not None:
        lines.append(context.text("points.reward.until", day=last_day_of(context, reward.valid_until_at)))
    if reward.sold_out:
        return [*lines, context.text("points.reward.gone")], False
    if reward.stock is not None and reward.stock <= _FEW_LEFT:
        lines.append(context.text("points.reward.left", count=reward.stock))
    missing = price - spendable
    if missing > 0:
        return [*lines, context.text("points.reward.missing", count=missing, points=number(context, missing))], False
    return [*lines, context.text("points.reward.have", count=spendable, points=number(context, spendable))], True


async def on_redeem(context: CareContext) -> None:
    """Ask before points are given; the question marks its button, so that a double tap redeems once."""
    reward = await _tapped_reward(context)
    if reward is None:
        return
    left = await _spendable(context) - reward.price_points
    if left < 0 or reward.sold_out:
        await on_reward(context)
        return
    yes = button(context, "points.button.yes", f"c:redeemed:{reward.id}:{context.interaction_id}")
    no = button(context, "points.button.not_now", f"c:reward:{reward.id}:{_SEEN}")
    await context.say(
        "points.redeem.ask",
        buttons=((yes,), (no,)),
        replacing=replacing(context),
        count=reward.price_points,
        points=number(context, reward.price_points),
        reward=reward.name(context.language),
        left=number(context, left),
        days=number(context, reward.voucher_days),
    )


async def on_redeemed(context: CareContext) -> None:
    """Give the points and hand out the voucher; what is not possible is said in the question's place."""
    customer, nonce = context.customer, context.tapped.number(1)
    reward = await _tapped_reward(context) if nonce >= 0 else None
    if reward is None:
        context.answer("tap.stale")
        return
    done = await rewards.redeem(
        context.work,
        customer.customer.id,
        reward.id,
        source_key=f"redeem:{customer.customer.id}:{nonce}",
        by=customer.actor,
    )
    if isinstance(done, Refusal):
        buttons = (_to_rewards(context),)
        await context.say(done.key, buttons=buttons, replacing=replacing(context), **context.told(done.values))
        return
    await context.say(
        "points.redeem.done",
        buttons=((button(context, "points.button.vouchers", "c:vouchers"),), back_row(context)),
        replacing=replacing(context),
        reward=reward.name(context.language),
        code=done.shown_code,
        day=vouchers.good_until(context.work, done, context.language),
        left=number(context, await _spendable(context)),
    )


async def on_vouchers(context: CareContext) -> None:
    """Show the vouchers that can be used as buttons, and what became of the others."""
    if await is_off(context):
        return
    work = context.work
    found = await vouchers.list_vouchers(work, context.customer.customer.id)
    if not found:
        buttons = ((button(context, "points.button.rewards", "c:rewards"),), back_row(context))
        await context.say("points.vouchers.none", buttons=buttons, replacing=replacing(context))
        return
    names = {reward.id: reward.name(context.language) for reward in await rewards.list_rewards(work)}
    usable = [voucher for voucher in found if voucher.standing(work.now) is VoucherState.ISSUED]
    over = [voucher for voucher in found if voucher not in usable][:_VOUCHERS_SHOWN]
    lines = [_over_line(context, voucher, names[voucher.reward_id]) for voucher in over]
    await context.say(
        "points.vouchers" if usable else "points.vouchers.none_usable",
        buttons=(*column(_choice(context, voucher, names[voucher.reward_id]) for voucher in usable), back_row(context)),
        replacing=replacing(context),
        lines=safe("".join(f"\n{line}" for line in lines)),
    )


def _choice(context: CareContext, voucher: Voucher, name: str) -> Button:
    until = vouchers.good_until(context.work, voucher, context.language)
    return Button(context.label("points.vouchers.choice", reward=name, day=until), data=f"c:voucher:{voucher.id}")


def _over_line(context: CareContext, voucher: Voucher, name: str) -> str:
    state = voucher.standing(context.work.now)
    if state is VoucherState.USED and voucher.used_at is not None:
        return context.text("points.vouchers.used", reward=name, day=day(context, voucher.used_at))
    return context.text(f"points.vouchers.{state}", reward=name)


async def _tapped_voucher(context: CareContext) -> tuple[Voucher, Reward] | None:
    """Return the usable voucher a button names, if it is this customer's own."""
    work = context.work
    found = await vouchers.own_voucher(work, context.tapped.number(), customer_id=context.customer.customer.id)
    reward = await rewards.find_reward(work, found.reward_id) if found is not None else None
    if found is None or reward is None or found.standing(work.now) is not VoucherState.ISSUED:
        context.answer("tap.stale")
        return None
    return found, reward


async def on_voucher(context: CareContext) -> None:
    """Show one voucher with its code and terms."""
    known = await _tapped_voucher(context)
    if known is None:
        return
    voucher, reward = known
    terms = reward.terms_in(context.language)
    until = vouchers.good_until(context.work, voucher, context.language)
    await context.say(
        "points.voucher",
        buttons=(
            (button(context, "points.button.qr", f"c:vqr:{voucher.id}"),),
            (button(context, "points.button.back", "c:vouchers"),),
        ),
        replacing=replacing(context),
        reward=reward.name(context.language),
        code=voucher.shown_code,
        day=until,
        terms=safe("\n" + context.text("points.reward.terms", terms=terms)) if terms else "",
    )


async def on_qr(context: CareContext) -> None:
    """Send the QR code once more."""
    known = await _tapped_voucher(context)
    if known is None:
        return
    await vouchers.send_voucher(context.work, *known, occasion=f"again:{context.interaction_id}")
    context.answer("points.voucher.coming")
