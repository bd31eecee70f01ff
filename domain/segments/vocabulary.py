"""The fields a segment may ask for, and what each is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.languages import LANGUAGES
from domain.loyalty import DEFAULT_TIERS, CustomField, FieldKind
from domain.money import EXPONENTS
from domain.people import ConsentClass
from domain.records import LostReason
from domain.rules import Rules
from domain.segments.tree import Field, Op


class Kind(StrEnum):
    """What a field is."""

    TEXT = "text"
    CHOICE = "choice"
    LEVEL = "level"
    TAG = "tag"
    NUMBER = "number"
    COUNT = "count"
    MONEY = "money"
    INSTANT = "instant"
    DAY = "day"
    BIRTHDAY = "birthday"
    FLAG = "flag"


_SAME = (Op.EQ, Op.NE)
COMPARED: dict[Kind, tuple[Op, ...]] = {
    Kind.TEXT: _SAME,
    Kind.CHOICE: _SAME,
    Kind.LEVEL: tuple(Op),
    Kind.TAG: (Op.EQ,),
    Kind.NUMBER: tuple(Op),
    Kind.COUNT: tuple(Op),
    Kind.MONEY: tuple(Op),
    Kind.INSTANT: tuple(Op),
    Kind.DAY: tuple(Op),
    Kind.BIRTHDAY: (),
    Kind.FLAG: (),
}
"""The comparisons each kind knows."""

LISTED = frozenset({Kind.TEXT, Kind.CHOICE, Kind.LEVEL, Kind.TAG, Kind.NUMBER, Kind.COUNT})
"""Kinds that may be one of several values."""
WINDOWED = frozenset({"spent", "purchases", "complaints"})
"""Fields that may be asked for within a span back from now."""
ALIASES = {"tags": "tag", "birthdate": "birthday", "bought": "purchases", "contacted": "last_contacted"}

FIELDS: dict[str, Kind] = {
    "name": Kind.TEXT,
    "phone": Kind.TEXT,
    "language": Kind.CHOICE,
    "zone": Kind.TEXT,
    "branch": Kind.TEXT,
    "source": Kind.TEXT,
    "owner": Kind.TEXT,
    "tag": Kind.TAG,
    "tier": Kind.LEVEL,
    "points": Kind.NUMBER,
    "spent": Kind.MONEY,
    "purchases": Kind.COUNT,
    "complaints": Kind.COUNT,
    "first_purchase": Kind.INSTANT,
    "last_purchase": Kind.INSTANT,
    "last_heard": Kind.INSTANT,
    "last_contacted": Kind.INSTANT,
    "joined": Kind.INSTANT,
    "birthday": Kind.BIRTHDAY,
    "age": Kind.NUMBER,
    "score": Kind.NUMBER,
    "open_case": Kind.FLAG,
    "reachable": Kind.FLAG,
    "voucher": Kind.FLAG,
    "referred": Kind.FLAG,
    "lost": Kind.FLAG,
    "lost_reason": Kind.CHOICE,
}
"""Every field without parts; ``consent.CLASS``, ``custom.FIELD`` and ``birthday.month`` are asked for by part."""

_OF_CUSTOM = {
    FieldKind.TEXT: Kind.TEXT,
    FieldKind.NUMBER: Kind.NUMBER,
    FieldKind.DATE: Kind.DAY,
    FieldKind.YES_NO: Kind.FLAG,
    FieldKind.CHOICE: Kind.CHOICE,
}
_FRACTIONS = 6


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What this business's expressions may name: its tiers (lowest first), languages, currency and own fields."""

    tiers: tuple[str, ...] = tuple(tier.key for tier in DEFAULT_TIERS)
    languages: tuple[str, ...] = LANGUAGES
    currency: str = "CNY"
    custom: Mapping[str, CustomField] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Rules) -> "Vocabulary":
        """Return the vocabulary of a business's rules."""
        return cls(
            tuple(tier.key for tier in rules.loyalty.tiering.tiers),
            rules.languages,
            rules.loyalty.currency,
            {one.key: one for one in rules.record.fields},
        )

    def parts(self, name: str) -> tuple[str, ...]:
        """Return the parts of a field by which it may or must be asked for."""
        if name == "consent":
            return tuple(kind.value for kind in ConsentClass)
        if name == "custom":
            return tuple(self.custom)
        return ("month",) if name == "birthday" else ()

    def kind(self, asked: Field) -> Kind:
        """Return what a field is. Raises ``KeyError`` for one that is not there."""
        if asked.key is None:
            return FIELDS[asked.name]
        if asked.name == "consent":
            return Kind.FLAG
        if asked.name == "birthday":
            return Kind.NUMBER
        return _OF_CUSTOM[self.custom[asked.key].kind]

    def choices(self, asked: Field) -> tuple[str, ...]:
        """Return all the values a choice may have."""
        if asked.name == "custom" and asked.key is not None:
            return self.custom[asked.key].choices
        if asked.name == "lost_reason":
            return tuple(reason.value for reason in LostReason)
        return self.tiers if asked.name == "tier" else self.languages

    def fractions(self, asked: Field) -> int:
        """Return how many digits after the point a number of this field may have."""
        if self.kind(asked) is Kind.MONEY:
            return EXPONENTS[self.currency]
        return _FRACTIONS if asked.name == "custom" else 0

    def names(self) -> list[str]:
        """Return every way to name a field."""
        parts = (f"{name}.{part}" for name in ("consent", "custom", "birthday") for part in self.parts(name))
        return [*FIELDS, *parts]
