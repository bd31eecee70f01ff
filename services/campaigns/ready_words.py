"""What a campaign says: chosen from what is ready, or written by people as they write, with names to be inserted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from html import escape

from domain.campaigns import Campaign, OccasionKind, Variant, When
from domain.languages import LANGUAGES
from domain.surveys import Words
from services.campaigns.document import ONLY, read_toml
from services.campaigns.plain_words import INSERTS, insert_words, title_words
from services.work import Work
from texts.campaigns import shipped_campaign_files

_INSERT = re.compile(r"[\[［【]([^\[\]［］【】\n]{1,24})[\]］】]")
_HAN_AFTER = re.compile(r" ?(?=[\u3400-\u4dbf\u4e00-\u9fff])")
_GENERIC = {
    OccasionKind.BIRTHDAY: ("greeting", "thanks"),
    OccasionKind.ANNIVERSARY: ("thanks", "greeting"),
    OccasionKind.HOLIDAY: ("greeting", "thanks"),
    OccasionKind.DATE: ("news", "offer", "thanks"),
    OccasionKind.EVERY: ("news", "offer", "thanks"),
    OccasionKind.SILENCE: ("missed", "offer"),
    OccasionKind.JOINED: ("welcome",),
    OccasionKind.PURCHASE: ("how_is_it", "thanks"),
    OccasionKind.CASE: ("settled", "thanks"),
    OccasionKind.TIER_UP: ("tier", "thanks"),
    OccasionKind.POINTS_EXPIRING: ("points", "thanks"),
}
_CHEERLESS = ("quiet",)


@dataclass(frozen=True, slots=True)
class Ready:
    """Words that are there already: their code in a button, what they are called, and the messages themselves."""

    code: str
    label: str
    variants: tuple[Variant, ...]
    fallbacks: tuple[tuple[str, Words], ...] = ()


@cache
def _shipped() -> tuple[Campaign, ...]:
    return tuple(read_toml(text, name=name).campaign() for name, text in shipped_campaign_files())


def ready_for(work: Work, when: When, language: str, *, solemn: bool = False) -> list[Ready]:
    """Return what is ready for an occasion, the best first; it is never empty."""
    fitting = [one for one in _shipped() if _fits(one.when, when)]
    found = [
        Ready(f"c.{one.key}", title_words(work, one, language), one.variants, tuple(one.fallbacks.items()))
        for one in fitting
    ]
    names = _CHEERLESS if solemn else _GENERIC.get(when.kind, ("thanks", "greeting"))
    return [*found, *(_generic(work, name, language) for name in names)]


def _fits(one: When, when: When) -> bool:
    return (one.kind, one.holiday, one.invitation) == (when.kind, when.holiday, when.invitation)


def _generic(work: Work, name: str, language: str) -> Ready:
    text = {one: to_template(work, work.texts.button(f"campaign_staff.ready.{name}", one)) for one in LANGUAGES}
    label = work.texts.button(f"campaign_staff.ready_name.{name}", language)
    return Ready(f"g.{name}", label, (Variant(ONLY, text),))


def with_ready(campaign: Campaign, ready: Ready) -> Campaign:
    """Return a campaign that says what is ready."""
    return replace(campaign, variants=ready.variants, fallbacks={**campaign.fallbacks, **dict(ready.fallbacks)})


def written(campaign: Campaign, template: str, languages: Sequence[str]) -> Campaign:
    """Return a campaign with words of somebody's own in these languages; then it says one thing only."""
    first = campaign.variants[0]
    text = {**first.text, **dict.fromkeys(languages, template)}
    return replace(campaign, variants=(replace(first, key=ONLY, weight=1, text=text),))


def with_name_first(work: Work, campaign: Campaign) -> Campaign:
    """Return a campaign whose words begin with the person's name in every language where they do not name them."""
    only = campaign.variants[0]
    text = {language: _named_first(work, words, language) for language, words in only.text.items()}
    return replace(campaign, variants=(replace(only, text=text), *campaign.variants[1:]))


def _named_first(work: Work, words: str, language: str) -> str:
    if names_person(words):
        return words
    head = to_template(work, work.texts.button("campaign_staff.name_first", language))
    return f"{head}{' ' if head.isascii() else ''}{words}"


def names_person(template: str) -> bool:
    """Return whether words have the person's name in them."""
    return re.search(r"\{\{-?\s*name\b", template) is not None


def to_template(work: Work, words: str) -> str:
    """Return words as somebody wrote them as a template: "[name]", in any language, stands for the person's name.

    Everything else means what it says, however much it looks like a template or like HTML.
    """
    known = {
        insert_words(work, name, language).casefold(): name for language in LANGUAGES for name in reversed(INSERTS)
    } | {name: name for name in INSERTS}
    parts, end = [], 0
    for found in _INSERT.finditer(words):
        name = known.get(found[1].strip().casefold())
        if name is None:
            continue
        han = _HAN_AFTER.match(words, found.end())
        parts += [_literal(words[end : found.start()]), f"{{{{ {name}{' | before_han' if han else ''} }}}}"]
        end = han.end() if han else found.end()
    return "".join([*parts, _literal(words[end:])]).strip()


def _literal(words: str) -> str:
    """Return words in which neither Telegram nor the template reads anything but themselves."""
    return escape(words, quote=False).replace("{", "&#123;").replace("}", "&#125;")
