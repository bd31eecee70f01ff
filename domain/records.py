"""What the customer record may hold, and which of two answers stands; pure."""

import math
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from domain.loyalty import CustomField, FieldKind
from domain.people import Consent

NAME_LETTERS = 128
CALL_NAME_LETTERS = 64
PREFERENCES_LETTERS = 2000
NOTE_LETTERS = 4000
TAG_LETTERS = 64
FIELD_LETTERS = 500
_MOST_DIGITS = 15


class ZoneSource(StrEnum):
    """Who said in which zone a customer lives."""

    ASKED = "asked"
    STAFF = "staff"
    API = "api"
    IMPORT = "import"
    CITY = "city"
    PHONE = "phone"


_WEIGHT = {
    ZoneSource.ASKED: 3,
    ZoneSource.STAFF: 3,
    ZoneSource.API: 2,
    ZoneSource.IMPORT: 2,
    ZoneSource.CITY: 1,
    ZoneSource.PHONE: 0,
}


def may_replace_zone(known: ZoneSource | None, new: ZoneSource) -> bool:
    """Return whether a zone from ``new`` may take the place of one from ``known``: never of a stronger source's."""
    return known is None or _WEIGHT[new] >= _WEIGHT[known]


class LostReason(StrEnum):
    """Why somebody is no customer any more."""

    MOVED = "moved"
    RIVAL = "rival"
    PRODUCT = "product"
    SERVICE = "service"
    PRICE = "price"
    COMPLAINT = "complaint"
    LOST_INTEREST = "lost_interest"
    CREDIT = "credit"
    NATURAL = "natural"
    OTHER = "other"


def tag_of(text: str) -> str | None:
    """Return a tag as it is kept: one line in small letters without commas; ``None`` for what can be no tag."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return folded if 0 < len(folded) <= TAG_LETTERS and folded.isprintable() and "," not in folded else None


def field_value(field: CustomField, value: Any) -> Any:
    """Return ``value`` as a custom field keeps it: text, a finite number, an ISO date, true or false, or a choice.

    Text is read as people write it, so that files and commands need no types. Raises ``ValueError`` for what cannot
    be a value of this field.
    """
    text = unicodedata.normalize("NFKC", value).strip() if isinstance(value, str) else None
    if field.kind is FieldKind.YES_NO:
        return _yes_no(value if text is None else text)
    if field.kind is FieldKind.NUMBER:
        return _number(value if text is None else text)
    if field.kind is FieldKind.DATE:
        if isinstance(value, datetime) or not (isinstance(value, date) or text):
            raise ValueError(field.key)
        return (value if isinstance(value, date) else date.fromisoformat(text or "")).isoformat()
    if not isinstance(value, str) or not value.strip() or len(value) > FIELD_LETTERS:
        raise ValueError(field.key)
    if field.kind is FieldKind.CHOICE and value.strip() not in field.choices:
        raise ValueError(field.key)
    return value.strip()


_YES, _NO = {"yes", "true", "1", "是"}, {"no", "false", "0", "否"}


def _yes_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.casefold() if isinstance(value, str) else ""
    if word not in _YES | _NO:
        raise ValueError(value)
    return word in _YES


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)) or len(str(value)) > _MOST_DIGITS + 5:
        raise ValueError("a number is wanted")
    number = float(value)
    if not math.isfinite(number) or abs(number) >= 10**_MOST_DIGITS:
        raise ValueError("a number is wanted")
    return int(number) if number.is_integer() else number


def merged_consent(kept: Consent | None, other: Consent | None, *, newer: bool, now: datetime) -> Consent | None:
    """Return the answer of one person who gave two, on two records; ``newer`` is whether ``other`` came later.

    The newest answer stands, but a no never becomes a yes: neither a plain no that the newest answer would turn,
    nor one that would end with a snooze.
    """
    if kept is None or other is None:
        return kept or other
    newest, older = (other, kept) if newer else (kept, other)
    return older if _firmness(older, now) > _firmness(newest, now) else newest


def _firmness(consent: Consent, now: datetime) -> tuple[int, datetime]:
    """Return how firm a no is: a yes is none, a snooze one until its end, a plain no for good."""
    if consent.allows(now):
        return (0, now)
    return (1, consent.until_at) if consent.until_at is not None else (2, now)


def initial_of(name: str) -> str:
    """Return the initial of a first name, which tells its bearer without naming anybody.

    Of a Chinese name, whose surname the whole family shares, it is the first sign of the given name.
    """
    bare = "".join(name.split())
    if 2 <= len(bare) <= 4 and all("\u4e00" <= sign <= "\u9fff" for sign in bare):
        return bare[2 if len(bare) == 4 else 1]
    return next((sign.upper() for sign in bare if sign.isalnum()), "")[:1]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what was and what is now of the values that changed."""
    changed = [name for name, value in after.items() if before.get(name) != value]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
