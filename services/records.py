"""The customer record: made, found, read, and changed through one door with its audit row."""

from typing import Any

from domain.errors import NotFound
from domain.interactions import Content, Direction, Kind, Visibility
from domain.outcomes import Refusal
from domain.people import Actor, ActorKind, Permission
from domain.phones import read_phone
from domain.records import NOTE_LETTERS, ZoneSource, differences, may_replace_zone, tag_of
from domain.words import storable
from services import webhooks
from services.permits import may
from services.record_fields import FIELDS, OWN_FIELDS, check_fields, merge_custom
from services.speech import record_heard
from services.work import Work
from storage import records as rows
from storage.audit import add_audit
from storage.interactions import NOWHERE
from storage.records import Record

_SOURCE_OF_ACTOR = {
    ActorKind.CUSTOMER: ZoneSource.ASKED,
    ActorKind.STAFF: ZoneSource.STAFF,
    ActorKind.API: ZoneSource.API,
    ActorKind.SYSTEM: ZoneSource.STAFF,
}
_NOT_ALLOWED = Refusal("desk.refused.not_allowed")


async def resolve(work: Work, customer_id: int) -> int:
    """Return the record to read and write for this one: itself, or what it was merged into.

    In a writing transaction it cannot be merged away until the end. Raises :class:`NotFound` for one that never was.
    """
    seen: set[int] = set()
    while True:
        standing = await rows.get_standing(work.tx, customer_id)
        if standing is None or standing.id in seen:
            raise NotFound(f"there is no customer {customer_id}")
        if standing.merged_into is None:
            return standing.id
        seen.add(standing.id)
        customer_id = standing.merged_into


async def find_customer(
    work: Work,
    *,
    code: str | None = None,
    source_key: str | None = None,
    phone: str | None = None,
    id: int | None = None,
) -> int | None:
    """Return the living customer known by exactly one of these, following merges; ``None`` when there is none.

    A ``phone`` (in any spelling) that several share is nobody's; see :func:`list_by_phone`.
    """
    found = id
    if code is not None:
        found = await rows.find_by_code(work.tx, code)
    elif source_key is not None:
        found = await rows.find_by_source_key(work.tx, source_key)
    elif phone is not None:
        several = await list_by_phone(work, phone)
        found = several[0] if len(several) == 1 else None
    try:
        found = await resolve(work, found) if found is not None else None
    except NotFound:
        return None
    standing = await rows.get_standing(work.tx, found) if found is not None else None
    return standing.id if standing is not None and not standing.erased else None


async def list_by_phone(work: Work, phone: str) -> list[int]:
    """Return the living customers with this number, in any spelling, oldest first."""
    number = read_phone(phone, region=work.rules.record.phone_region)
    return await rows.list_by_phone(work.tx, number) if number else []


async def read_record(work: Work, customer_id: int) -> Record | None:
    """Return a customer's record, following merges; an erased one is empty, one that never was ``None``."""
    try:
        return await rows.get_record(work.tx, await resolve(work, customer_id))
    except NotFound:
        return None


async def create_customer(work: Work, *, by: Actor, name: str, **fields: Any) -> int | Refusal:
    """Make a record for somebody who has not written yet; returns its id.

    ``fields`` are those of :func:`change_record`. A zone that nobody named is taken from the number, where it can be.
    """
    if not await may(work, by, Permission.EDIT_CUSTOMERS):
        return _NOT_ALLOWED
    values = await check_fields(work, {"language": work.rules.languages[0], **fields, "name": name})
    if isinstance(values, Refusal):
        return values
    tags: tuple[str, ...] = values.pop("tags", ())
    values["custom"] = merge_custom({}, values.pop("custom", {})) or None
    _weigh_zone(values, None, by)
    birthday = values.pop("birthday", None)
    customer_id = await rows.insert_record(work.tx, now=work.now, **_dated(work, values))
    rows.change_record(work.tx, customer_id, birthday=birthday)
    for tag in tags:
        await rows.insert_tag(work.tx, customer_id, tag, now=work.now)
    after = {**values, "birthday": birthday, "tags": list(tags)}
    _audit(work, by, "customer.create", customer_id, after={k: _plain(v) for k, v in after.items() if v})
    await webhooks.emit(work, "customer.created", customer_id=customer_id, data={"customer_id": customer_id})
    return customer_id


async def change_record(work: Work, customer_id: int, *, by: Actor, **changes: Any) -> Refusal | None:
    """Change fields of a record, audited field by field; what is the same already is left alone.

    Fields: name, call_name, phone (any spelling), language, zone, zone_source, birthday, preferences, custom (only
    the fields named in it), owner_id, branch_id, source_key, tags, lost_reason; ``None`` empties one that may be
    empty. A person may change their own profile, staff and API keys anything. Raises :class:`NotFound`.
    """
    customer_id = await resolve(work, customer_id)
    if not await _may_change(work, customer_id, by, set(changes)):
        return _NOT_ALLOWED
    record = await rows.get_record(work.tx, customer_id)
    if record is None or record.erased_at is not None:
        return Refusal("record.refused.erased")
    values = await check_fields(work, changes, customer_id=customer_id)
    if isinstance(values, Refusal):
        return values
    if "custom" in values:
        values["custom"] = merge_custom(record.custom, values["custom"])
    if "tags" in values:
        values["tags"] = tuple(sorted(values["tags"]))
    _weigh_zone(values, record, by)
    before, after = differences({name: getattr(record, name) for name in FIELDS}, values)
    await _keep(work, record, by=by, before=before, after=after)
    return None


