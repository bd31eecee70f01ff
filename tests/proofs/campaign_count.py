"""The year counted by hand: who is told what at which look at the clock, from the rules alone.

Nothing of the program is used here; calendars come from the libraries everybody uses, holidays from an almanac.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.proofs.campaign_days import DAY, awake, birthday_of, drawn, shown, zone_of
from tests.proofs.campaign_world import ALMANAC, EPOCH, SHOP_ZONE, Care, Guest, World, instant_of

CATCH_UP, BUDGET, BUDGET_FOR = timedelta(days=7), 4, timedelta(days=7)
AHEAD, BEHIND = timedelta(hours=14), timedelta(hours=12)
SOLEMN = {date(2026, 8, 27), date(2026, 12, 13), date(2027, 4, 5), date(2027, 8, 16)}
"""Qingming, the ghost festival, and the day on which the dead of Nanjing are remembered."""
OUT = ("queued", "sent")
RENEWABLE = ("no_consent", "snoozed", "changed", "late")


@dataclass(slots=True)
class Slip:
    """One person's row of one campaign and occasion; ``sent_at`` is the look at which it went."""

    campaign: str
    occasion: str
    guest: int
    on: date
    due: datetime
    late: datetime
    nth: int
    variant: str
    state: str = "planned"
    reason: str | None = None
    sent_at: datetime | None = None
    zone: str = ""

    @property
    def name(self) -> tuple[str, str, int]:
        """What it is called."""
        return self.campaign, self.occasion, self.guest


@dataclass(slots=True)
class Life:
    """Where one person stands."""

    guest: Guest
    zone: str | None
    birth: Any
    consents: dict[str, tuple[bool, datetime | None]] = field(default_factory=dict)
    unwanted: set[str] = field(default_factory=set)
    complaints: int = 0
    reachable: bool = True
    told: list[datetime] = field(default_factory=list)

    @property
    def lives_in(self) -> str:
        """The zone whose clocks count."""
        return self.zone or SHOP_ZONE


