"""Points and vouchers given by hand: for a reason, within the limit of one's role, above it with a second yes."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from domain.approvals import Approval, ApprovalState, is_reason, limit_of, may_agree, within
from domain.deeds import sees
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.people import SYSTEM, Actor, ActorKind, Permission, StaffMember
from domain.points import MOST_POINTS, Entry
from domain.rewards import Voucher
from services import cards, desk, goodwill, notices, rewards
from services import points as ledger
from services.permits import may, member_of
from services.records import resolve
from services.work import Work
from storage import approvals as approval_rows
from storage import cases as case_rows
from storage import people as people_rows
from storage import staff as staff_rows
from storage.audit import add_audit
from storage.points import get_entry_by_key
from storage.rewards import get_reward_by_key
from texts.days import number_in_words

ALONE_WINDOW = timedelta(days=1)
"""A limit holds for all that one person changes for one customer in this span: it is not got round in small steps."""


async def change_points(
    work: Work,
    customer_id: int,
    *,
    points: int,
    reason: str,
    source_key: str,
    by: Actor,
    case_id: int | None = None,
    warm: bool = False,
) -> Entry | Approval | Refusal:
    """Change a customer's points by hand; above the limit of whoever asks, a second person is asked first.

    The system and API keys, whose door has checked them, have no limit. ``points`` are signed. A ``source_key`` that
    looks like an approved change's is refused: it would count to nobody's limit, and take an approval's place.
    ``warm``: it makes something good, and the customer is told so at once instead of by a notice.
    """
    asked: dict[str, Any] = {"points": points, "reason": reason.strip(), "source_key": source_key}
    asked |= {"warm": True} if warm else {}
    wish = _Wish(approval_rows.POINTS, customer_id, case_id, asked)
    ready = await _ready(work, wish, by=by)
    return ready if isinstance(ready, Approval | Refusal) else await _book(work, ready, by=by)


async def give_voucher(
    work: Work, customer_id: int, *, reward_key: str, reason: str, source_key: str, by: Actor, case_id: int | None
) -> Voucher | Approval | Refusal:
    """Give a customer a voucher that costs them nothing; its price in points is measured by the same limit."""
    reward = await get_reward_by_key(work.tx, reward_key)
    refusal = rewards.why_not_on_offer(work, reward)
    given = await get_entry_by_key(work.tx, source_key) is not None
    if reward is None or (refusal is not None and not given):
        return refusal or Refusal("points.refused.no_reward")
    asked = {"points": reward.price_points, "reason": reason.strip(), "source_key": source_key, "reward": reward.key}
    wish = _Wish(approval_rows.VOUCHER, customer_id, case_id, asked)
    ready = await _ready(work, wish, by=by)
    return ready if isinstance(ready, Approval | Refusal) else await _give(work, ready, by=by)


@dataclass(frozen=True, slots=True)
class _Wish:
    """Something to be given or changed by hand; ``asked`` as an approval keeps it. ``alone``: one person does it."""

    kind: str
    customer_id: int
    case_id: int | None
    asked: dict[str, Any]
    alone: bool = False

    @property
    def points(self) -> int:
        return int(self.asked["points"])

    @property
    def reason(self) -> str:
        return str(self.asked["reason"])

    @property
    def source_key(self) -> str:
        return str(self.asked["source_key"])


async def _ready(work: Work, wish: _Wish, *, by: Actor) -> _Wish | Approval | Refusal:
    """Return the wish, its account locked, when it may be done now; else the question about it, or why not."""
    if not await may(work, by, Permission.CHANGE_POINTS):
        return Refusal("points.refused.not_allowed")
    if wish.source_key.startswith(approval_rows.APPROVED):
        return Refusal("points.refused.key_taken")
    refusal = _why_not(work, wish.points, wish.reason)
    if refusal is not None:
        return refusal
    await _lock_case(work, wish.case_id)
    wish = replace(wish, customer_id=await resolve(work, wish.customer_id))
    await ledger.lock_account(work, wish.customer_id)
    member = await member_of(work, by)
    if member is None:
        return wish
    asked = await _asked_before(work, wish.customer_id, wish.source_key)
    if asked is not None:
        return asked
    booked = await get_entry_by_key(work.tx, wish.source_key) is not None  # a second tap asks nobody
    if not booked and not await _within_limit(work, wish.customer_id, wish.points, member):
        return await _ask(work, wish, member=member)
    return replace(wish, alone=True)


async def _lock_case(work: Work, case_id: int | None) -> None:
    """Lock a case that will be written to, before any account: the order in which everybody locks."""
    if case_id is not None:
        await case_rows.get_case(work.tx, case_id)


def _why_not(work: Work, points: int, reason: str) -> Refusal | None:
    if not work.rules.loyalty.enabled:
        return Refusal("points.refused.off")
    if points == 0 or abs(points) > MOST_POINTS:
        return Refusal("points.refused.amount", {"most": MOST_POINTS})
    return None if is_reason(reason) else Refusal("points.refused.reason")


async def _asked_before(work: Work, customer_id: int, source_key: str) -> Approval | None:
    """Return the question that was opened under this source key."""
    asked = await approval_rows.list_of_customer(work.tx, customer_id)
    return next((one for one in asked if one.asked.get("source_key") == source_key), None)


async def _within_limit(work: Work, customer_id: int, points: int, member: StaffMember) -> bool:
    limit = limit_of(member.role, work.rules.loyalty)
    if limit is None:
        return True
    changed = await approval_rows.sum_changed_alone(
        work.tx, customer_id=customer_id, member_id=member.id, since_at=work.now - ALONE_WINDOW
    )
    return within(abs(points) + changed, limit)


async def _book(work: Work, wish: _Wish, *, by: Actor) -> Entry | Refusal:
    """Book a change that needs no second person, or has one; what an admin did alone in place of two is marked."""
    again = await get_entry_by_key(work.tx, wish.source_key) is not None
    entry = await ledger.adjust(
        work,
        wish.customer_id,
        points=wish.points,
        source_key=wish.source_key,
        by=by,
        reason=wish.reason,
        case_id=wish.case_id,
    )
    if isinstance(entry, Refusal) or again:
        return entry
    _mark_alone(work, wish, by, ("entry", entry.id), entry.customer_id)
    if wish.asked.get("warm"):
        await goodwill.tell_points(work, entry, by=by, reason=wish.reason)
    elif wish.points > 0:
        await notices.note(
            work,
            entry.customer_id,
            notices.NoticeKind.EARNED,
            key=f"earned:{entry.id}",
            data={"points": wish.points, "rule": "adjust"},
        )
    return entry


async def _give(work: Work, wish: _Wish, *, by: Actor) -> Voucher | Refusal:
    """Give a voucher that needs no second person, or has one."""
    reward = await get_reward_by_key(work.tx, str(wish.asked["reward"]))
    if reward is None:
        return Refusal("points.refused.no_reward")
    again = await get_entry_by_key(work.tx, wish.source_key) is not None
    voucher = await rewards.give(
        work,
        wish.customer_id,
        reward.id,
        source_key=wish.source_key,
        by=by,
        reason=wish.reason,
        case_id=wish.case_id,
    )
    if isinstance(voucher, Refusal) or again:
        return voucher
    _mark_alone(work, wish, by, ("voucher", voucher.id), voucher.customer_id)
    await goodwill.tell_voucher(work, voucher, reward, case_id=wish.case_id, by=by, reason=wish.reason)
    return voucher


def _mark_alone(work: Work, wish: _Wish, by: Actor, subject: tuple[str, int], customer_id: int) -> None:
    if wish.alone and not within(wish.points, work.rules.loyalty.supervisor_limit):
        _audit(work, by, "approval.alone", subject, customer_id, after={"points": wish.points})


def _audit(
    work: Work,
    by: Actor,
    action: str,
    subject: tuple[str, int],
    customer_id: int,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=subject,
        customer_id=customer_id,
        before=before,
        after=after,
    )


async def _ask(work: Work, wish: _Wish, *, member: StaffMember) -> Approval | Refusal:
    """Ask a second person, where there is one who could agree; nobody waits for an answer that cannot come."""
    rules = work.rules.loyalty
    others = await approval_rows.list_members(work.tx)
    if not any(may_agree(other, points=wish.points, asked_by=member.id, rules=rules) for other in others):
        return Refusal("points.refused.nobody_to_agree", {"limit": limit_of(member.role, rules)})
    approval = await approval_rows.insert_approval(
        work.tx,
        kind=wish.kind,
        customer_id=wish.customer_id,
        case_id=wish.case_id,
        asked=wish.asked,
        asked_by=member.id,
        asked_at=work.now,
        expires_at=work.now + rules.approval_for,
    )
    after = {"points": wish.points, "reason": wish.reason, "expires_at": approval.expires_at.isoformat()}
    after |= {"reward": wish.asked["reward"]} if wish.kind == approval_rows.VOUCHER else {}
    by = Actor(ActorKind.STAFF, member.id)
    _audit(work, by, "approval.ask", ("approval", approval.id), wish.customer_id, after=after)
    await _notice(work, approval, "asked", buttons=True, name=member.name)
    return approval


async def decide(
    work: Work, approval_id: int, *, agree: bool, by: Actor, replacing: int | None = None
) -> Approval | Refusal:
    """Agree to a change or refuse it; of two who decide at once the first is heard.

    Whoever asked may take the question back but never agree to it. ``replacing`` is the message of ours in the staff
    group in whose place the outcome is written.
    """
    member = await member_of(work, by)
    approval = await approval_rows.get_approval(work.tx, approval_id)
    if approval is None:
        return Refusal("points.refused.no_approval")
    await _lock_case(work, approval.case_id)
    case = await case_rows.get_case(work.tx, approval.case_id) if approval.case_id is not None else None
    if case is not None and (member is None or not sees(case, member)):
        return Refusal("points.refused.no_approval")
    await ledger.lock_account(work, approval.customer_id)
    approval = await approval_rows.get_approval(work.tx, approval_id) or approval
    refusal = await _why_undecidable(work, approval, member, agree=agree)
    if member is None or refusal is not None:
        return refusal or Refusal("points.refused.not_allowed")
    state = ApprovalState.AGREED if agree else ApprovalState.REFUSED
    if not await approval_rows.settle(work.tx, approval.id, state=state, by=member.id, now=work.now):
        return Refusal("points.refused.decided")
    if agree and (refusal := await _carry_out(work, approval, by=by)) is not None:
        await approval_rows.reopen(work.tx, approval.id)
        return refusal
    _audit(
        work,
        by,
        "approval.agree" if agree else "approval.refuse",
        ("approval", approval.id),
        approval.customer_id,
        before={"state": ApprovalState.OPEN.value},
        after={"state": state.value},
    )
    decided = await approval_rows.get_approval(work.tx, approval.id)
    assert decided is not None
    await _notice(work, decided, state, replacing=replacing, name=member.name)
    return decided


async def _carry_out(work: Work, approval: Approval, *, by: Actor) -> Refusal | None:
    """Book what was agreed to, as the change of whoever asked; of whoever agreed when that person has left since."""
    asker = Actor(ActorKind.STAFF, approval.asked_by)
    author = asker if await may(work, asker, Permission.CHANGE_POINTS) else by
    asked = {**approval.asked, "source_key": f"{approval_rows.APPROVED}{approval.id}"}
    wish = _Wish(approval.kind, approval.customer_id, approval.case_id, asked)
    book = _give if approval.kind == approval_rows.VOUCHER else _book
    done = await book(work, wish, by=author)
    return done if isinstance(done, Refusal) else None


async def _why_undecidable(
    work: Work, approval: Approval, member: StaffMember | None, *, agree: bool
) -> Refusal | None:
    own = member is not None and member.active and member.id == approval.asked_by
    if member is None or not (own or member.may(Permission.APPROVE)):
        return Refusal("points.refused.not_allowed")
    if approval.state in (ApprovalState.AGREED, ApprovalState.REFUSED) and approval.decided_by is not None:
        decider = await staff_rows.get_member(work.tx, approval.decided_by)
        return Refusal("points.refused.decided_by", {"name": decider.name if decider else "?"})
    if approval.state is not ApprovalState.OPEN or approval.expires_at <= work.now or not approval.points:
        return Refusal("points.refused.approval_expired")
    if not agree:
        return None
    if own:
        return Refusal("points.refused.own_request")
    rules = work.rules.loyalty
    if not may_agree(member, points=approval.points, asked_by=approval.asked_by, rules=rules):
        return Refusal("points.refused.above_limit", {"limit": limit_of(member.role, rules)})
    return None


async def expire_approvals(work: Work, *, limit: int) -> int:
    """Close questions that nobody answered in time, and tell the staff; returns how many."""
    overdue = await approval_rows.list_overdue(work.tx, now=work.now, limit=limit)
    for case_id in sorted({approval.case_id for approval in overdue if approval.case_id is not None}):
        await _lock_case(work, case_id)  # before anything is written, in the order of ids in which a merge locks
    for approval in overdue:
        expired = ApprovalState.EXPIRED
        if not await approval_rows.settle(work.tx, approval.id, state=expired, by=None, now=work.now):
            continue  # somebody was faster
        _audit(
            work,
            SYSTEM,
            "approval.expire",
            ("approval", approval.id),
            approval.customer_id,
            before={"state": ApprovalState.OPEN.value},
            after={"state": ApprovalState.EXPIRED.value},
        )
        asker = await staff_rows.get_member(work.tx, approval.asked_by)
        if approval.points:  # one that was emptied with its customer is nobody's any more
            closed = replace(approval, state=expired)
            await _notice(work, closed, expired, name=asker.name if asker else "?")
    return len(overdue)


async def _notice(
    work: Work, approval: Approval, what: str, *, name: str, buttons: bool = False, replacing: int | None = None
) -> None:
    """Tell the staff of a question or its outcome: in the topic of its case, else in the group."""
    case = await case_rows.get_case(work.tx, approval.case_id) if approval.case_id else None
    group = await staff_rows.get_group(work.tx, case.staff_group_id) if case and case.staff_group_id else None
    group = group or await staff_rows.get_first_group(work.tx, bot_id=work.bot_id)
    language = cards.desk_language(work, group)
    customer = await people_rows.get_customer(work.tx, approval.customer_id)
    asker = await staff_rows.get_member(work.tx, approval.asked_by)
    values: dict[str, Any] = {
        "name": name,
        "asker": asker.name if asker else "?",
        "customer": customer.called if customer else "?",
        "points": number_in_words(approval.points, language, signed=True),
        "reason": approval.reason,
    }
    key = f"points.staff.{what}"
    if approval.kind == approval_rows.VOUCHER:
        reward = await get_reward_by_key(work.tx, str(approval.asked.get("reward")))
        key, values["reward"] = f"recovery.staff.{what}", reward.name(language) if reward else "?"
    rows = _buttons(work, approval, language) if buttons else ()
    once = None if replacing else f"approval:{approval.id}:{approval.state}"
    if case is not None and (case.confidential or case.staff_group_id is not None):
        await desk.notice_case(work, case, key, buttons=rows, replacing=replacing, dedupe_key=once, **values)
    elif group is not None:
        whom = approval.customer_id
        await desk.notice_staff(
            work, key, customer_id=whom, buttons=rows, replacing=replacing, dedupe_key=once, **values
        )


def _buttons(work: Work, approval: Approval, language: str) -> Rows:
    return (
        (
            Button(work.texts.button("points.staff.button.agree", language), data=f"k:agree:{approval.id}"),
            Button(work.texts.button("points.staff.button.refuse", language), data=f"k:refuse:{approval.id}"),
        ),
    )