async def _keep(work: Work, record: Record, *, by: Actor, before: dict[str, Any], after: dict[str, Any]) -> None:
    if not after:
        return
    values = dict(after)
    if "tags" in values:
        await _set_tags(work, record, values.pop("tags"))
    if "custom" in values:
        values["custom"] = values["custom"] or None
    if "phone" in values:
        values["phone_proved_at"] = None
    rows.change_record(work.tx, record.id, **_dated(work, values))
    plain = [{name: _plain(value) for name, value in side.items()} for side in (before, after)]
    _audit(work, by, "customer.edit", record.id, before=plain[0], after=plain[1])
    data = {"customer_id": record.id, "fields": sorted(after)}
    await webhooks.emit(work, "customer.changed", customer_id=record.id, data=data)


async def _set_tags(work: Work, record: Record, tags: tuple[str, ...]) -> None:
    for tag in set(record.tags) - set(tags):
        await rows.delete_tag(work.tx, record.id, tag)
    for tag in set(tags) - set(record.tags):
        await rows.insert_tag(work.tx, record.id, tag, now=work.now)


async def _may_change(work: Work, customer_id: int, by: Actor, names: set[str]) -> bool:
    if by.kind is ActorKind.CUSTOMER:
        return by.id is not None and await resolve(work, by.id) == customer_id and names <= OWN_FIELDS
    return await may(work, by, Permission.EDIT_CUSTOMERS)


def _weigh_zone(values: dict[str, Any], record: Record | None, by: Actor) -> None:
    """Keep a zone with its source, unless a stronger source named another; take one from a number if none is known."""
    source = values.pop("zone_source", None) or _SOURCE_OF_ACTOR.get(by.kind, ZoneSource.IMPORT)
    known = ZoneSource(record.zone_source) if record and record.zone and record.zone_source else None
    if "zone" not in values:
        guess = values.pop("zone_guess", None)
        if guess is not None and may_replace_zone(known, ZoneSource.PHONE) and not (record and record.zone):
            values |= {"zone": guess, "zone_source": ZoneSource.PHONE.value}
        return
    values.pop("zone_guess", None)
    if may_replace_zone(known, source):
        values["zone_source"] = source.value if values["zone"] is not None else None
    else:
        del values["zone"]


def _dated(work: Work, values: dict[str, Any]) -> dict[str, Any]:
    if "lost_reason" not in values:
        return values
    return {**values, "lost_at": work.now if values["lost_reason"] else None}


def _plain(value: Any) -> Any:
    """Return a value as the audit keeps it."""
    if hasattr(value, "lunar"):
        return {"month": value.month, "day": value.day, "year": value.year, "lunar": value.lunar, "leap": value.leap}
    return list(value) if isinstance(value, tuple) else value


def _audit(work: Work, by: Actor, action: str, customer_id: int, **sides: dict[str, Any]) -> None:
    add_audit(
        work.tx,
        at=work.now,
        actor=by,
        action=action,
        subject=("customer", customer_id),
        customer_id=customer_id,
        **sides,
    )


async def _record_to_edit(work: Work, customer_id: int, by: Actor) -> Record | Refusal:
    if not await may(work, by, Permission.EDIT_CUSTOMERS):
        return _NOT_ALLOWED
    record = await rows.get_record(work.tx, await resolve(work, customer_id))
    return record if record is not None and record.erased_at is None else Refusal("record.refused.erased")


async def add_tag(work: Work, customer_id: int, tag: str, *, by: Actor) -> Refusal | None:
    """Add a tag; one that is there already changes nothing. Raises :class:`NotFound`."""
    return await _change_tag(work, customer_id, tag, by=by, add=True)


async def remove_tag(work: Work, customer_id: int, tag: str, *, by: Actor) -> Refusal | None:
    """Take a tag away; one that is not there changes nothing. Raises :class:`NotFound`."""
    return await _change_tag(work, customer_id, tag, by=by, add=False)


async def _change_tag(work: Work, customer_id: int, tag: str, *, by: Actor, add: bool) -> Refusal | None:
    record = await _record_to_edit(work, customer_id, by)
    if isinstance(record, Refusal):
        return record
    kept = tag_of(tag)
    if kept is None:
        return Refusal("record.refused.tag", {"tag": tag})
    tags = tuple(sorted({*record.tags, kept} if add else {*record.tags} - {kept}))
    before, after = differences({"tags": record.tags}, {"tags": tags})
    await _keep(work, record, by=by, before=before, after=after)
    return None


async def add_note(work: Work, customer_id: int, text: str, *, by: Actor) -> int | Refusal:
    """Append a note about a customer, which only staff ever read; returns the interaction. Raises ``NotFound``."""
    record = await _record_to_edit(work, customer_id, by)
    if isinstance(record, Refusal):
        return record
    words = storable(text).strip()
    if not words or len(words) > NOTE_LETTERS:
        return Refusal("record.refused.note", {"count": NOTE_LETTERS})
    return await record_heard(
        work,
        author=by,
        content=Content(Kind.TEXT, words),
        origin=NOWHERE,
        customer_id=record.id,
        direction=Direction.IN,
        visibility=Visibility.INTERNAL,
    )
