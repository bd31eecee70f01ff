"""Months as people read them in their language."""

from datetime import date

from babel import Locale
from babel.dates import format_date

_BABEL = {"zh_CN": "zh_Hans_CN", "zh_TW": "zh_Hant_TW"}


def month_in_words(first: date, language: str, *, short: bool = False) -> str:
    """Return the month of ``first``: "October", in short "Oct"; in Chinese "10月" both times."""
    locale = Locale.parse(_BABEL.get(language, language))
    return str(format_date(first, "LLL" if short or language.startswith("zh") else "LLLL", locale=locale))


def month_and_year(first: date, language: str) -> str:
    """Return the month of ``first`` with its year: "October 2026"; in Chinese "2026年10月"."""
    locale = Locale.parse(_BABEL.get(language, language))
    return str(format_date(first, "y年M月" if language.startswith("zh") else "LLLL y", locale=locale))
