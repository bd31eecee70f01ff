"""A year of a shop, made up from a seed: its people, what they do, its campaigns, and when the program looks."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

EPOCH = datetime(2026, 6, 1, tzinfo=UTC)
SHOP_ZONE = "Asia/Shanghai"
ZONES = (
    *(
        None,
        SHOP_ZONE,
        "Asia/Taipei",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Pacific/Kiritimati",
    ),
    *("Europe/London", "Africa/Casablanca", "America/New_York", "America/St_Johns", "America/Los_Angeles"),
)
"""Where people live; ``None``: nobody knows, so it is the shop's."""

ALMANAC: dict[str, tuple[date, ...]] = {
    "dragon_boat": (date(2026, 6, 19), date(2027, 6, 9)),
    "qixi": (date(2026, 8, 19), date(2027, 8, 8)),
    "teachers_day": (date(2026, 9, 10), date(2027, 9, 10)),
    "mid_autumn": (date(2026, 9, 25), date(2027, 9, 15)),
    "national_day": (date(2026, 10, 1), date(2027, 10, 1)),
    "double_ninth": (date(2026, 10, 18), date(2027, 10, 8)),
    "singles_day": (date(2026, 11, 11),),
    "winter_solstice": (date(2026, 12, 22),),
    "christmas": (date(2026, 12, 25),),
    "new_year": (date(2027, 1, 1),),
    "laba": (date(2027, 1, 15),),
    "spring_festival": (date(2027, 2, 6),),
    "lantern": (date(2027, 2, 20),),
    "womens_day": (date(2027, 3, 8),),
    "qingming": (date(2027, 4, 5),),
    "labour_day": (date(2027, 5, 1),),
    "mothers_day": (date(2027, 5, 9),),
    "childrens_day": (date(2026, 6, 1), date(2027, 6, 1)),
    "fathers_day": (date(2026, 6, 21), date(2027, 6, 20)),
}
"""On which days these are kept in mainland China; written down from a printed calendar."""


@dataclass(slots=True)
class Care:
    """One campaign. ``kind`` is what it hangs on; times are local, spans in minutes; it runs within ``spells``."""

    key: str
    kind: str
    priority: int
    at: time | None = None
    holiday: str | None = None
    on: date | None = None
    day: int = 1
    lead: int = 0
    after: int = 0
    late: int = 720
    jitter: int = 0
    holdout: int = 0
    variants: tuple[tuple[str, int], ...] = (("a", 1),)
    weekdays: tuple[int, ...] = ()
    language: str | None = None
    consent: str = "care"
    launched: int = 0
    pauses: tuple[tuple[int, int], ...] = ()
    cancelled: int | None = None
    launched_look: int = 0


