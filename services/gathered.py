"""What was said, read together as it stands now: the newest version of each message, in order."""

import re
from collections.abc import Sequence

from domain.interactions import Interaction

_SUMMARY_LETTERS = 2000
_COMMAND = re.compile(r"\A\s*/[a-z]+(@\w+)?(?=\s|\Z)")


def newest_versions(said: Sequence[Interaction]) -> list[Interaction]:
    """Return the newest version of each message in the place of its first."""
    newest: dict[int, Interaction] = {}
    for one in said:
        newest[one.version_of or one.id] = one
    return list(newest.values())


def in_words(said: Sequence[Interaction], *, between: str = " / ", limit: int = _SUMMARY_LETTERS) -> str:
    """Return the words of what was said, as they read now, cut to at most ``limit`` letters.

    A command with which somebody began is none of their words.
    """
    texts = (_COMMAND.sub("", one.content.text).strip() for one in newest_versions(said))
    return shortened(between.join(text for text in texts if text), limit)


def shortened(text: str, limit: int) -> str:
    """Return ``text``, cut with an ellipsis to at most ``limit`` letters."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
