"""The fields of the customer record: each read from whatever spelling and checked, or refused with the mend."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from zoneinfo import available_timezones

from domain.calendars import is_birthday
from domain.outcomes import Refusal
from domain.people import Birthday
from domain.phones import read_phone, zone_of_phone
from domain.records import (
    CALL_NAME_LETTERS,
    NAME_LETTERS,
    PREFERENCES_LETTERS,
    LostReason,
    ZoneSource,
    field_value,
    tag_of,
)
from domain.words import storable, visible
from services.work import Work
from storage import records as rows
from storage.staff import get_member
from texts.places import zone_of_city

FIELDS = (
    *("name", "call_name", "phone", "language", "zone", "zone_source", "birthday", "preferences", "custom"),
    *("owner_id", "branch_id", "source_key", "tags", "lost_reason"),
)
"""Everything that can be changed of a record."""
OWN_FIELDS = frozenset({"name", "call_name", "phone", "language", "zone", "zone_source", "birthday", "preferences"})
"""What a person may change of their own record."""
_SOURCE_KEY_LETTERS = 200


async def check_fields(
    work: Work, changes: Mapping[str, Any], *, customer_id: int | None = None
) -> dict[str, Any] | Refusal:
    """Return the fields as they are kept, or why one of them cannot be; ``customer_id`` is whose they are.

    With a number comes ``zone_guess``, its zone. Raises ``TypeError`` for a field that no record has.
    """
    if unknown := set(changes) - set(FIELDS):
        raise TypeError(f"no field of a record: {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {}
    for name, value in changes.items():
        checked = _PLAIN[name](work, value) if name in _PLAIN else await _KNOWN[name](work, value)
        if isinstance(checked, Refusal):
            return checked
        values[name] = checked
    if values.get("source_key") and await rows.find_by_source_key(work.tx, values["source_key"]) not in (
        None,
        customer_id,
    ):
        return Refusal("record.refused.source_key", {"source": values["source_key"]})
    if values.get("phone") and (zone := zone_of_phone(values["phone"])):
        values["zone_guess"] = zone
    return values


def merge_custom(known: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return own fields with ``changes`` made; a ``None`` takes a field away."""
    return {key: value for key, value in {**known, **changes}.items() if value is not None}


def _line(text: Any, most: int) -> str | None:
    line = visible(text) if isinstance(text, str) else ""
    return line if 0 < len(line) <= most else None


def _name(_work: Work, value: Any) -> str | Refusal:
    return _line(value, NAME_LETTERS) or Refusal("record.refused.name", {"count": NAME_LETTERS})


def _call_name(_work: Work, value: Any) -> str | Refusal | None:
    if value is None or value == "":
        return None
    return _line(value, CALL_NAME_LETTERS) or Refusal("record.refused.name", {"count": CALL_NAME_LETTERS})


def _phone(work: Work, value: Any) -> str | Refusal | None:
    if value is None or value == "":
        return None
    number = read_phone(value, region=work.rules.record.phone_region) if isinstance(value, str) else None
    return number or Refusal("record.refused.phone", {"phone": storable(str(value))[:40]})


def _language(work: Work, value: Any) -> str | Refusal:
    if value in work.rules.languages:
        return str(value)
    offered = ", ".join(work.rules.languages)
    return Refusal("record.refused.language", {"wanted": str(value)[:40], "languages": offered})


def _zone(_work: Work, value: Any) -> str | Refusal | None:
    if value is None or value == "":
        return None
    zone = value if value in available_timezones() else zone_of_city(str(value))
    return zone or Refusal("record.refused.zone", {"zone": storable(str(value))[:40]})


def _zone_source(_work: Work, value: Any) -> ZoneSource | None:
    return ZoneSource(value) if value is not None else None


def _birthday(_work: Work, value: Any) -> Birthday | Refusal | None:
    if value is None or (isinstance(value, Birthday) and is_birthday(value.month, value.day, lunar=value.lunar)):
        return value
    return Refusal("record.refused.birthday")


def _preferences(_work: Work, value: Any) -> str | Refusal | None:
    text = storable(value).strip() if isinstance(value, str) else ""
    return (
        (text or None)
        if len(text) <= PREFERENCES_LETTERS
        else Refusal("record.refused.preferences", {"count": PREFERENCES_LETTERS})
    )


def _custom(work: Work, value: Any) -> dict[str, Any] | Refusal:
    declared = {field.key: field for field in work.rules.record.fields}
    kept: dict[str, Any] = {}
    for key, one in (value or {}).items():
        if key not in declared:
            return Refusal("record.refused.unknown_field", {"field": storable(str(key))[:40]})
        try:
            kept[key] = field_value(declared[key], one) if one not in (None, "") else None
        except ValueError:
            return Refusal(
                f"record.refused.field.{declared[key].kind}",
                {"field": key, "value": storable(str(one))[:40], "choices": ", ".join(declared[key].choices)},
            )
    return kept


def _tags(_work: Work, value: Iterable[str] | None) -> tuple[str, ...] | Refusal:
    kept: set[str] = set()
    for one in value or ():
        tag = tag_of(one)
        if tag is None:
            return Refusal("record.refused.tag", {"tag": storable(str(one))[:40]})
        kept.add(tag)
    return tuple(sorted(kept))


def _lost_reason(_work: Work, value: Any) -> str | Refusal | None:
    if value is None or value == "":
        return None
    if value in LostReason.__members__.values():
        return str(value)
    return Refusal("record.refused.lost_reason", {"reasons": ", ".join(LostReason)})


def _source_key(_work: Work, value: Any) -> str | Refusal | None:
    if value is None or value == "":
        return None
    key = storable(value).strip() if isinstance(value, str) else ""
    known = 0 < len(key) <= _SOURCE_KEY_LETTERS
    return key if known else Refusal("record.refused.source_key_long", {"count": _SOURCE_KEY_LETTERS})


async def _owner_id(work: Work, value: Any) -> int | Refusal | None:
    member = await get_member(work.tx, value) if value is not None else None
    if value is not None and (member is None or not member.active):
        return Refusal("record.refused.owner")
    return member.id if member else None


async def _branch_id(work: Work, value: Any) -> int | Refusal | None:
    if value is not None and not await rows.is_branch(work.tx, value):
        return Refusal("record.refused.branch")
    return None if value is None else int(value)


_PLAIN: dict[str, Callable[[Work, Any], Any]] = {
    "name": _name,
    "call_name": _call_name,
    "phone": _phone,
    "language": _language,
    "zone": _zone,
    "zone_source": _zone_source,
    "birthday": _birthday,
    "preferences": _preferences,
    "custom": _custom,
    "tags": _tags,
    "lost_reason": _lost_reason,
    "source_key": _source_key,
}
_KNOWN: dict[str, Callable[[Work, Any], Awaitable[Any]]] = {"owner_id": _owner_id, "branch_id": _branch_id}
