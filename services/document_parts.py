"""What documents of surveys and campaigns are written with: keys, texts, spans, and one clear line for each fault."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StrictStr

from domain.languages import LANGUAGES

MOST_DECIMALS = 3
MOST_NUMBER = 10**12
LONGEST = timedelta(days=3660)
"""No span in a document is longer than about ten years."""
_SHORT_KEY = re.compile(r"[a-z][a-z0-9_]{0,23}")
_KEY = re.compile(r"[a-z0-9_]{1,32}")
_EVENT = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_SPAN = re.compile(r"(\d{1,9}) ?([smhdw])", re.ASCII)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
MOST_SEED = 64
_INVISIBLE = frozenset({"Cc", "Cs", "Co", "Cn"})


def shown(value: Any) -> str:
    """Return a value as it may stand in a line: quoted, printable, short."""
    text = "".join(c if c.isprintable() else "?" for c in str(value)[:60])
    return f'"{text[:40]}…"' if len(text) > 40 else f'"{text}"'


def hint(word: Any, among: Sequence[str]) -> str:
    """Return ``; did you mean …?`` or nothing."""
    found = get_close_matches(word.strip().lower(), among, n=1, cutoff=0.6) if isinstance(word, str) else []
    return f"; did you mean {found[0]}?" if found else ""


def short_key_of(value: Any) -> str:
    """Return a key of at most 24 signs that begins with a letter. Raises ``ValueError``."""
    if isinstance(value, str) and _SHORT_KEY.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} is no key; begin with a small letter, then up to 23 of a-z, 0-9 and _")


def _key(value: Any) -> str:
    if isinstance(value, str) and _KEY.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} is no key; write 1 to 32 of a-z, 0-9 and _")


def event_of(value: Any) -> str:
    """Return the name of an event as the API knows it. Raises ``ValueError``."""
    if isinstance(value, str) and _EVENT.fullmatch(value):
        return value
    mend = 'write the name under which the API is told of it, such as "order.delivered"'
    raise ValueError(f"{shown(value)} names no event; {mend}")


def _language(value: str) -> str:
    if value in LANGUAGES:
        return value
    meant = hint(value.replace("-", "_"), [language.lower() for language in LANGUAGES])
    for language in LANGUAGES:
        meant = meant.replace(language.lower(), language)
    raise ValueError(f"unknown language {shown(value)}{meant or '; choose among ' + ', '.join(LANGUAGES)}")


def _text(value: str) -> str:
    text = value.replace("\r\n", "\n").strip()
    if not any(c.isprintable() and not c.isspace() for c in text):
        raise ValueError("is empty; write the text, or leave the language out")
    if any(unicodedata.category(c) in _INVISIBLE and c != "\n" for c in text):
        raise ValueError("has signs that cannot be shown, such as a tab; take them out")
    return text


def number_of(value: Any) -> Decimal:
    """Return a finite number with few digits after the point, exactly as written. Raises ``ValueError``."""
    fault = ValueError("must be a number such as 5 or 0.5, without quotes")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise fault
    number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(str(value))
    if not number.is_finite():
        raise fault
    # Not abs(), which rounds, and cannot do so with 1e999999999.
    if number.copy_abs() > MOST_NUMBER or (number and number.adjusted() < -MOST_DECIMALS):
        raise ValueError(f"must be within a million millions and have at most {MOST_DECIMALS} digits after the point")
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MOST_DECIMALS:
        raise ValueError(f"has more than {MOST_DECIMALS} digits after the point; round it")
    return number.normalize() + 0


def _span(value: Any) -> timedelta:
    match = _SPAN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('not a length of time; write it with its unit, in quotes: "90s", "30m", "2h", "3d" or "2w"')
    if int(match[1]) * timedelta(**{_UNITS[match[2]]: 1}).total_seconds() > LONGEST.total_seconds():
        raise ValueError(f"is longer than {LONGEST.days}d; write a shorter length of time")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _some_span(value: Any) -> timedelta:
    length = _span(value)
    if not length:
        raise ValueError('must be longer than nothing, such as "3d"')
    return length


def span_or_never_of(value: Any) -> timedelta | None:
    """Return a length of time, ``None`` for never. Raises ``ValueError``."""
    if isinstance(value, str) and value.strip().lower() == "never":
        return None
    try:
        return _some_span(value)
    except ValueError as error:
        raise ValueError(f'{error}; "never" leaves it out') from None


def clock_of(value: Any) -> time:
    """Return a time of day, to the minute. Raises ``ValueError``."""
    if isinstance(value, time) and value.tzinfo is None and not value.second and not value.microsecond:
        return value
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError('not a time of day; write hours and minutes in quotes, such as "10:00"')
    return time(int(match[1]), int(match[2]))


def share_of(value: Any) -> Decimal:
    """Return a share above 0 and at most 1. Raises ``ValueError``."""
    share = number_of(value)
    if not 0 < share <= 1:
        raise ValueError("must be a share above 0 and at most 1, such as 0.2 for one in five")
    return share


def seed_of(value: Any) -> str:
    """Return a seed: some letters that choose a sample. Raises ``ValueError``."""
    if isinstance(value, str) and value.isprintable() and len(value) <= MOST_SEED:
        return value
    raise ValueError(f'must be up to {MOST_SEED} letters in quotes, such as "spring"')


Number = Annotated[Decimal, BeforeValidator(number_of)]
Span = Annotated[timedelta, BeforeValidator(_span)]
SomeSpan = Annotated[timedelta, BeforeValidator(_some_span)]
Language = Annotated[StrictStr, AfterValidator(_language)]
WordsPart = dict[Language, Annotated[StrictStr, AfterValidator(_text)]]
Key = Annotated[str, BeforeValidator(_key)]


class Part(BaseModel):
    """A table of the document; it knows its own keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_KINDS = {
    "int": "must be a whole number, without quotes",
    "bool": "must be true or false, without quotes",
    "string": "must be text in quotes",
    "list": "must be a list: [[name]] before each entry, or values in square brackets",
    "dict": 'must be a text for each language, such as { en = "Price", zh_TW = "..." }',
    "model": "must be a section with keys",
}


