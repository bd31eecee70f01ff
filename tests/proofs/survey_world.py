"""A quarter of a shop, made up from a seed: its guests, what they do and decide, and when the program looks.

Instants are whole minutes since ``EPOCH`` (UTC); what somebody does takes place at the next moment of people.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = 60, 24 * 60
LANGUAGES = ("en", "zh_CN", "zh_TW")


def minute_of(*calendar: int) -> int:
    """Return the minute of a moment of the calendar, in UTC."""
    return int((datetime(*calendar, tzinfo=UTC) - EPOCH) / timedelta(minutes=1))  # type: ignore[misc,arg-type]


def instant_of(minute: int) -> datetime:
    """Return the instant of a minute."""
    return EPOCH + timedelta(minutes=minute)


OFFSETS: dict[str, tuple[tuple[int, int], ...]] = {
    "Asia/Shanghai": ((-DAY, 480),),
    "Asia/Taipei": ((-DAY, 480),),
    "Europe/London": (
        (-DAY, 0),
        (minute_of(2026, 3, 29, 1), 60),
        (minute_of(2026, 10, 25, 1), 0),
        (minute_of(2027, 3, 28, 1), 60),
    ),
    "America/New_York": (
        (-DAY, -300),
        (minute_of(2026, 3, 8, 7), -240),
        (minute_of(2026, 11, 1, 6), -300),
        (minute_of(2027, 3, 14, 7), -240),
    ),
}
"""How far the clocks of a zone are ahead of UTC, and from which minute on; written down from the almanac."""

SHOP_ZONE = "Asia/Shanghai"


QUIET_FROM, QUIET_UNTIL = 21 * HOUR, 8 * HOUR


def local(minute: int, zone: str) -> int:
    """Return what the clocks of a zone show, as minutes since the same epoch."""
    return minute + [offset for since, offset in OFFSETS[zone] if since <= minute][-1]


@cache
def awake_at(minute: int, zone: str) -> int:
    """Return the first minute from this one on in which nobody there wants to sleep."""
    while not QUIET_UNTIL <= local(minute, zone) % DAY < QUIET_FROM:
        minute += 1
    return minute


@cache
def shown_at(day: int, time: int, zone: str) -> int:
    """Return the first minute in which the clocks show ``time`` on a local day; one they skip comes an hour later."""
    wanted = day * DAY + time
    offsets = [offset for _, offset in OFFSETS[zone]]
    shown = [wanted - offset for offset in offsets if local(wanted - offset, zone) == wanted]
    return min(shown) if shown else wanted - min(offsets)


@cache
def date_of(day: int) -> date:
    """Return the date of a local day."""
    return EPOCH.date() + timedelta(days=day)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that happens to a guest or that staff do: a name and what belongs to it."""

    what: str
    key: str = ""
    at: int = 0
    given: bool = False


