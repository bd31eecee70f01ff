"""Decimal numbers and months by name as people read them in their language."""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_decimal

_BABEL = {"zh_CN": "zh_Hans_CN", "zh_TW": "zh_Hant_TW"}


def _locale(language: str) -> Locale:
    return Locale.parse(_BABEL.get(language, language))


def decimal_in_words(number: Decimal, language: str) -> str:
    """Return a number with its thousands apart and all its digits."""
    return str(format_decimal(number.normalize(), locale=_locale(language), decimal_quantization=False))
