"""How points are earned, pure: reckoned in exact fractions, rounded once, with every step written down.

A purchase earns for each whole unit of the currency, times the percent of the customer's tier, times the percent of a
bonus. That is rounded once; points that the bonus adds come on top; then the cap of the day cuts.
Source: docs/adr/0028-earning.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from domain.loyalty import Bonus, EarningRules, Occasion, Rounding, Tier
from domain.money import minor_per_unit
from domain.points import MOST_POINTS

PURCHASE = "purchase"
"""The rule of points for a purchase; those for an occasion have its name."""

RULES = (PURCHASE, *(occasion.value for occasion in Occasion))
"""The rules whose points count against the cap of a day."""

_MILLI = 1000
_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One step: which rule it follows, with what figures, and how many points there are after it, exactly."""

    rule: str
    figures: dict[str, int | str]
    after: str


@dataclass(frozen=True, slots=True)
class Working:
    """How points were reckoned, step by step."""

    points: int
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, Any]:
        """Return this as it is kept with a ledger entry."""
        lines = [{"rule": line.rule, "figures": line.figures, "after": line.after} for line in self.lines]
        return {"points": self.points, "lines": lines}


def read_working(kept: Any) -> Working | None:
    """Return the working that an entry keeps; ``None`` when there is none, or it was not reckoned here."""
    try:
        lines = tuple(Line(str(line["rule"]), dict(line["figures"]), str(line["after"])) for line in kept["lines"])
        return Working(int(kept["points"]), lines)
    except (KeyError, TypeError, ValueError):
        return None


def reckon(
    rules: EarningRules, tier: Tier, *, amount_minor: int, currency: str, on: date, earned_today: int = 0
) -> Working:
    """Return the points for a purchase on local day ``on`` by a customer of ``tier``.

    ``earned_today`` points were earned on that day before, and count against its cap.
    """
    units = Fraction(amount_minor, minor_per_unit(currency))
    plain = units * rules.milli_points_per_unit / _MILLI
    by_tier = plain * tier.percent / _PERCENT
    rate = _exactly(Fraction(rules.milli_points_per_unit, _MILLI))
    lines = [
        Line(
            "amount",
            {"amount_minor": amount_minor, "currency": currency, "amount": _exactly(units), "rate": rate},
            _exactly(plain),
        ),
        Line("tier", {"tier": tier.key, "percent": tier.percent}, _exactly(by_tier)),
    ]
    bonus = _best(rules, tier, by_tier, on)
    exact = by_tier * bonus.percent / _PERCENT if bonus else by_tier
    if bonus and bonus.percent != _PERCENT:
        lines.append(Line("bonus", {"name": bonus.name, "percent": bonus.percent}, _exactly(exact)))
    points = _rounded(exact, rules.rounding)
    if points != exact:
        lines.append(Line("rounding", {"how": rules.rounding.value}, str(points)))
    if bonus and bonus.extra:
        points += bonus.extra
        lines.append(Line("extra", {"name": bonus.name, "points": bonus.extra}, str(points)))
    return _capped(rules, points, lines, earned_today)


def reckon_occasion(rules: EarningRules, occasion: Occasion, *, earned_today: int = 0) -> Working:
    """Return the points for an occasion on a day on which ``earned_today`` were earned before."""
    points = rules.occasions.get(occasion, 0)
    line = Line("occasion", {"occasion": occasion.value, "points": points}, str(points))
    return _capped(rules, points, [line], earned_today)


def _capped(rules: EarningRules, points: int, lines: Iterable[Line], earned_today: int) -> Working:
    lines = list(lines)
    if points > MOST_POINTS:
        lines.append(Line("most", {"most": MOST_POINTS, "cut": points - MOST_POINTS}, str(MOST_POINTS)))
        points = MOST_POINTS
    if rules.day_cap is not None and points + earned_today > rules.day_cap:
        left = max(0, rules.day_cap - earned_today)
        figures: dict[str, int | str] = {"cap": rules.day_cap, "earned_today": earned_today, "cut": points - left}
        lines.append(Line("cap", figures, str(left)))
        points = left
    return Working(points, tuple(lines))


def _best(rules: EarningRules, tier: Tier, by_tier: Fraction, on: date) -> Bonus | None:
    """Return the bonus that gives most on this day, the first named one of equals; ``None`` when none gives more."""

    def worth(bonus: Bonus) -> int:
        return _rounded(by_tier * bonus.percent / _PERCENT, rules.rounding) + bonus.extra

    best = max((bonus for bonus in rules.bonuses if is_open(bonus, tier, on)), key=worth, default=None)
    return best if best is not None and worth(best) > _rounded(by_tier, rules.rounding) else None


def is_open(bonus: Bonus, tier: Tier, on: date) -> bool:
    """Return whether a bonus is for purchases of this tier on local day ``on``."""
    return (
        bonus.first_on <= on <= bonus.last_on
        and (not bonus.tiers or tier.key in bonus.tiers)
        and (not bonus.weekdays or on.isoweekday() in bonus.weekdays)
    )


def _rounded(exact: Fraction, how: Rounding) -> int:
    if how is Rounding.DOWN:
        return exact.numerator // exact.denominator
    if how is Rounding.UP:
        return -(-exact.numerator // exact.denominator)
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)  # a half is rounded up


def _exactly(value: Fraction) -> str:
    """Return a fraction whose denominator divides a power of ten as a decimal number, with every digit there is."""
    digits = 0
    while 10**digits % value.denominator:
        digits += 1
    scaled = value.numerator * (10**digits // value.denominator)
    whole, part = divmod(scaled, 10**digits)
    return f"{whole}.{part:0{digits}d}" if digits else str(whole)


def taken_back(points: int, *, amount_minor: int, refunded_before: int, refunded_after: int) -> int:
    """Return how many of a purchase's points the refund takes that brings the refunded sum from one to the other.

    What all refunds together take is ``points`` times the refunded share, rounded down: so it does not matter into
    how many refunds a sum is split, and when everything is refunded every point was taken.
    """
    return points * refunded_after // amount_minor - points * refunded_before // amount_minor
