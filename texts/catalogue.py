"""Texts by key and language, from the gettext catalogues in ``locale/``; values are escaped for Telegram HTML."""

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from domain.words import bare

_ROOT = Path(__file__).parent
_TAG = re.compile(r"<[^>]+>")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_AFTER_HAN = re.compile(rf"(?<=[{_HAN}]) ?((?:<\w+>)*)\{{(\w+)\}}")
_BEFORE_HAN = re.compile(rf"\{{(\w+)\}}((?:</\w+>)*) ?(?=[{_HAN}])")

Template = tuple[tuple[str, ...], Callable[[int], int]]
"""The forms of one text (one, or one a plural form) and the choice among them."""


@cache
def _load(language: str) -> dict[str, Template]:
    """Read all catalogues of a language; a later file never changes a key of an earlier one."""
    found: dict[str, Template] = {}
    for path in sorted((_ROOT / "locale" / language).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
        choose = _plural_choice(catalogue)
        for message in catalogue:
            if not message.id:
                continue
            key = message.id if isinstance(message.id, str) else message.id[0]
            if key in found:
                raise ValueError(f"{path.name}: the text {key} is defined twice")
            forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            found[key] = (forms, choose)
    return found


def _plural_choice(catalogue: Catalog) -> Callable[[int], int]:
    forms = catalogue.num_plurals
    return (lambda count: 0 if count == 1 else 1) if forms > 1 else (lambda _count: 0)


@cache
def read_phrases(name: str) -> frozenset[str]:
    """Return a list of phrases people use, in all languages together, made ``bare``."""
    lines = (_ROOT / "phrases" / f"{name}.txt").read_text("utf-8").splitlines()
    return frozenset(bare(line) for line in lines if line.strip() and not line.startswith("#"))


@cache
def _templates() -> ImmutableSandboxedEnvironment:
    sources = {
        f"{path.parent.name}/{path.stem}": path.read_text("utf-8").strip()
        for path in sorted((_ROOT / "templates").glob("*/*.j2"))
    }
    environment = ImmutableSandboxedEnvironment(loader=DictLoader(sources), undefined=StrictUndefined, autoescape=True)
    environment.filters["before_han"] = before_han
    return environment


def _gap(neighbour: str) -> str:
    """Return what stands between a Chinese letter and ``neighbour``: a space if that is a Latin letter or a digit."""
    return " " if neighbour.isascii() and neighbour.isalnum() else ""


def _spaced(text: str, values: dict[str, Any]) -> str:
    """Return ``text`` with the gaps between its Chinese words and its placeholders as the values want them."""

    def value(name: str) -> str:
        return plain(str(values.get(name, "")))

    text = _AFTER_HAN.sub(lambda found: f"{_gap(value(found[2])[:1])}{found[1]}{{{found[2]}}}", text)
    return _BEFORE_HAN.sub(lambda found: f"{{{found[1]}}}{found[2]}{_gap(value(found[1])[-1:])}", text)


def before_han(value: object) -> str:
    """The filter ``before_han``: a value and the gap that a Chinese letter after it wants."""
    return f"{value}{_gap(str(value)[-1:])}"


def plain(text: str) -> str:
    """Return Telegram HTML as the words a person reads."""
    return html.unescape(_TAG.sub("", text))


class Texts:
    """What the bot says. One object serves every language."""

    def __init__(self, languages: tuple[str, ...] = LANGUAGES) -> None:
        self.languages = languages
        self._catalogues = {language: _load(language) for language in {*languages, DEFAULT_LANGUAGE}}

    def say(self, key: str, language: str, **values: Any) -> str:
        """Return the text under ``key`` as Telegram HTML, with ``values`` escaped in it.

        ``count`` chooses the plural form. Between Chinese and a value that is Latin or a number stands a space,
        whether or not the catalogue has it there; between Chinese and Chinese none. A language without the text
        falls back to English. Raises ``KeyError`` for a key no language has.
        """
        catalogue = self._catalogues.get(language) or self._catalogues[DEFAULT_LANGUAGE]
        forms, choose = catalogue.get(key) or self._catalogues[DEFAULT_LANGUAGE][key]
        text = forms[choose(values["count"])] if len(forms) > 1 else forms[0]
        if not values:
            return text
        return _spaced(text, values).format_map({name: escape(value) for name, value in values.items()})

    def button(self, key: str, language: str, **values: Any) -> str:
        """Return the text under ``key`` as the plain words of a button."""
        return plain(self.say(key, language, **values))

    def render(self, template: str, language: str, **values: Any) -> str:
        """Return a campaign's message template filled in, as Telegram HTML.

        Raises ``jinja2.UndefinedError`` for a variable that is not given.
        """
        chosen = language if language in self._catalogues else DEFAULT_LANGUAGE
        return _templates().get_template(f"{chosen}/{template}").render(values)

    def all_forms(self, key: str) -> frozenset[str]:
        """Return how a button reads in every language, to recognise it when it is pressed."""
        return frozenset(self.button(key, language) for language in self._catalogues)

    def phrases(self, name: str) -> frozenset[str]:
        """Return a list of phrases people use, in all languages together, made ``bare``."""
        return read_phrases(name)

    def moment(self, at: datetime, language: str, *, zone: ZoneInfo, now: datetime) -> str:
        """Return an instant as people say it in ``zone``: "today 14:30", "Mon 14:30", "Mon 3 Aug 14:30"."""
        local, today = at.astimezone(zone), now.astimezone(zone).date()
        locale = Locale.parse(_babel_code(language))
        clock = format_time(local, "HH:mm", locale=locale)
        days = (local.date() - today).days
        if days in (0, 1):
            return self.button(("moment.today", "moment.tomorrow")[days], language, clock=clock)
        if 1 < days < 7:
            return f"{format_date(local, 'EEE', locale=locale)} {clock}"
        pattern = "EEE d MMM" if language == "en" else "M月d日 EEE"
        return f"{format_date(local, pattern, locale=locale)} {clock}"

    def span(self, length: timedelta, language: str) -> str:
        """Return a span as whole days or hours in words."""
        hours = int(length.total_seconds() // 3600)
        return (
            self.button("span.days", language, count=hours // 24)
            if hours >= 24
            else self.button("span.hours", language, count=hours)
        )


def _babel_code(language: str) -> str:
    return {"zh_CN": "zh_Hans_CN", "zh_TW": "zh_Hant_TW"}.get(language, language)


def safe(html_text: str) -> Markup:
    """Mark text that already is Telegram HTML, so that it is not escaped a second time."""
    return Markup(html_text)
