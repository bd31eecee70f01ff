"""Points as a child would count them: each point is a thing of its own that lies in a lot or is held by an entry.

It shares no line with the ledger: nothing is summed up or settled later, time passes one moment after the other, and
a debt takes the first point that can be taken at the very moment it can be.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

Line = tuple[str, int]
"""A kind and its signed points."""

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(eq=False)
class Pile:
    """The points of one earning: ``points`` says of each who holds it, ``None`` while it lies here."""

    nth: int
    earned_by: str
    points: list[str | None]
    available_at: datetime | None
    expires_at: datetime | None
    awaits: str | None = None
    lasts: timedelta | None = None
    wanted_back: int = 0

    def is_over(self, now: datetime) -> bool:
        """Tell whether these points are too old."""
        return self.expires_at is not None and now >= self.expires_at

    def is_open(self, now: datetime) -> bool:
        """Tell whether these points can be had."""
        return self.available_at is not None and now >= self.available_at and not self.is_over(now)

    def lying(self) -> int:
        """Count what lies here."""
        return self.points.count(None)

    def hand(self, holder: str, *, instead_of: str | None = None) -> bool:
        """Hand one point over, if there is one."""
        if instead_of not in self.points:
            return False
        self.points[self.points.index(instead_of)] = holder
        return True


@dataclass(eq=False)
class Owed:
    """Points somebody owes since ``since`` for ``entry``, which took back what ``own`` had earned."""

    entry: str
    points: int
    since: tuple[datetime, int]
    own: str | None


@dataclass(eq=False)
class Purse:
    """One customer's points."""

    piles: list[Pile] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    lines: list[tuple[int, Line]] = field(default_factory=list)
    expiries: list[str] = field(default_factory=list)


