"""Vouchers: sent to the customer, used once by their code, returned with their points, expired after their last day."""

from typing import Any

from domain.approvals import is_reason
from domain.codes import read_code
from domain.outcomes import Refusal
from domain.people import SYSTEM, Actor, Permission
from domain.rewards import Reward, Voucher, VoucherState, last_day
from services import files, points, speech, webhooks
from services.permits import may
from services.records import resolve
from services.work import Person, Work
from storage import people as people_rows
from storage import rewards as reward_rows
from storage.audit import add_audit
from texts.days import day_in_words, number_in_words

_SHOWN = 50
QR = "voucher_qr"


async def find_voucher(work: Work, code: str) -> Voucher | None:
    """Return the voucher with this code, however a person wrote it."""
    return await reward_rows.get_voucher_by_code(work.tx, read_code(code))


async def list_vouchers(work: Work, customer_id: int, *, limit: int = _SHOWN) -> list[Voucher]:
    """Return a customer's vouchers, those not used yet before all others, the newest first."""
    return await reward_rows.list_vouchers(work.tx, customer_id, limit=limit)


async def own_voucher(work: Work, voucher_id: int, *, customer_id: int) -> Voucher | None:
    """Return the voucher if it is this customer's own; another's is as unknown as one that never was."""
    voucher = await reward_rows.get_voucher(work.tx, voucher_id)
    return voucher if voucher is not None and voucher.customer_id == customer_id else None


async def person_of_customer(work: Work, customer_id: int) -> Person | None:
    """Return the person in the chat this customer used last, if there is one; cases are neither read nor locked."""
    known = (await people_rows.list_contacts_of_customers(work.tx, [customer_id])).get(customer_id)
    return Person(known.contact, known.customer, known.dialogue, known.notice_version) if known is not None else None


def good_until(work: Work, voucher: Voucher, language: str) -> str:
    """Return the last day on which a voucher can be used, in the business's zone, where it is used."""
    zone = work.rules.zone
    return day_in_words(last_day(voucher.expires_at, zone), language, today=work.now.astimezone(zone).date())


async def send_voucher(work: Work, voucher: Voucher, reward: Reward, *, occasion: str) -> None:
    """Send a voucher as a QR code with its code and terms; once an ``occasion``. Who has no chat is sent nothing."""
    person = await person_of_customer(work, voucher.customer_id)
    if person is None:
        return
    language = person.language
    terms = reward.terms_in(language)
    caption = work.texts.say(
        "points.voucher.caption_terms" if terms else "points.voucher.caption",
        language,
        business=work.rules.business_name,
        reward=reward.name(language),
        code=voucher.shown_code,
        day=good_until(work, voucher, language),
        **({"terms": terms} if terms else {}),
    )
    await files.order_file(
        work,
        person,
        kind=QR,
        recipe={"code": voucher.code},
        name=f"{voucher.code}.png",
        mime="image/png",
        caption=caption,
        as_photo=True,
        dedupe_key=f"voucher:{voucher.id}:{occasion}",
    )


async def use_voucher(work: Work, code: str, *, by: Actor, branch_id: int | None = None) -> Voucher | Refusal:
    """Mark a voucher used and tell its customer; of two who try at once one is refused and told of the other."""
    if not await may(work, by, Permission.CHANGE_POINTS):
        return Refusal("points.refused.not_allowed")
    voucher = await _locked(work, code)
    if voucher is None:
        return Refusal("points.refused.no_voucher")
    if not await reward_rows.mark_used(work.tx, voucher.id, by=by, branch_id=branch_id, now=work.now):
        return await _why_not(work, voucher.id)
    used = await _changed(work, voucher, by=by, action="voucher.use", after={"state": "used", "branch_id": branch_id})
    await _emit(work, "voucher.used", used)
    await _tell(work, used, "points.voucher.told_used")
    return used


async def _locked(work: Work, code: str) -> Voucher | None:
    """Return the voucher with this code, its holder's account locked before it is: the order in which all lock."""
    voucher = await find_voucher(work, code)
    if voucher is None:
        return None
    await points.lock_account(work, await resolve(work, voucher.customer_id))
    return await find_voucher(work, code)  # a merge that was waited for has moved it


