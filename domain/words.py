"""What people write: made safe to store, cut into search tokens, recognised as thanks."""

import re
import unicodedata

_CJK = (
    r"\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31a0-\u31bf\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"([{_CJK}]+)|([^\W{_CJK}]+)", re.UNICODE)
_PARTICLES = "啊呀哦喔啦了哈吧呢"
_JOINER = "\u200d"
_AS_EMOJI = "\ufe0f"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Return ``text`` with NUL and lone surrogates, which no database keeps, shown as U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def visible(text: str) -> str:
    """Return ``text`` in one line, without control and format characters, which show nothing or turn words around.

    Left is U+200D where it joins two signs of one emoji. What shows nothing at all comes back empty.
    """
    line = " ".join(storable(text).split())
    kept = [
        c
        for before, c, after in zip(" " + line, line, line[1:] + " ", strict=False)
        if unicodedata.category(c) not in ("Cf", "Cc") or (c == _JOINER and _in_emoji(before) and _in_emoji(after))
    ]
    return " ".join("".join(kept).split())


def _in_emoji(sign: str) -> bool:
    return unicodedata.category(sign) in ("So", "Sm", "Sk") or sign == _AS_EMOJI


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def search_tokens(text: str) -> str:
    """Return the space-joined tokens under which ``text`` is found again.

    Runs of Chinese, Japanese or Korean letters become overlapping pairs and their last letter alone; other
    words stand as they are, casefolded (NFKC).
    """
    tokens: list[str] = []
    for cjk, word in _RUN.findall(_folded(text)):
        if cjk:
            tokens += [cjk[i : i + 2] for i in range(len(cjk))]
        else:
            tokens.append(word)
    return " ".join(tokens)


def query_phrases(query: str) -> list[tuple[str, bool]]:
    """Return a search as ``(phrase, is_prefix)`` pairs that must all be found.

    A Chinese run of two or more letters is the phrase of its pairs; a single letter is a prefix, so that it is
    found at the head of any pair. Words separated by space are separate phrases.
    """
    phrases: list[tuple[str, bool]] = []
    for cjk, word in _RUN.findall(_folded(query)):
        if not cjk:
            phrases.append((word, False))
        elif len(cjk) == 1:
            phrases.append((cjk, True))
        else:
            phrases.append((" ".join(cjk[i : i + 2] for i in range(len(cjk) - 1)), False))
    return phrases


def bare(text: str) -> str:
    """Return ``text`` casefolded, without punctuation, emoji, spaces and tone particles at its end."""
    folded = "".join(c for c in _folded(text) if unicodedata.category(c)[0] in "LN")
    return folded.rstrip(_PARTICLES)


def says_only(text: str, phrases: frozenset[str]) -> bool:
    """Return whether ``text`` is made of nothing but the given (``bare``) phrases, such as thanks and consent."""
    rest = bare(text)
    reached = {0}
    for start in range(len(rest)):
        if start in reached:
            reached.update(start + len(phrase) for phrase in phrases if rest.startswith(phrase, start))
            if start and rest[start] in _PARTICLES:
                reached.add(start + 1)
    return bool(rest) and len(rest) in reached


_AGREEING = frozenset("👍👌🙏🎉❤💯😊🙂😀😄😁🥰😍🤝✅♥💪👏🌹💐")


def says_thanks(text: str, phrases: frozenset[str]) -> bool:
    """Return whether ``text`` is made of nothing but the given (``bare``) phrases, or of agreeing signs such as 👍."""
    signs = {c for c in text if unicodedata.category(c) in ("So", "Sm")}
    if not bare(text):
        return bool(signs) and signs <= _AGREEING
    return says_only(text, phrases)
