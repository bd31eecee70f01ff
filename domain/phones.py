"""Telephone numbers: read in any spelling, kept in one (E.164), shown as people of the place write them; pure."""

import unicodedata

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat
from phonenumbers.timezone import time_zones_for_number

_LONGEST = 64
_UNKNOWN_ZONE = "Etc/Unknown"


def read_phone(text: str, *, region: str) -> str | None:
    """Return a number as E.164 such as ``+8613800138000``; ``None`` when it cannot be anybody's.

    ``region`` (ISO 3166) is where a number without a country code belongs. Full-width signs, spaces, dashes,
    brackets and the prefix ``00`` are read as people mean them.
    """
    found = _parsed(text, region)
    if found is None or found.extension or not phonenumbers.is_valid_number(found):
        return None
    return phonenumbers.format_number(found, PhoneNumberFormat.E164)


def read_telegram_phone(text: str) -> str | None:
    """Return the number of a contact that Telegram shared, which leaves out the ``+`` before the country code."""
    digits = unicodedata.normalize("NFKC", text).strip().lstrip("+")
    return read_phone(f"+{digits}", region="ZZ")


def phone_in_words(e164: str) -> str:
    """Return a number as it is written when read aloud, such as ``+86 138 0013 8000``."""
    found = _parsed(e164, None)
    return phonenumbers.format_number(found, PhoneNumberFormat.INTERNATIONAL) if found else e164


def zone_of_phone(e164: str) -> str | None:
    """Return the IANA zone of a number, when its country or area code belongs to only one."""
    found = _parsed(e164, None)
    zones = time_zones_for_number(found) if found else ()
    return zones[0] if len(zones) == 1 and zones[0] != _UNKNOWN_ZONE else None


def is_region(code: str) -> bool:
    """Return whether ``code`` is a region (ISO 3166) whose numbers are known."""
    return code in phonenumbers.SUPPORTED_REGIONS


def _parsed(text: str, region: str | None) -> PhoneNumber | None:
    folded = unicodedata.normalize("NFKC", text).strip()
    if not folded or len(folded) > _LONGEST:
        return None
    try:
        return phonenumbers.parse(folded, region)
    except phonenumbers.NumberParseException:
        return None
