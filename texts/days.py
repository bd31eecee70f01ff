"""Days, numbers, prices and bars as people read them in their language."""

from datetime import date

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal, get_currency_symbol

from domain.money import EXPONENTS, in_units

_BABEL = {"zh_CN": "zh_Hans_CN", "zh_TW": "zh_Hant_TW"}
_SYMBOLS = {"CNY": "¥"}
"""What stands on the price tags where a currency is at home, in whatever language they are read."""
_FULL, _EMPTY = "▰", "▱"


def _locale(language: str) -> Locale:
    return Locale.parse(_BABEL.get(language, language))


def day_in_words(day: date, language: str, *, today: date) -> str:
    """Return a day such as "Nov 30" or "11月30日"; its year is named where it is not ``today``'s."""
    locale = _locale(language)
    if day.year == today.year:
        return str(format_skeleton("MMMd", day, locale=locale))
    return str(format_date(day, "long" if language.startswith("zh") else "medium", locale=locale))


def number_in_words(number: int, language: str, *, signed: bool = False) -> str:
    """Return a whole number with its thousands apart; with a plus or a true minus sign when ``signed``."""
    digits = str(format_decimal(abs(number), locale=_locale(language)))
    if signed:
        return f"{'+' if number >= 0 else '−'}{digits}"
    return f"−{digits}" if number < 0 else digits


def bar(part: int, whole: int, *, cells: int = 10) -> str:
    """Return how much of ``whole`` is reached; full only when all of it is."""
    reached = cells if whole <= 0 or part >= whole else max(0, part) * cells // whole
    return _FULL * reached + _EMPTY * (cells - reached)


def money_in_words(amount_minor: int, currency: str, language: str) -> str:
    """Return an amount as a price tag has it, such as "¥320" or "US$12.50": whole units without a fraction."""
    locale = _locale(language)
    units, digits = in_units(amount_minor, currency), EXPONENTS[currency]
    whole = units == units.to_integral_value()
    pattern = "#,##0" if whole else "#,##0." + "0" * digits
    symbol = _SYMBOLS.get(currency) or str(get_currency_symbol(currency, locale))
    gap = "\u00a0" if symbol[-1].isalpha() else ""
    return f"{'−' if units < 0 else ''}{symbol}{gap}{format_decimal(abs(units), pattern, locale=locale)}"
