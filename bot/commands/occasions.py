"""``carebot occasions``: the days of a year that campaigns can hang on."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.clock import Clock
from bot.commands.common import printable, say_error
from bot.settings_file import has_settings, load_settings
from domain.campaigns.holidays import FIRST_YEAR, LAST_YEAR, REGIONS, Kept, occasions_of
from domain.errors import BadInput
from domain.languages import LANGUAGES, language_of
from domain.lunar import lunar_day_of
from domain.rules import Rules
from texts import Texts
from texts.lunar import lunar_in_words

_REGION = re.compile(r"[A-Z]{2}", re.ASCII)
_BABEL = {"en": "en", "zh_CN": "zh_Hans_CN", "zh_TW": "zh_Hant_TW"}
_WIDEST = 200


def show(file: Path | None, year: int | None, region: str | None, language: str) -> None:
    """Print the holidays of a year in a region by month, in a language."""
    rules = load_settings(file).rules() if has_settings(file) else Rules()
    region = (rules.campaigns.region if region is None else region).strip().upper()
    year = Clock().now().astimezone(rules.zone).year if year is None else year
    _check(year, region)
    for line in _lines(occasions_of(year, region), Texts(LANGUAGES), _language(language)):
        print(line)
    if region not in REGIONS:
        known = ", ".join(REGIONS)
        say_error(f"carebot: no days of {region}'s own are known, these are the world's; known are those of {known}")


def _check(year: int, region: str) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise BadInput(f"--year: {year} is not known; choose from {FIRST_YEAR} to {LAST_YEAR}")
    if not _REGION.fullmatch(region):
        shown = printable(region[:20])
        raise BadInput(f"--region: {shown!r} is no region; write two letters as ISO 3166 has them, such as CN")


def _language(written: str) -> str:
    named = language_of(written.strip())
    if named.partition("_")[0] != written.strip().lower()[:2]:
        shown = printable(written[:20])
        raise BadInput(f"--language: unknown language {shown!r}; choose among {', '.join(LANGUAGES)}")
    return named


def _lines(kept: Sequence[Kept], texts: Texts, language: str) -> list[str]:
    """Return the days under the names of their months, in columns that stand below each other all year."""
    locale = Locale.parse(_BABEL[language])
    table = Table(box=None, show_header=False, pad_edge=False)
    heads = []
    for first, days in groupby(kept, key=lambda one: one.on.replace(day=1)):
        heads.append(format_skeleton("yMMMM", first, locale=locale))
        table.add_row("")
        for one in days:
            table.add_row(*(Text(cell) for cell in _cells(one, texts, language, locale)))
    console = Console(width=_WIDEST)
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    return [line or heads.pop(0) for line in lines]


def _cells(one: Kept, texts: Texts, language: str, locale: Locale) -> Iterator[str]:
    marks = [name for name, said in (("public", one.public), ("solemn", one.solemn)) if said]
    yield f"  {one.on.isoformat()}"
    yield format_date(one.on, "EEE", locale=locale)
    yield texts.button(f"occasion.{one.key}", language)
    yield lunar_in_words(lunar_day_of(one.on), texts, language)
    yield " · ".join(texts.button(f"occasions.mark.{mark}", language) for mark in marks)
    yield one.key
