"""Public codes that people read aloud and type: no sign can be taken for another."""

import unicodedata

SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Thirty-two signs: digits and capitals without 0, O, 1 and I."""

CUSTOMER_SIGNS = 10
VOUCHER_SIGNS = 12


def spell(number: int, length: int) -> str:
    """Return ``length`` signs for a random ``number``; five bits a sign, the rest is not used."""
    return "".join(SIGNS[(number >> (5 * nth)) & 31] for nth in range(length))


def read_code(text: str) -> str:
    """Return a code as it is kept, from however a person wrote it: full width, lower case, spaces and dashes."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(sign for sign in folded if sign.isalnum())
