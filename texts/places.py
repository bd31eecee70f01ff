"""Cities and days as people name them in their language; the names come from CLDR and a short list of our own."""

import unicodedata
from datetime import date
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.dates import format_date, format_skeleton

from domain.languages import LANGUAGES
from domain.people import Birthday
from texts.catalogue import Texts
from texts.tables import read_table

_BABEL = {"zh_CN": "zh_Hans_CN", "zh_TW": "zh_Hant_TW"}
_NO_CITIES = ("Etc/", "SystemV/", "US/", "posix/", "right/")
_LEAP_YEAR = 2000


def _locale(language: str) -> Locale:
    return Locale.parse(_BABEL.get(language, language))


def _bare(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name).casefold().replace("_", " ").replace("-", " ")
    return " ".join("".join(c for c in folded if not unicodedata.combining(c)).split())


@cache
def _zones() -> dict[str, str]:
    """Return zones by every name they go by, bare; a zone's own name outdoes a city's, a city's own list both."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(_NO_CITIES))
    found = {_bare(zone.rsplit("/", 1)[1]): zone for zone in reversed(zones)}
    for language in LANGUAGES:
        for zone, names in _locale(language).time_zones.items():
            if "city" in names and zone in zones:
                found[_bare(names["city"])] = zone
    found |= {_bare(zone): zone for zone in zones}
    return found | {_bare(city): zone for city, zone in read_table("cities")}


def zone_of_city(text: str) -> str | None:
    """Return the IANA zone of a city, or of a zone's own name, as somebody typed it; ``None`` when not known."""
    known = _zones()
    return known.get(_bare(text.strip(" .!。！"))) or known.get(_bare(text.replace("，", ",").split(",")[0]))


def city_of_zone(zone: str, language: str) -> str:
    """Return the city a zone is named after, in ``language``."""
    names = _locale(language).time_zones.get(zone, {})
    return str(names.get("city") or zone.rsplit("/", 1)[-1].replace("_", " "))


def birthday_in_words(birthday: Birthday, language: str) -> str:
    """Return a birthday as people write it, such as "August 3", "1990年8月3日" or "农历八月十五"."""
    if birthday.lunar:
        return _lunar_in_words(birthday, language)
    locale = _locale(language)
    if birthday.year is not None:
        return str(format_date(date(birthday.year, birthday.month, birthday.day), "long", locale=locale))
    day = date(_LEAP_YEAR, birthday.month, birthday.day)
    return str(format_skeleton("MMMMd", day, locale=locale))


def _lunar_in_words(birthday: Birthday, language: str) -> str:
    texts = _texts()
    months, days = (texts.button(key, language).split() for key in ("record.lunar.months", "record.lunar.days"))
    year = "" if birthday.year is None else ".with_year"
    key = f"record.lunar.{'leap' if birthday.leap else 'plain'}{year}"
    values = {"month": months[birthday.month - 1], "day": days[birthday.day - 1]}
    return texts.button(key, language, **values, **({"year": birthday.year} if year else {}))


def day_in_words(on: date, language: str) -> str:
    """Return a date with its weekday, such as "Friday, September 25, 2026"."""
    return str(format_date(on, "full", locale=_locale(language)))


@cache
def _texts() -> Texts:
    return Texts()
