"""Making it good, in two taps: points or a voucher for the customer of a case."""

import re

from domain.approvals import Approval, read_change
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.points import Entry
from domain.rewards import Reward, Voucher
from handlers.staff.verbs import Ask, Done, Verb
from services import recovery
from services.recovery import Choice
from storage.people import get_customer
from texts.days import number_in_words

_POINTS, _VOUCHER, _OWN = "p", "v", "own"
_WITH_SIGN = re.compile(r"[+\-\u2212\uff0b]")
_AMOUNTS_IN_ROW = 2


async def on_recover(ask: Ask) -> Done | Refusal:
    """Offer what may be given, give it, or ask for an amount of one's own."""
    if ask.words:
        return await _in_words(ask)
    kind = ask.argument()
    if kind == _OWN:
        return Done(None, prompt="recovery.amount_prompt", arguments=ask.arguments, deed=False)
    if kind == _POINTS:
        return await _points(ask, ask.number(1), "")
    if kind == _VOUCHER:
        return await _voucher(ask, ask.number(1))
    return await _choose(ask)


async def _choose(ask: Ask) -> Done | Refusal:
    choice = await recovery.choose(ask.work, case_id=ask.case, by=ask.member)
    if isinstance(choice, Refusal):
        return choice
    values: dict[str, object] = {"number": choice.case.public_number, "customer": await _customer(ask, choice)}
    if choice.limit is None:
        return Done("recovery.choose_freely", values, buttons=_rows(ask, choice), shown=True, deed=False)
    values["limit"] = number_in_words(choice.limit, ask.language)
    return Done("recovery.choose", values, buttons=_rows(ask, choice), shown=True, deed=False)


async def _customer(ask: Ask, choice: Choice) -> str:
    customer = await get_customer(ask.work.tx, choice.case.customer_id)
    return customer.called if customer else "?"


def _rows(ask: Ask, choice: Choice) -> Rows:
    case_id = choice.case.id

    def points(amount: int) -> Button:
        words = number_in_words(amount, ask.language)
        label = ask.context.label("recovery.button.points", points=words)
        return Button(label, data=f"k:recover:{case_id}:{_POINTS}:{amount}")

    def voucher(reward: Reward, key: str) -> Button:
        label = ask.context.label(key, reward=reward.name(ask.language))
        return Button(label, data=f"k:recover:{case_id}:{_VOUCHER}:{reward.id}")

    amounts = [points(amount) for amount in choice.amounts]
    rows = [tuple(amounts[at : at + _AMOUNTS_IN_ROW]) for at in range(0, len(amounts), _AMOUNTS_IN_ROW)]
    rows.append((Button(ask.context.label("recovery.button.own"), data=f"k:recover:{case_id}:{_OWN}"),))
    rows += [(voucher(reward, "recovery.button.voucher"),) for reward in choice.alone]
    rows += [(voucher(reward, "recovery.button.voucher_two"),) for reward in choice.together]
    return tuple(rows)


async def _in_words(ask: Ask) -> Done | Refusal:
    """Give what was written: an amount with its reason, or the key of a reward."""
    words = ask.words if _WITH_SIGN.match(ask.words) else f"+{ask.words}"
    wanted = read_change(words)
    if wanted is not None:
        return await _points(ask, *wanted)
    key, _, reason = ask.words.partition(" ")
    reward = await recovery.find_reward(ask.work, key)
    return await _voucher(ask, reward.id, reason) if reward is not None else Refusal("recovery.refused.usage")


def _key(ask: Ask) -> str:
    """Return what makes one grant of several taps: the message that was tapped, or the one that was written."""
    origin = ask.context.tapped if ask.tapped else ask.context.said
    return f"recovery:{origin.chat_id}:{origin.message_id}"


async def _points(ask: Ask, points: int, reason: str) -> Done | Refusal:
    done = await recovery.give_points(
        ask.work, case_id=ask.case, by=ask.member, points=points, reason=reason, source_key=_key(ask)
    )
    return await _said(ask, done, "")


async def _voucher(ask: Ask, reward_id: int, reason: str = "") -> Done | Refusal:
    reward = await recovery.reward_of(ask.work, reward_id)
    if reward is None:
        return Refusal("points.refused.no_reward")
    done = await recovery.give_voucher(
        ask.work, case_id=ask.case, by=ask.member, reward_key=reward.key, reason=reason, source_key=_key(ask)
    )
    return await _said(ask, done, reward.name(ask.language))


async def _said(ask: Ask, done: Entry | Voucher | Approval | Refusal, reward: str) -> Done | Refusal:
    if isinstance(done, Refusal):
        return done
    if isinstance(done, Approval):
        return Done("recovery.asked", shown=True, told=True)
    customer = await get_customer(ask.work.tx, done.customer_id)
    name = customer.called if customer else "?"
    if isinstance(done, Voucher):
        return Done("recovery.given_voucher", {"customer": name, "reward": reward}, shown=True)
    points = number_in_words(done.points, ask.language, signed=True)
    return Done("recovery.given_points", {"customer": name, "points": points}, shown=True)


VERBS: tuple[Verb, ...] = (Verb("recover", on_recover),)