@dataclass(slots=True)
class Guest:
    """One customer; ``deeds`` are ``(minute, what, value)`` in order."""

    id: int
    zone: str | None
    language: str
    joined: int
    birth: tuple[str, int, int] | None
    care: bool | None
    offers: bool | None
    deeds: list[tuple[int, str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that happens; ``ticks`` are the minutes in which the program looks at the clock."""

    seed: int
    guests: tuple[Guest, ...]
    campaigns: tuple[Care, ...]
    ticks: tuple[int, ...]


def instant_of(minute: int) -> datetime:
    """Return the instant of a minute since ``EPOCH``."""
    return EPOCH + timedelta(minutes=minute)


def make_world(seed: int, *, guests: int, days: int, campaigns: int) -> World:
    """Make up a year, or some weeks of one."""
    chance = Random(seed)
    chosen = _campaigns(chance, days, campaigns)
    ticks = _ticks(chance, days)
    for one in chosen:  # people start, pause and cancel just before a look
        one.launched_look = one.launched = _look(ticks, one.launched)
        one.pauses = tuple((_look(ticks, begin), _look(ticks, end)) for begin, end in one.pauses)
        one.cancelled = _look(ticks, one.cancelled) if one.cancelled is not None else None
    topics = [one.holiday or one.key for one in chosen if one.kind in ("holiday", "birthday")]
    people = tuple(_guest(chance, number, days, topics) for number in range(1, guests + 1))
    return World(seed, people, chosen, ticks)


def _look(ticks: tuple[int, ...], minute: int) -> int:
    """Return the first look at the clock from a minute on, else the last one."""
    return next((tick for tick in ticks if tick >= minute), ticks[-1])


def _ticks(chance: Random, days: int) -> tuple[int, ...]:
    """Return when the program looks: some times a day, and twice in the year not for days."""
    found, minute = [], 0
    outages = {days // 3: 3, days // 2: 9} if days > 60 else {days // 2: 2}
    while minute < days * 1440:
        found.append(minute)
        minute += chance.randint(45, 400)
        if (gap := outages.pop(minute // 1440, None)) is not None:
            minute += gap * 1440
    return tuple(found)


def _guest(chance: Random, number: int, days: int, topics: list[str]) -> Guest:
    joined = -chance.randint(1, 700_000) if chance.random() < 0.8 else chance.randint(0, days * 1440)
    guest = Guest(
        id=number,
        zone=chance.choice(ZONES),
        language=chance.choice(("en", "zh_CN", "zh_TW")),
        joined=joined,
        birth=_birth(chance),
        care=chance.choices((True, False, None), (8, 1, 1))[0],
        offers=chance.choices((True, False, None), (6, 2, 2))[0],
    )
    begin = max(joined, 0)

    def moment() -> int:
        return chance.randint(begin, days * 1440)

    for _ in range(chance.choice((0, 0, 1, 2))):
        guest.deeds.append((moment(), "buys", None))
    if chance.random() < 0.15:
        guest.deeds.append((moment(), "consent", (chance.choice(("care", "offers")), chance.random() < 0.5, None)))
    if chance.random() < 0.1:
        at = moment()
        kind = chance.choice(("care", "offers"))
        guest.deeds.append((at, "consent", (kind, False, at + chance.randint(60, 20 * 1440))))
    if chance.random() < 0.1 and topics:
        guest.deeds.append((moment(), "opts_out", chance.choice(topics)))
    if chance.random() < 0.15:
        at = moment()
        guest.deeds += [(at, "complains", None), (at + chance.randint(30, 6 * 1440), "is_content", None)]
    if chance.random() < 0.05:
        guest.deeds.append((moment(), "moves", chance.choice(ZONES)))
    if chance.random() < 0.05:
        guest.deeds.append((moment(), "corrects", _birth(chance)))
    if chance.random() < 0.04:
        at = moment()
        guest.deeds += [(at, "blocks", None), (at + chance.randint(60, 30 * 1440), "unblocks", None)]
    guest.deeds.sort(key=lambda deed: deed[0])
    return guest


def _birth(chance: Random) -> tuple[str, int, int] | None:
    """Return a birthday, more often than not one at an edge of its calendar."""
    if chance.random() < 0.1:
        return None
    if chance.random() < 0.3:
        return "lunar", chance.randint(1, 12), chance.choice((1, 15, 29, 30, chance.randint(1, 30)))
    edge = chance.choice((None, None, None, (2, 29), (12, 31), (1, 1)))
    return ("solar", *edge) if edge else ("solar", chance.randint(1, 12), chance.randint(1, 28))


def _campaigns(chance: Random, days: int, most: int) -> tuple[Care, ...]:
    found = [
        Care("birthday_wish", "birthday", 9, at=time(9)),
        Care("birthday_tea", "birthday", 3, at=time(9, 30), lead=2, consent="offers"),
        Care("welcome", "joined", 4, after=90, late=1440),
        Care("how_is_it", "purchase", 5, at=time(17, 5), after=3 * 1440, late=1440, weekdays=(2, 3, 4, 5, 6)),
        Care("monthly", "every", 2, at=time(11, 10), day=31, consent="offers", language="zh_TW", holdout=100),
        Care("cron", "cron", 1, at=time(20, 40), jitter=90, late=600, variants=(("a", 1), ("b", 2), ("c", 1))),
    ]
    for nth, holiday in enumerate(ALMANAC):
        found.append(
            Care(
                f"h_{holiday}",
                "holiday",
                6,
                at=time(chance.choice((0, 7, 8, 10, 12, 20)), nth),
                holiday=holiday,
                lead=chance.choice((0, 0, 0, 1, 3)),
                late=chance.choice((360, 720, 2880)),
                holdout=chance.choice((0, 0, 100)),
            )
        )
    for nth in range(max(0, most - len(found))):
        on = (EPOCH + timedelta(days=chance.randint(2, max(3, days - 3)))).date()
        found.append(
            Care(
                f"news_{nth}",
                "date",
                chance.randint(0, 8),
                at=time(chance.randint(0, 23), 20 + nth),
                on=on,
                late=chance.choice((240, 1440)),
                language=chance.choice((None, "en", "zh_CN")),
                consent=chance.choice(("care", "offers")),
                jitter=chance.choice((0, 0, 45)),
            )
        )
    found = found[:most]
    for one in found:
        one.launched = chance.choice((0, 0, chance.randint(0, days * 300)))
        if chance.random() < 0.3:
            begin = chance.randint(one.launched + 1, days * 1440)
            one.pauses = ((begin, begin + chance.randint(60, 4 * 1440)),)
        if chance.random() < 0.08:
            one.cancelled = chance.randint(one.launched + 2, days * 1440)
    return tuple(found)