def line_of(error: Any, model: type[Part], missing: Mapping[str, str]) -> str:
    """Return one of pydantic's findings about ``model`` as ``key: what; mend``.

    ``missing`` says by key how to write what is not there.
    """
    return f"{place_of(error['loc'])}: {_what(error, model, missing)}"


def place_of(loc: Sequence[int | str]) -> str:
    """Return where something stands, such as ``questions #2.kind`` (entries are counted from 1)."""
    place = ""
    for part in loc:
        if isinstance(part, int):
            place += f" #{part + 1}"
        elif part != "[key]":
            name = "".join(c if c.isprintable() else "?" for c in part[:40])
            place += f".{name}" if place else name
    return place or "the file"


def _what(error: Any, model: type[Part], missing: Mapping[str, str]) -> str:
    kind: str = error["type"]
    context = error.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys_at(error["loc"], model)
        name = str(error["loc"][-1])
        return f"unknown key{hint(name, known) or '; known here are ' + ', '.join(known)}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return f"missing; {missing.get(str(error['loc'][-1]), 'write it')}"
    if kind == "enum":
        choices = [part.strip(" '") for part in context["expected"].replace(" or ", ", ").split(",")]
        asked = error["input"]
        given = f"{shown(asked)} " if isinstance(asked, str) else ""
        return f"{given}must be one of {', '.join(choices)}{hint(asked, choices)}"
    return next((text for head, text in _KINDS.items() if kind.startswith(head)), str(error["msg"]))


def _keys_at(loc: Sequence[int | str], whole: type[Part]) -> list[str]:
    """Return the keys known where an unknown one stands."""
    model: Any = whole
    for part in loc[:-1]:
        if isinstance(part, str):
            model = _model_in(model.model_fields[part].annotation)
    return list(model.model_fields)


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner)) is not None), None)
