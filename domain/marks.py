"""Marks by which staff keep words to themselves, and words that merely look as if they were meant so."""

import re
import unicodedata
from enum import Enum, auto

_NOTE = re.compile(r"/(/|note(@\w+)?(?=\s|$))")
"""``//`` and ``/note``, the latter also where Telegram sees no command: in a caption, or typed full-width."""
_SIGNS = frozenset("/\\#!、@")


_UNSEEN = " \t\r\n\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


class Meaning(Enum):
    """What the head of a staff member's words says about who may read them."""

    PLAIN = auto()
    NOTE = auto()
    DOUBTFUL = auto()


def meaning_of(text: str, note_words: frozenset[str]) -> Meaning:
    """Return whether ``text`` is a note by its mark, may have been meant as one, or is plain.

    ``note_words`` are casefolded words without signs, such as ``internal``. Full-width signs count as their plain
    forms; brackets, emoji and invisible signs before the first word do not hide it.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Cc") or c == "\n").strip()
    if _NOTE.match(visible):
        return Meaning.NOTE
    if visible[:1] in _SIGNS or any(_begins_with(visible, word) for word in note_words):
        return Meaning.DOUBTFUL
    return Meaning.PLAIN


def without_mark(text: str) -> str:
    """Return the words of a note without the mark they begin with."""
    head = text.lstrip(_UNSEEN)
    for end in range(2, len(head) + 1):  # folding may change lengths, so the mark is sought letter by letter
        mark = unicodedata.normalize("NFKC", head[:end]).casefold()
        if mark == "//" or (_NOTE.fullmatch(mark) and not head[end : end + 1].strip()):
            return head[end:].lstrip("/／").strip()
    return head.strip()


def _begins_with(text: str, word: str) -> bool:
    """Return whether the letters of ``text`` begin with ``word``, as a word of its own in spaced scripts."""
    matched = 0
    for position, char in enumerate(text):
        if unicodedata.category(char)[0] not in "LN":
            continue
        if char != word[matched]:
            return False
        matched += 1
        if matched == len(word):
            following = text[position + 1 : position + 2]
            return not word.isascii() or not following.isalnum()
    return False
