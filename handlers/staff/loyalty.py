"""Points and vouchers in a staff group: ``/points``, ``/voucher``, and the buttons under what they bring."""

from dataclasses import dataclass
from typing import Any

from domain.approvals import Approval, read_change
from domain.cases import Case
from domain.interactions import Content, Kind, Visibility
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.rewards import Voucher, VoucherState
from domain.words import bare
from handlers.context import CareContext
from handlers.staff.replies import reply
from handlers.staff.verbs import Ask, Done, Verb
from services import approvals, rewards, vouchers
from services.case_door import access_case, actor_of
from services.membership import read_membership, tier_in_words
from services.speech import record_heard
from storage.people import get_customer
from texts.days import number_in_words


def _number(context: CareContext, value: int, *, signed: bool = False) -> str:
    return number_in_words(value, context.language, signed=signed)


async def _points(ask: Ask) -> Done | Refusal:
    """Show the points of a case's customer, or change them: ``/points +50 reason``."""
    case = await access_case(ask.work, case_id=ask.case, by=ask.member)
    if isinstance(case, Refusal):
        return case
    if not ask.work.rules.loyalty.enabled:
        return Refusal("points.refused.off")
    if ask.argument() == "change" and not ask.words:
        return Done(None, prompt="desk.points_prompt")
    if not ask.words:
        return await _show_points(ask, case)
    wanted = read_change(ask.words)
    return Refusal("points.staff.usage") if wanted is None else await _change(ask.context, case, *wanted)


async def _show_points(ask: Ask, case: Case) -> Done:
    work, context = ask.work, ask.context
    member = await read_membership(work, case.customer_id)
    customer = await get_customer(work.tx, case.customer_id)
    values: dict[str, object] = {
        "count": member.balance.points,
        "customer": customer.called if customer else "?",
        "points": _number(context, member.balance.points),
        "pending": _number(context, member.balance.pending),
        "tier": tier_in_words(work, member.progress.tier, context.language),
        "vouchers": _number(context, member.open_vouchers),
    }
    change = Button(context.label("desk.button.points_change"), data=f"k:points:{case.id}:change")
    return Done("points.staff.card", values, buttons=((change,),), shown=True, deed=False)


async def _change(context: CareContext, case: Case, points: int, reason: str) -> Done | Refusal:
    said = context.said
    done = await approvals.change_points(
        context.work,
        case.customer_id,
        points=points,
        reason=reason,
        source_key=f"staff:{said.chat_id}:{said.message_id}",
        by=actor_of(context.member),
        case_id=case.id,
    )
    if isinstance(done, Refusal):
        return done
    if isinstance(done, Approval):
        return Done(None)  # the question to the others stands in the topic
    customer = await get_customer(context.work.tx, case.customer_id)
    member = await read_membership(context.work, case.customer_id)
    values: dict[str, object] = {
        "points": _number(context, done.points, signed=True),
        "customer": customer.called if customer else "?",
        "balance": _number(context, member.balance.points),
    }
    return Done("points.staff.changed", values)


