"""Folding: words that people take for the same become the same letters, so that one can be looked for in another."""

import unicodedata
from functools import cache

import opencc

_HAN = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))


@cache
def _simplified() -> dict[int, str]:
    """Return the simplified form of every traditional letter; letter by letter, so that parts of words fold alike."""
    letters = [chr(code) for first, end in _HAN for code in range(first, end)]
    forms = opencc.OpenCC("t2s").convert("\n".join(letters)).split("\n")
    return {ord(letter): form for letter, form in zip(letters, forms, strict=True) if letter != form}


def fold(text: str) -> str:
    """Return ``text`` without the difference of width, of case, of 繁 and 简, and of how much space stands between."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(plain.translate(_simplified()).split())