class Count:
    """The whole year, look by look."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slips: dict[tuple[str, str, int], Slip] = {}
        self.lives: dict[int, Life] = {}
        self._open: dict[int, set[tuple[str, str, int]]] = defaultdict(set)
        self._runs: set[tuple[str, str]] = set()
        self._nth = 0
        self._bought: list[tuple[datetime, int, int]] = []
        self._cares = {one.key: one for one in world.campaigns}
        self._purchases = 0
        self._swept: dict[str, date] = {}

    def run(self) -> "Count":
        """Live through the year."""
        deeds = sorted(
            [(deed[0], guest.id, nth, deed) for guest in self.world.guests for nth, deed in enumerate(guest.deeds)]
        )
        joins = sorted(self.world.guests, key=lambda guest: guest.joined)
        for minute in self.world.ticks:
            while joins and joins[0].joined <= minute:
                self._joins(joins.pop(0))
            while deeds and deeds[0][0] <= minute:
                self._does(deeds[0][1], deeds[0][3], self._look_of(deeds[0][0]))
                deeds.pop(0)
            self._looks(minute)
        return self

    def _look_of(self, minute: int) -> datetime:
        return instant_of(minute)

    def _joins(self, guest: Guest) -> None:
        life = Life(guest, guest.zone, guest.birth)
        for kind, given in (("care", guest.care), ("offers", guest.offers)):
            if given is not None:
                life.consents[kind] = (given, None)
        self.lives[guest.id] = life

    def _does(self, number: int, deed: tuple[int, str, Any], at: datetime) -> None:
        life, (_, what, value) = self.lives[number], deed
        if what == "buys":
            self._purchases += 1
            self._bought.append((at, number, self._purchases))
        elif what == "consent":
            kind, given, until = value
            life.consents[kind] = (given, instant_of(until) if until is not None else None)
        elif what == "opts_out":
            life.unwanted.add(value)
        elif what in ("complains", "is_content"):
            life.complaints += 1 if what == "complains" else -1
        elif what == "corrects":
            life.birth = value
        elif what == "moves":
            life.zone = value
        else:
            life.reachable = what == "unblocks"

    # --- one look

    def _looks(self, minute: int) -> None:
        now = instant_of(minute)
        running = [one for one in self.world.campaigns if _runs(one, minute)]
        for one in self.world.campaigns:
            if one.cancelled is not None and one.cancelled <= minute:
                self._cancel(one.key)
        self._plan_runs(now, running)
        for one in sorted(running, key=lambda care: care.key):
            if one.kind == "birthday":
                self._plan_birthdays(now, one)
        for one in sorted(running, key=lambda care: care.key):
            if one.kind in ("joined", "purchase"):
                self._plan_happened(now, one)
        self._feed(now, {one.key for one in running})

    def _cancel(self, key: str) -> None:
        for names in self._open.values():
            for name in [name for name in names if name[0] == key]:
                self.slips[name].state, self.slips[name].reason = "skipped", "cancelled"
                names.discard(name)

    def _plan_runs(self, now: datetime, running: list[Care]) -> None:
        opened: list[tuple[datetime, int, Care, date, time, str, date]] = []
        for one in running:
            launched = instant_of(one.launched_look)
            for due_on, at, occasion, on in _comings(one, now):
                begins = datetime.combine(due_on, time(), UTC) - AHEAD
                missed = due_on < launched.astimezone(zone_of(SHOP_ZONE)).date()
                over = datetime.combine(due_on, at, UTC) + BEHIND + timedelta(minutes=one.jitter + one.late) + CATCH_UP
                if begins - timedelta(hours=1) > now or now > over or missed:
                    continue
                if (one.key, occasion) not in self._runs:
                    self._runs.add((one.key, occasion))
                    opened.append((begins, len(opened), one, due_on, at, occasion, on))
        for _, _, one, due_on, at, occasion, on in sorted(opened, key=lambda run: run[:2]):
            for life in sorted(self.lives.values(), key=lambda life: life.guest.id):
                if one.language is None or life.guest.language == one.language:
                    jitter = self._jitter(one, occasion, life)
                    due = awake(shown(due_on, at, life.lives_in) + jitter, life.lives_in)
                    self._freeze(one, occasion, life, on, due, now)

    def _jitter(self, one: Care, occasion: str, life: Life) -> timedelta:
        return timedelta(seconds=drawn(one.jitter * 60 + 1, "", f"{one.key}|{occasion}|jitter", life.guest.id))

    def _plan_birthdays(self, now: datetime, one: Care) -> None:
        launched = instant_of(one.launched_look)
        behind = (now - BEHIND).date()
        since = min(self._swept[one.key] + DAY, behind) if one.key in self._swept else (launched - BEHIND).date()
        oldest = max(since, (now - BEHIND - CATCH_UP).date())
        self._swept[one.key] = max(behind - DAY, self._swept.get(one.key, behind - DAY))
        for life in self.lives.values():
            zone = zone_of(life.lives_in)
            tomorrow = now.astimezone(zone).date() + DAY
            first = max(launched.astimezone(zone).date(), oldest, (launched - BEHIND).date())
            day = first
            while day <= tomorrow:
                on = day + one.lead * DAY
                if (occasion := birthday_of(life.birth, on)) is not None:
                    due = awake(shown(day, one.at or time(9), life.lives_in), life.lives_in)
                    self._freeze(one, occasion, life, on, due, now, dated=True)
                day += DAY

    def _plan_happened(self, now: datetime, one: Care) -> None:
        launched = instant_of(one.launched_look)
        after, late = timedelta(minutes=one.after), timedelta(minutes=one.late)
        if one.kind == "joined":
            found = [(instant_of(life.guest.joined), life.guest.id, "joined") for life in self.lives.values()]
        else:
            found = [(at, guest, f"p:{number}") for at, guest, number in self._bought]
        for base, number, occasion in sorted(found):
            ready = base + after
            if ready > now or ready < launched or ready < now - CATCH_UP - late:
                continue
            life = self.lives[number]
            due = awake(_allowed(ready, one, life.lives_in), life.lives_in)
            self._freeze(one, occasion, life, base.astimezone(zone_of(life.lives_in)).date(), due, now)

    def _freeze(
        self, one: Care, occasion: str, life: Life, on: date, due: datetime, now: datetime, *, dated: bool = False
    ) -> None:
        name = (one.key, occasion, life.guest.id)
        late = due + timedelta(minutes=one.late)
        held_out = drawn(1000, "", f"{one.key}|{occasion}|holdout", life.guest.id) < one.holdout
        goes = awake(now, life.lives_in) if dated else now
        why = "holdout" if held_out else "late" if goes > late else None
        before = self.slips.get(name)
        if before is not None and not (dated and why is None and self._again(before, life, one, on, now)):
            return
        nth = before.nth if before is not None else self._nth
        self._nth += 1
        weights = one.variants
        at = drawn(sum(weight for _, weight in weights), "", f"{one.key}|{occasion}|variant", life.guest.id)
        variant = weights[-1][0]
        for key, weight in weights:
            if at < weight:
                variant = key
                break
            at -= weight
        slip = Slip(*name, on, due, late, nth, variant, "skipped" if why else "planned", why, zone=life.lives_in)
        self.slips[name] = slip
        if why is None:
            self._open[life.guest.id].add(name)

    def _again(self, before: Slip, life: Life, one: Care, on: date, now: datetime) -> bool:
        """Return whether what was skipped before it was handed over may be planned anew."""
        if before.state != "skipped" or before.reason not in RENEWABLE:
            return False
        if before.reason in ("no_consent", "snoozed") and before.on == on:
            given, until = life.consents.get(one.consent, (False, None))
            return given or (until is not None and until <= now)
        return True

    # --- who goes

    def _feed(self, now: datetime, running: set[str]) -> None:
        for number in sorted(self._open):
            due = [
                self.slips[name] for name in self._open[number] if name[0] in running and self.slips[name].due <= now
            ]
            due.sort(key=lambda slip: (-self._cares[slip.campaign].priority, slip.due, slip.nth))
            gone = False
            for slip in due:
                if gone:
                    slip.due = min(now + timedelta(minutes=1), slip.late)
                    continue
                gone = self._judge(slip, self.lives[number], now)

    def _judge(self, slip: Slip, life: Life, now: datetime) -> bool:
        one = self._cares[slip.campaign]
        why = self._never(slip, life, one, now)
        if why is None:
            why, again = self._not_now(slip, life, one, now)
            if why is not None and again is not None:
                slip.due = again
                return False
        self._open[life.guest.id].discard(slip.name)
        if why is not None:
            slip.state, slip.reason = "skipped", why
            return False
        slip.state, slip.sent_at = "sent", now
        life.told.append(now)
        return True

    def _never(self, slip: Slip, life: Life, one: Care, now: datetime) -> str | None:
        topic = one.holiday or ("birthday" if one.kind == "birthday" else one.key)
        if topic in life.unwanted:
            return "opted_out"
        if one.kind == "birthday":
            for other in self.world.campaigns:
                told = self.slips.get((other.key, slip.occasion, life.guest.id))
                if other.kind == "birthday" and other.key != one.key and told is not None and told.state in OUT:
                    return "greeted"
            if birthday_of(life.birth, slip.on) != slip.occasion:
                return "changed"
        return "late" if now > slip.late else None

    def _not_now(self, slip: Slip, life: Life, one: Care, now: datetime) -> tuple[str | None, datetime | None]:
        """Return why it may not go now, and when it is asked about again."""
        given, until = life.consents.get(one.consent, (False, None))
        wanted = given or (until is not None and until <= now)
        if not wanted and until is None:
            return "no_consent", None
        if not life.reachable:
            return "unreachable", None
        holds: list[tuple[str, datetime | None]] = []
        if not wanted:
            holds.append(("snoozed", until))
        if life.complaints > 0:
            holds.append(("open_case", None))
        counted = sorted(at for at in life.told if at > now - BUDGET_FOR)
        if len(counted) >= BUDGET:
            holds.append(("budget", counted[len(counted) - BUDGET] + BUDGET_FOR))
        if (morning := awake(now, life.lives_in)) > now:
            holds.append(("quiet", morning))
        if holds:
            weights = ("open_case", "snoozed", "budget", "quiet")
            why, end = max(holds, key=lambda hold: (hold[1] is None, hold[1] or now, -weights.index(hold[0])))
            again = end if end is not None else now + timedelta(hours=1)
            if again <= slip.late:
                return why, again
            return ("late" if why == "quiet" else why), None
        if one.consent == "offers" and now.astimezone(zone_of(slip.zone)).date() in SOLEMN:
            tomorrow = now.astimezone(zone_of(slip.zone)).date() + DAY
            again = awake(shown(tomorrow, one.at or time(10), slip.zone), slip.zone)
            return "solemn", again if again <= slip.late else None
        return None, None


def _runs(one: Care, minute: int) -> bool:
    if one.launched_look > minute or (one.cancelled is not None and one.cancelled <= minute):
        return False
    return not any(begin <= minute < end for begin, end in one.pauses)


def _comings(one: Care, now: datetime) -> list[tuple[date, time, str, date]]:
    """Return the comings of a campaign that may matter now: due day, time, what it is called, day of the occasion."""
    at = one.at or time(10)
    if one.kind == "holiday":
        days = list(ALMANAC[one.holiday or ""])
    elif one.kind == "date":
        days = [one.on] if one.on is not None else []
    elif one.kind == "every":
        days = [_last_day(year, month) for year in (2026, 2027) for month in range(1, 13)]
    elif one.kind == "cron":  # 20:40 on each 5th of the month
        days = [date(year, month, 5) for year in (2026, 2027) for month in range(1, 13)]
    else:
        return []
    found = []
    for on in days:
        if abs((on - now.date()).days) < 40:
            name = f"{on.isoformat()}T{at:%H:%M}" if one.kind == "cron" else on.isoformat()
            found.append((on - one.lead * DAY, at, name, on))
    return found


def _last_day(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - DAY


def _allowed(ready: datetime, one: Care, zone: str) -> datetime:
    """Return the first time from then on that the campaign's hour and days of the week allow."""
    if one.at is None:
        return ready
    day = ready.astimezone(zone_of(zone)).date() - DAY
    while True:
        fits = not one.weekdays or day.isoweekday() in one.weekdays
        if fits and (moment := shown(day, one.at, zone)) >= ready:
            return moment
        day += DAY


def since_epoch(moment: datetime) -> int:
    """Return the minutes since ``EPOCH``."""
    return int((moment - EPOCH) / timedelta(minutes=1))