async def _record(context: CareContext, *, customer_id: int, case_id: int | None) -> None:
    """Keep a command that did something among what was said about its customer, for staff alone."""
    await record_heard(
        context.work,
        author=actor_of(context.member),
        content=Content(Kind.COMMAND, context.said.content.text),
        origin=context.said.origin,
        customer_id=customer_id,
        case_id=case_id,
        visibility=Visibility.INTERNAL,
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """What ``/voucher`` asks: to look, to ``use`` or to take back (``returns``), with the words behind it."""

    code: str
    use: bool = False
    returns: bool = False
    words: str = ""


def _wish(ask: Ask) -> _Wish:
    """Return what the words behind ``/voucher`` mean; a code may be written with gaps."""
    texts, words = ask.work.texts, ask.words.split()
    for place, word in enumerate(words[1:], 1):
        code, rest = " ".join(words[:place]), " ".join(words[place + 1 :])
        if bare(word) in texts.phrases("voucher_use"):
            return _Wish(code, use=True, words=rest)
        if bare(word) in texts.phrases("voucher_return"):
            return _Wish(code, returns=True, words=rest)
    return _Wish(" ".join(words))


async def _voucher(ask: Ask) -> Done | Refusal:
    """Show a voucher with a button to mark it used, mark it at once, or take it back."""
    wish, by = _wish(ask), actor_of(ask.member)
    if wish.use:
        done = await vouchers.use_voucher(ask.work, wish.code, by=by)
    elif wish.returns:
        done = await vouchers.return_voucher(ask.work, wish.code, by=by, reason=wish.words)
    else:
        done = await vouchers.shown_to_staff(ask.work, wish.code, by=by)
    if isinstance(done, Refusal):
        return done
    if wish.use or wish.returns:
        await _record(ask.context, customer_id=done.customer_id, case_id=None)
    await _show_voucher(ask.context, done, case_id=ask.case_id)
    return Done(None, deed=False)


async def _show_voucher(
    context: CareContext, voucher: Voucher, *, case_id: int | None, replacing: int | None = None
) -> None:
    work, language = context.work, context.language
    reward = await rewards.find_reward(work, voucher.reward_id)
    customer = await get_customer(work.tx, voucher.customer_id)
    state = voucher.standing(work.now)
    buttons: Rows = ()
    if state is VoucherState.ISSUED:
        buttons = ((Button(context.label("points.staff.button.use"), data=f"k:vuse:{voucher.code}"),),)
    terms = reward.terms_in(language) if reward else ""
    more: dict[str, Any] = {"terms": terms} if terms else {}
    await reply(
        context,
        "points.staff.voucher_terms" if terms else "points.staff.voucher",
        case_id=case_id,
        customer_id=voucher.customer_id,
        buttons=buttons,
        replacing=replacing,
        state=await _state(context, voucher, state),
        reward=reward.name(language) if reward else "?",
        code=voucher.shown_code,
        customer=(customer.called if customer else "") or "?",
        day=vouchers.good_until(work, voucher, language),
        **more,
    )


async def _state(context: CareContext, voucher: Voucher, state: VoucherState) -> str:
    """Return where a voucher stands in words; of a used one, when and by whom."""
    name = await vouchers.used_by(context.work, voucher)
    if state is VoucherState.USED and name is not None:
        return context.label("points.staff.voucher.used_by", **context.told({"moment": voucher.used_at, "name": name}))
    return context.label(f"points.staff.voucher.{state}")


async def on_use_tap(context: CareContext) -> Refusal | None:
    """Mark the voucher under the button used; the message says so from then on."""
    done = await vouchers.use_voucher(context.work, context.tapped.word(), by=actor_of(context.member))
    if isinstance(done, Refusal):
        return _told(context, done)
    await _show_voucher(context, done, case_id=None, replacing=context.tapped.message_id)
    return None


async def on_agree(context: CareContext) -> Refusal | None:
    """Agree to a change of points."""
    return await _decide(context, agree=True)


async def on_refuse(context: CareContext) -> Refusal | None:
    """Refuse a change of points, or take one's own question back."""
    return await _decide(context, agree=False)


async def _decide(context: CareContext, *, agree: bool) -> Refusal | None:
    tap = context.tapped
    done = await approvals.decide(
        context.work, tap.number(), agree=agree, by=actor_of(context.member), replacing=tap.message_id
    )
    return _told(context, done) if isinstance(done, Refusal) else None


def _told(context: CareContext, refusal: Refusal) -> Refusal:
    return Refusal(refusal.key, context.told(refusal.values))


VERBS: tuple[Verb, ...] = (
    Verb("points", _points),
    Verb("voucher", _voucher, needs_case=False, prompt="desk.voucher_prompt"),
)