@dataclass(slots=True)
class Guest:
    """One customer. ``zone`` is ``None`` when nobody knows it; ``deeds`` are by the minute they are meant for."""

    id: int
    zone: str | None
    language: str
    joins: int
    surveys: bool | None
    snoozed_until: int | None
    care: bool
    birthday: tuple[int, int] | None
    deeds: list[tuple[int, Deed]] = field(default_factory=list)

    @property
    def lives_in(self) -> str:
        """The zone whose clocks count."""
        return self.zone or SHOP_ZONE


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a world is, and when it is. ``pace`` is how many minutes usually lie between two looks at the clock."""

    seed: int
    guests: int
    begins: int
    ends: int
    pace: int = 60
    surveys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """Guests, and the moments: the clock is looked at, some minutes later people act."""

    plan: Plan
    guests: tuple[Guest, ...]
    moments: tuple[tuple[int, int], ...]
    shop: tuple[tuple[int, Deed], ...]


def make_world(plan: Plan, shop: tuple[tuple[int, Deed], ...] = ()) -> World:
    """Return the world of a plan; ``shop`` is what staff do with surveys, and when."""
    chance = Random(plan.seed)
    guests = tuple(_guest(plan, chance, nth) for nth in range(1, plan.guests + 1))
    return World(plan, guests, tuple(_moments(plan, chance)), shop)


def _moments(plan: Plan, chance: Random) -> list[tuple[int, int]]:
    """Return when the clock is looked at: often on round times of day, sometimes not for a night."""
    found, at = [], plan.begins
    while at < plan.ends:
        found.append((at, at + chance.choice((1, 3, 7))))
        gap = chance.choice((plan.pace // 2, plan.pace, plan.pace, plan.pace + 15, 2 * plan.pace))
        if chance.random() < 0.004:
            gap = chance.choice((5 * HOUR, 11 * HOUR, 26 * HOUR))  # the program was not running
        at += max(10, gap)
        if chance.random() < 0.5:
            at -= at % 30
    return found


def _guest(plan: Plan, chance: Random, nth: int) -> Guest:
    begins, length = plan.begins, plan.ends - plan.begins
    zone = chance.choice(("Asia/Shanghai", "Asia/Taipei", "Europe/London", "America/New_York", None))
    wish = chance.random()
    guest = Guest(
        id=nth,
        zone=zone,
        language=chance.choice(LANGUAGES),
        joins=begins if chance.random() < 0.9 else begins + chance.randrange(length),
        surveys=None if wish < 0.08 else wish > 0.14,
        snoozed_until=begins + chance.randrange(length) if 0.10 < wish <= 0.14 else None,
        care=chance.random() < 0.7,
        birthday=(chance.randint(1, 12), chance.randint(1, 28)) if chance.random() < 0.6 else None,
    )
    _buys(guest, plan, chance)
    _meets(guest, plan, chance)
    guest.deeds.sort(key=lambda one: one[0])
    return guest


def _buys(guest: Guest, plan: Plan, chance: Random) -> None:
    """Let a guest buy some times, on some days twice; some bring it back, some sales are told days later."""
    length = plan.ends - guest.joins
    count = min(chance.choice((0, 0, 1, 1, 2, 3)), max(0, length // (2 * DAY)))
    for nth in range(count):
        at = guest.joins + chance.randrange(max(1, length))
        key = f"{guest.id}.{nth}"
        bought = at - 10 - chance.choice((0, 0, 0, 0, 3 * HOUR, 4 * DAY, 8 * DAY, 12 * DAY))
        guest.deeds.append((at, Deed("buys", key, bought + nth)))
        if chance.random() < 0.08:
            guest.deeds.append((at + chance.randrange(1, 5 * DAY), Deed("refund", key)))
        if chance.random() < 0.15:
            guest.deeds.append((at + chance.randrange(1, 6 * HOUR), Deed("buys", f"{guest.id}.{nth}b", at - 9 + nth)))


def _meets(guest: Guest, plan: Plan, chance: Random) -> None:
    """Let the rest of life happen: cases, notices, wishes, bans, blocking the bot, low stars."""

    def some(share: float, most: int = 1) -> list[int]:
        """Return moments of this guest's time here."""
        span = max(1, plan.ends - guest.joins)
        return [guest.joins + chance.randrange(span) for _ in range(most) if chance.random() < share]

    for nth, at in enumerate(some(0.12, 2)):
        key = f"{guest.id}.{nth}"
        guest.deeds.append((at, Deed("complains" if chance.random() < 0.5 else "asks", key)))
        solved = at + chance.randrange(HOUR, 6 * DAY)
        guest.deeds.append((solved, Deed("solved", key)))
        if chance.random() < 0.2:
            again = solved + chance.randrange(HOUR, 3 * DAY)
            guest.deeds += [
                (again, Deed("reopens", key)),
                (again + chance.randrange(HOUR, 2 * DAY), Deed("solved", key)),
            ]
    guest.deeds += [(at, Deed("notice", f"{guest.id}.{nth}")) for nth, at in enumerate(some(0.5, 4))]
    guest.deeds += [(at, Deed("stars")) for at in some(0.05)]
    guest.deeds += [(at, Deed("banned", at=at + chance.randrange(HOUR, 9 * DAY))) for at in some(0.03)]
    for at in some(0.06):
        guest.deeds.append((at, Deed("blocks")))
        if chance.random() < 0.5:
            guest.deeds.append((at + chance.randrange(HOUR, 20 * DAY), Deed("returns")))
    for at in some(0.12):
        snooze = chance.choice((0, 0, 5 * DAY, 30 * DAY))
        guest.deeds.append((at, Deed("consent", given=chance.random() < 0.4, at=at + snooze if snooze else 0)))
