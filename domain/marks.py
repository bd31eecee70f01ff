"""Marks by which staff keep words to themselves, and words that merely look as if they were meant so."""

import re
import unicodedata
from enum import Enum, auto

_NOTE = re.compile(r"/(/|note(@\w+)?(?=\s|$))")
"""``//`` and ``/note``, the latter also where Telegram sees no command: in a caption, or typed full-width."""
_SIGNS = frozenset("/\\#!、@")
_SLASHES = frozenset("/\\⁄∕⧵⧸╱╲、")
_FACES = frozenset(":;=")
"""Before a slash they make a face, such as ``:/``."""
_LABEL = re.compile(r"[^\W_]{3,16}(?=\s?:)")
_NEAR_HEAD = 5
"""Two slashes among so many signs at the head are a mark behind a slip; a link has its slashes further on."""

_UNSEEN = " \t\r\n\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


class Meaning(Enum):
    """What the head of a staff member's words says about who may read them."""

    PLAIN = auto()
    NOTE = auto()
    DOUBTFUL = auto()


def meaning_of(text: str, note_words: frozenset[str]) -> Meaning:
    """Return whether ``text`` is a note by its mark, may have been meant as one, or is plain.

    ``note_words`` are casefolded words without signs, such as ``internal``. Full-width signs count as their plain
    forms; brackets, emoji and invisible signs before the first word or slash do not hide it. A label that is one slip
    away from a word for notes (``notte:``) may have been meant as one, too.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = "".join(c for c in folded if unicodedata.category(c) not in ("Cf", "Cc") or c == "\n").strip()
    if _NOTE.match(visible):
        return Meaning.NOTE
    if visible[:1] in _SIGNS or _begins_with_slash(visible) or "//" in visible[:_NEAR_HEAD]:
        return Meaning.DOUBTFUL
    if any(_begins_with(visible, word) for word in note_words) or _is_slip(visible, note_words):
        return Meaning.DOUBTFUL
    return Meaning.PLAIN


def _begins_with_slash(text: str) -> bool:
    """Return whether a slash of any kind stands before the first letter, but not in a face such as ``:/``."""
    before = ""
    for char in text:
        if char in _SLASHES:
            return before not in _FACES or not before
        if unicodedata.category(char)[0] in "LN":
            return False
        before = char
    return False


def _is_slip(text: str, words: frozenset[str]) -> bool:
    """Return whether ``text`` begins with a label such as ``notte:`` that is one slip away from a word for notes."""
    label = _LABEL.match(text)
    return label is not None and any(_one_slip(label[0], word) for word in words if word.isascii() and len(word) > 3)


def _one_slip(typed: str, word: str) -> bool:
    """Return whether one letter more, less, other or swapped with its neighbour makes ``typed`` of ``word``."""
    if abs(len(typed) - len(word)) > 1:
        return False
    same = 0
    while same < min(len(typed), len(word)) and typed[same] == word[same]:
        same += 1
    rest, meant = typed[same:], word[same:]
    if len(typed) == len(word):
        swapped = rest[:2] == meant[1::-1] and len(meant) > 1
        return rest[1:] == meant[1:] or (swapped and rest[2:] == meant[2:])
    return rest[1:] == meant if len(typed) > len(word) else rest == meant[1:]


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
