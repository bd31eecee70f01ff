"""Merging: two records of one person become one, with everything moved, in one transaction."""

from typing import Any

from domain.outcomes import Refusal
from domain.people import Actor, Permission
from domain.records import ZoneSource, may_replace_zone
from domain.tiers import rank_of
from services import cards, points, tiers, webhooks
from services.permits import may
from services.work import Work
from storage import merging as rows
from storage import records as record_rows
from storage.audit import add_audit
from storage.cases import load_owed
from storage.records import Record

_FILLED = ("call_name", "preferences", "owner_id", "branch_id", "source", "birthday")
_COMPARED = ("name", *_FILLED, "phone", "language", "zone")


async def merge_customers(
    work: Work, *, keep_id: int, duplicate_id: int, by: Actor, reason: str | None = None
) -> Refusal | None:
    """Merge ``duplicate_id`` into ``keep_id``, for those who may. Empty fields are filled, answers on record stay."""
    if not await may(work, by, Permission.MERGE_CUSTOMERS):
        return Refusal("desk.refused.not_allowed")
    return await join_records(work, keep_id=keep_id, duplicate_id=duplicate_id, by=by, reason=reason)


async def join_records(
    work: Work, *, keep_id: int, duplicate_id: int, by: Actor, reason: str | None = None
) -> Refusal | None:
    """Merge two records for whoever has shown that they are one person's; see :func:`merge_customers`.

    Locks their chats, then their records, then their points accounts: whoever speaks for either meanwhile waits.
    """
    both = await _lock_both(work, keep_id, duplicate_id)
    if isinstance(both, Refusal):
        return both
    keep, duplicate = both
    moved_cases = [case.id for case in await load_owed(work.tx, [duplicate.id]) if case.live]
    answers = await rows.list_answers(work.tx, keep.id)
    await points.join_accounts(work, from_id=duplicate.id, to_id=keep.id, by=by)
    await rows.move_everything(work.tx, keep_id=keep.id, duplicate_id=duplicate.id, now=work.now)
    filled, conflicts = _reconciled(keep, duplicate)
    tiering = work.rules.loyalty.tiering
    if rank_of(tiering, duplicate.tier) > rank_of(tiering, keep.tier):  # kept until its review, like anybody's
        filled |= {name: getattr(duplicate, name) for name in ("tier", "tier_since_at", "tier_review_at")}
    await _fill(work, keep, duplicate, filled)
    _audit(work, keep, duplicate, by=by, reason=reason, filled=filled, conflicts=conflicts)
    await _audit_consents(work, keep, answers, by=by)
    await tiers.reckon_tier(work, keep.id, by=by, cause="merge")
    data = {"customer_id": keep.id, "duplicate_id": duplicate.id, "duplicate": duplicate.code}
    await webhooks.emit(work, "customer.merged", customer_id=keep.id, data=data)
    for case in await load_owed(work.tx, [keep.id]):
        if case.id in moved_cases:
            await cards.show_card(work, case)
    return None


async def _lock_both(work: Work, keep_id: int, duplicate_id: int) -> tuple[Record, Record] | Refusal:
    if keep_id == duplicate_id:
        return Refusal("record.refused.same")
    await rows.lock_records(work.tx, (keep_id, duplicate_id))
    keep, duplicate = [await record_rows.get_record(work.tx, one) for one in (keep_id, duplicate_id)]
    if keep is None or duplicate is None:
        return Refusal("record.refused.unknown")
    for record in (keep, duplicate):
        if record.erased_at is not None:
            return Refusal("record.refused.erased")
        if record.merged_into is not None:
            return Refusal("record.refused.merged", {"code": record.code})
    return keep, duplicate


def _reconciled(keep: Record, duplicate: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the kept record takes over, and what the duplicate said otherwise."""
    filled = {name: getattr(duplicate, name) for name in _FILLED if _is_empty(getattr(keep, name))}
    filled = {name: value for name, value in filled.items() if not _is_empty(value)}
    if not keep.name.strip() and duplicate.name.strip():
        filled["name"] = duplicate.name
    if duplicate.phone and keep.phone in (None, duplicate.phone) and not keep.phone_proved_at:
        filled |= {"phone": duplicate.phone, "phone_proved_at": duplicate.phone_proved_at}
    if duplicate.zone and _zone_is_better(keep, duplicate):
        filled |= {"zone": duplicate.zone, "zone_source": duplicate.zone_source}
    custom = {**duplicate.custom, **keep.custom}
    if custom != keep.custom:
        filled["custom"] = custom
    if duplicate.created_at < keep.created_at:
        filled["created_at"] = duplicate.created_at
    conflicts = {name: getattr(duplicate, name) for name in _COMPARED if name not in filled}
    conflicts = {n: value for n, value in conflicts.items() if not _is_empty(value) and value != getattr(keep, n)}
    if other := {key: value for key, value in duplicate.custom.items() if value != custom[key]}:
        conflicts["custom"] = other
    return filled, conflicts


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _zone_is_better(keep: Record, duplicate: Record) -> bool:
    if keep.zone is None or keep.zone_source is None:
        return keep.zone is None
    if duplicate.zone_source is None:
        return False
    known, other = ZoneSource(keep.zone_source), ZoneSource(duplicate.zone_source)
    return may_replace_zone(known, other) and not may_replace_zone(other, known)


async def _fill(work: Work, keep: Record, duplicate: Record, filled: dict[str, Any]) -> None:
    """Fill the kept record; the key under which the duplicate was imported stays known, here or there."""
    if duplicate.source_key is not None and keep.source_key is None:
        record_rows.change_record(work.tx, duplicate.id, source_key=None)
        await work.tx.flush()
        record_rows.change_record(work.tx, keep.id, source_key=duplicate.source_key)
    record_rows.change_record(work.tx, keep.id, **filled)
    await work.tx.flush()


def _audit(
    work: Work,
    keep: Record,
    duplicate: Record,
    *,
    by: Actor,
    reason: str | None,
    filled: dict[str, Any],
    conflicts: dict[str, Any],
) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action="customer.merge",
        subject=("customer", keep.id),
        customer_id=keep.id,
        before={"duplicate_id": duplicate.id, "duplicate": duplicate.code, "conflicts": _plain(conflicts)},
        after={"filled": _plain(filled), "reason": reason},
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value if isinstance(value, (str, int, dict)) else str(value) for name, value in values.items()}


async def _audit_consents(work: Work, keep: Record, before: dict[str, Any], *, by: Actor) -> None:
    """Say which answers of the kept record are others now."""
    for kind, row in (await rows.list_answers(work.tx, keep.id)).items():
        known = before.get(kind)
        if known is not None and (known.given, known.until_at) == (row.given, row.until_at):
            continue
        add_audit(
            work.tx,
            at=work.now,
            actor=by,
            action=f"consent.{kind}",
            subject=("customer", keep.id),
            customer_id=keep.id,
            before={"given": known.given if known is not None else False},
            after={
                "given": row.given,
                "until_at": row.until_at.isoformat() if row.until_at else None,
                "notice_version": row.notice_version,
            },
        )