class Model:
    """All customers' points, and what time it is."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.purses: dict[str, Purse] = {}
        self.spent: dict[str, str] = {}
        self.returned: set[str] = set()
        self._counted = 0

    def _count(self) -> int:
        self._counted += 1
        return self._counted

    def _write(self, who: str, kind: str, points: int) -> None:
        self.purses[who].lines.append((self._count(), (kind, points)))

    def _in_turn(self, who: str) -> list[Pile]:
        open_piles = [pile for pile in self.purses[who].piles if pile.is_open(self.now)]
        return sorted(open_piles, key=lambda pile: (pile.expires_at or _NEVER, pile.nth))

    def had(self, who: str) -> int:
        """Count what can be had, less what is owed."""
        owed = sum(debt.points for debt in self.purses[who].owed)
        return sum(pile.lying() for pile in self._in_turn(who)) - owed

    def _collect(self, who: str) -> None:
        purse = self.purses[who]
        for debt in sorted(purse.owed, key=lambda debt: debt.since):
            own = [pile for pile in purse.piles if pile.earned_by == debt.own]
            for pile in own + self._in_turn(who):
                while debt.points and pile.hand(debt.entry):
                    debt.points -= 1
        purse.owed = [debt for debt in purse.owed if debt.points]

    def pass_time(self, until: datetime) -> None:
        """Live through every moment at which something becomes available."""
        moments = {
            pile.available_at
            for purse in self.purses.values()
            for pile in purse.piles
            if pile.available_at and self.now < pile.available_at <= until
        }
        for self.now in [*sorted(moments), until]:
            for who in self.purses:
                self._collect(who)

    def earn(
        self,
        who: str,
        entry: str,
        points: int,
        *,
        kind: str = "earn",
        after: timedelta | None = timedelta(),
        awaits: str | None = None,
        lasts: timedelta | None = None,
    ) -> None:
        """Lay points down."""
        since = None if after is None else self.now + after
        until = since + lasts if since and lasts is not None else None
        pile = Pile(self._count(), entry, [None] * points, since, until, awaits, lasts)
        self.purses[who].piles.append(pile)
        self._write(who, kind, points)
        self._collect(who)

    def spend(self, who: str, entry: str, points: int) -> bool:
        """Hand points over to a spend; nothing happens when there are too few."""
        if points > self.had(who):
            return False
        for _ in range(points):
            assert any(pile.hand(entry) for pile in self._in_turn(who))
        self.spent[entry] = who
        self._write(who, "spend", -points)
        return True

    def give_back(self, who: str, spend: str, entry: str) -> None:
        """Lay every point back where it was."""
        purse = self.purses[who]
        back = 0
        caught: list[tuple[Pile, int]] = []
        for pile in purse.piles:
            came = 0
            while pile.hand("came back", instead_of=spend):
                came += 1
            back += came
            owed = sum(debt.points for debt in purse.owed if debt.own == pile.earned_by)
            taken = min(pile.wanted_back, max(0, came - owed))
            pile.wanted_back -= taken
            pile.points = [None if holder == "came back" else holder for holder in pile.points]
            for _ in range(taken):
                pile.hand(f"caught by {entry}")
            if taken:
                caught.append((pile, taken))
        self._write(who, "return", back)
        for _, taken in caught:
            self._write(who, "reversal", -taken)
        self.returned.add(spend)
        self._collect(who)

    def take_back(self, who: str, entry: str, points: int, *, own: str | None, may_owe: bool) -> None:
        """Take points: own ones even from the past or the future, then others; the rest is owed, or let go."""
        purse = self.purses[who]
        mine = [pile for pile in purse.piles if pile.earned_by == own]
        others = [pile for pile in self._in_turn(who) if pile not in mine]
        left = points
        while left and any(pile.hand(entry) for pile in mine):
            left -= 1
        revived: list[int] = []
        for expiry in reversed(purse.expiries):
            count = 0
            while left and any(pile.hand(entry, instead_of=expiry) for pile in mine):
                left -= 1
                count += 1
            if count:
                revived.append(count)
        while left and any(pile.hand(entry) for pile in others):
            left -= 1
        self._write(who, "reversal", -(points if may_owe else points - left))
        for count in revived:
            self._write(who, "return", count)
        if left and may_owe:
            purse.owed.append(Owed(entry, left, (self.now, self._count()), own))
        for pile in mine:
            pile.wanted_back += 0 if may_owe else left
        self._collect(who)

    def take(self, who: str, entry: str, points: int, *, may_owe: bool) -> bool:
        """Take points by hand."""
        if points > self.had(who) and not may_owe:
            return False
        left = points
        while left and any(pile.hand(entry) for pile in self._in_turn(who)):
            left -= 1
        if left:
            self.purses[who].owed.append(Owed(entry, left, (self.now, self._count()), None))
        self._write(who, "adjust", -points)
        return True

    def happen(self, event: str) -> int:
        """Let what was awaited happen."""
        waiting = [(who, p) for who, purse in self.purses.items() for p in purse.piles if p.awaits == event]
        for _, pile in waiting:
            pile.awaits, pile.available_at = None, self.now
            if pile.lasts is not None:
                pile.expires_at = self.now + pile.lasts
        for who in self.purses:
            self._collect(who)
        return len(waiting)

    def call_off(self, event: str) -> int:
        """Let what was awaited never happen."""
        waiting = [(who, p) for who, purse in self.purses.items() for p in purse.piles if p.awaits == event]
        for who, pile in waiting:
            pile.awaits = None
            if taken := pile.lying():
                pile.points = [f"called off {event}" if holder is None else holder for holder in pile.points]
                self._write(who, "reversal", -taken)
        return len(waiting)

    def write_off(self) -> None:
        """Write down what is too old."""
        for who, purse in self.purses.items():
            old = [pile for pile in purse.piles if pile.is_over(self.now) and pile.lying()]
            if old:
                expiry = f"expiry {self._count()}"
                purse.expiries.append(expiry)
                self._write(who, "expire", -sum(pile.lying() for pile in old))
                for pile in old:
                    pile.points = [expiry if holder is None else holder for holder in pile.points]

    def forget(self, who: str) -> None:
        """Lose everything, owe nothing."""
        purse = self.purses[who]
        if lost := sum(pile.lying() for pile in purse.piles):
            self._write(who, "forfeit", -lost)
        if owed := sum(debt.points for debt in purse.owed):
            self._write(who, "forgive", owed)
        for pile in purse.piles:
            pile.points = ["lost" if holder is None else holder for holder in pile.points]
        purse.owed = []

    def join(self, from_: str, to: str) -> None:
        """Put one purse into another."""
        gone = self.purses.pop(from_)
        kept = self.purses[to]
        kept.piles = sorted(kept.piles + gone.piles, key=lambda pile: pile.nth)
        kept.owed += gone.owed
        kept.lines = sorted(kept.lines + gone.lines)
        kept.expiries = sorted(kept.expiries + gone.expiries, key=lambda expiry: int(expiry.split()[1]))
        self.spent = {spend: to if who == from_ else who for spend, who in self.spent.items()}
        self._collect(to)

    def open_lots(self, who: str) -> list[tuple[int, datetime | None, datetime | None]]:
        """Return what lies in each pile that is not too old, and from and until when: earliest-expiring first."""
        piles = [pile for pile in self.purses[who].piles if pile.lying() and not pile.is_over(self.now)]
        piles.sort(key=lambda pile: (pile.expires_at or _NEVER, pile.nth))
        return [(pile.lying(), pile.available_at, pile.expires_at) for pile in piles]

    def figures(self, who: str) -> tuple[int, int, int]:
        """Return what can be had, what is to come, and what is owed."""
        purse = self.purses[who]
        there = sum(pile.lying() for pile in self._in_turn(who))
        coming = sum(pile.lying() for pile in purse.piles if not pile.is_open(self.now) and not pile.is_over(self.now))
        return there, coming, sum(debt.points for debt in purse.owed)

    def history(self, who: str) -> list[Line]:
        """Return every line, newest first."""
        return [line for _, line in sorted(self.purses[who].lines, reverse=True)]
