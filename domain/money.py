"""Money: which currencies there are, and how many minor units one whole unit has; pure.

Source: ISO 4217, list one, and docs/adr/0008-money.md.
"""

import re
from decimal import Decimal

_AMOUNT = re.compile(r"[+-]?\d{1,18}(\.\d{1,9})?", re.ASCII)
_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES
KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT
TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
"""
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS = "CLF UYW"

EXPONENTS: dict[str, int] = {
    code: digits
    for digits, codes in enumerate((_NO_DIGITS, "", _TWO_DIGITS, _THREE_DIGITS, _FOUR_DIGITS))
    for code in codes.split()
}
"""How many decimal digits each currency has. TWD has two, though nobody pays in cents: its prices just end in 00."""

MOST_MINOR = 10**12
"""An amount greater than this, in minor units, is a slip of somebody's fingers."""


def is_currency(code: str) -> bool:
    """Return whether ``code`` is a currency's ISO 4217 code, in capitals."""
    return code in EXPONENTS


def minor_per_unit(currency: str) -> int:
    """Return how many minor units one whole unit has: 100 for CNY, 1 for JPY. Raises ``KeyError`` for no currency."""
    return int(10 ** EXPONENTS[currency])


def in_units(minor: int, currency: str) -> Decimal:
    """Return an amount in whole units, with exactly the digits its currency has. Raises ``KeyError``."""
    return Decimal(minor).scaleb(-EXPONENTS[currency])


def read_amount(text: str, currency: str) -> int:
    """Return in minor units an amount written in whole ones, such as ``123.45``. Raises ``ValueError``."""
    digits = EXPONENTS[currency]
    if not _AMOUNT.fullmatch(text.strip()):
        raise ValueError("not an amount; write it in digits with a point, such as 123.45")
    minor = Decimal(text.strip()).scaleb(digits)
    if abs(minor) > MOST_MINOR:
        raise ValueError(f"too great an amount; at most {in_units(MOST_MINOR, currency):f} {currency}")
    if minor != minor.to_integral_value():
        raise ValueError(f"has more digits after the point than {currency} knows, which are {digits}")
    return int(minor)