async def _why_not(work: Work, voucher_id: int) -> Refusal:
    """Return why a voucher cannot be used or returned, as it stands now."""
    voucher = await reward_rows.get_voucher(work.tx, voucher_id)
    assert voucher is not None
    state = voucher.standing(work.now)
    if state is VoucherState.USED:
        name = await used_by(work, voucher)
        if name is None:
            return Refusal("points.refused.voucher_used", {"moment": voucher.used_at})
        return Refusal("points.refused.voucher_used_by", {"moment": voucher.used_at, "name": name})
    if state is VoucherState.EXPIRED:
        return Refusal("points.refused.voucher_expired", {"day": last_day(voucher.expires_at, work.rules.zone)})
    if state is VoucherState.RETURNED:
        return Refusal("points.refused.voucher_returned")
    return Refusal("points.refused.voucher_void")


async def used_by(work: Work, voucher: Voucher) -> str | None:
    """Return the name of the member of staff, or of the API key, by whom a voucher was marked used."""
    return await reward_rows.get_name(work.tx, voucher.used_by)


async def return_voucher(work: Work, code: str, *, by: Actor, reason: str) -> Voucher | Refusal:
    """Take a voucher back that was not used: its points return with their own expiry, its piece to the shelf."""
    if not await may(work, by, Permission.CHANGE_POINTS):
        return Refusal("points.refused.not_allowed")
    if not is_reason(reason):
        return Refusal("points.refused.reason")
    voucher = await _locked(work, code)
    if voucher is None:
        return Refusal("points.refused.no_voucher")
    if not await reward_rows.mark_returned(work.tx, voucher.id, now=work.now):
        return await _why_not(work, voucher.id)
    given = await points.give_back(
        work, voucher.entry_id, source_key=f"voucher:{voucher.id}:return", by=by, reason=reason.strip()
    )
    if isinstance(given, Refusal):
        await reward_rows.mark_issued(work.tx, voucher.id)
        return given
    await reward_rows.put_back_piece(work.tx, voucher.reward_id)
    after = {"state": "returned", "reason": reason.strip()}
    returned = await _changed(work, voucher, by=by, action="voucher.return", after=after)
    await _emit(work, "voucher.returned", returned)
    await _tell(work, returned, "points.voucher.told_returned")
    return returned


async def expire_vouchers(work: Work, *, limit: int) -> int:
    """Mark vouchers expired whose last day is over; their points stay spent. Returns how many."""
    due = await reward_rows.list_overdue(work.tx, now=work.now, limit=limit)
    holders = {await resolve(work, customer_id) for customer_id in sorted({each.customer_id for each in due})}
    for customer_id in sorted(holders):
        await points.lock_account(work, customer_id)
    expired = await reward_rows.mark_expired(work.tx, [each.id for each in due], now=work.now) if due else []
    for voucher in expired:
        await _changed(work, voucher, by=SYSTEM, action="voucher.expire", after={"state": "expired"})
    return len(expired)


async def _changed(work: Work, voucher: Voucher, *, by: Actor, action: str, after: dict[str, Any]) -> Voucher:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("voucher", voucher.id),
        customer_id=voucher.customer_id,
        before={"state": VoucherState.ISSUED.value},
        after=after,
    )
    changed = await reward_rows.get_voucher(work.tx, voucher.id)
    assert changed is not None
    return changed


async def _emit(work: Work, kind: str, voucher: Voucher) -> None:
    data = {"voucher_id": voucher.id, "reward_id": voucher.reward_id, "points": voucher.points}
    await webhooks.emit(work, kind, customer_id=voucher.customer_id, data=data)


async def _tell(work: Work, voucher: Voucher, key: str) -> None:
    """Tell the customer what became of the voucher, whoever did it and from wherever."""
    person = await person_of_customer(work, voucher.customer_id)
    reward = await reward_rows.get_reward(work.tx, voucher.reward_id)
    if person is None or reward is None:
        return
    await speech.say(
        work,
        person,
        key,
        reward=reward.name(person.language),
        business=work.rules.business_name,
        code=voucher.shown_code,
        count=voucher.points,
        points=number_in_words(voucher.points, person.language),
    )


async def shown_to_staff(work: Work, code: str, *, by: Actor) -> Voucher | Refusal:
    """Return a voucher to somebody who may mark it used."""
    if not await may(work, by, Permission.CHANGE_POINTS):
        return Refusal("points.refused.not_allowed")
    return await find_voucher(work, code) or Refusal("points.refused.no_voucher")
