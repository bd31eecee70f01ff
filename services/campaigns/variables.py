"""What a campaign's message may say of its person: the variables, and their values for many people at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.campaigns import Campaign, OccasionKind
from domain.instants import zone_named
from domain.rewards import in_groups, last_day
from domain.surveys import in_language
from services.membership import tier_in_words
from services.work import Work
from storage import campaign_values as rows
from storage.campaign_values import PersonRow
from texts.days import day_in_words, money_in_words, number_in_words

VARIABLES: Mapping[str, str] = {
    "name": "Ann",
    "business": "Willow Lane",
    "tier": "Silver",
    "points": "1,280",
    "points_expiring": "120",
    "owner": "Ben",
    "branch": "The shop window",
    "occasion": "Mid-Autumn",
    "date": "Sep 25",
    "days": "3",
    "years": "2",
    "product": "Tea set",
    "amount": "¥320",
    "voucher": "K7PX-4M2Q",
    "voucher_until": "Dec 31",
    "gift_points": "50",
    "place": "The shop",
    "time": "18:00",
}
"""Every variable with an example. ``custom.FIELD`` is a field of the customer record."""


@dataclass(frozen=True, slots=True)
class Values:
    """What is known of one person; the words are made in the reader's language when a message is rendered."""

    person: PersonRow
    zone: ZoneInfo
    bought: Mapping[int, rows.Bought] = field(default_factory=dict)
    vouchers: Mapping[int, tuple[str, datetime]] = field(default_factory=dict)


async def load_values(
    work: Work, customer_ids: Sequence[int], *, params: Sequence[Mapping[str, Any] | None] = ()
) -> dict[int, Values]:
    """Return what messages may say of these customers, in a few queries for all; ``params`` are those of their rows."""
    people = await rows.list_people(work.tx, customer_ids, now=work.now)
    bought = await rows.list_bought(work.tx, [one["purchase_id"] for one in params if one and "purchase_id" in one])
    codes = await rows.list_vouchers(work.tx, [one["voucher_id"] for one in params if one and "voucher_id" in one])
    return {customer_id: Values(person, work.rules.zone, bought, codes) for customer_id, person in people.items()}


def context_of(
    work: Work,
    campaign: Campaign,
    values: Values,
    params: Mapping[str, Any],
    language: str,
    *,
    wanted: Iterable[str] = (*VARIABLES, "custom"),
) -> dict[str, Any]:
    """Return the values of the variables that are ``wanted`` for one person, as words in a language.

    What is not known is empty, or said as the campaign's fallbacks say it. ``params`` hold what the occasion says (its
    local date ``on``), and what comes with the message (a voucher, points).
    """
    teller = _Teller(work, campaign, values, params, language)
    found: dict[str, Any] = {}
    for name in wanted:
        told = _TOLD[name](teller) if name in _TOLD else ""
        found[name] = (
            in_language(campaign.fallbacks[name], language) if not told and name in campaign.fallbacks else told
        )
    return found


@dataclass(slots=True)
class _Teller:
    """Tells what a message may say of one person; each variable is reckoned when a template names it."""

    work: Work
    campaign: Campaign
    values: Values
    params: Mapping[str, Any]
    language: str

    @property
    def _zone(self) -> ZoneInfo:
        return zone_named(self.params.get("zone"), self.values.zone)

    @property
    def _today(self) -> date:
        return self.work.now.astimezone(self._zone).date()

    @property
    def _on(self) -> date | None:
        return _day(self.params.get("on"))

    def _in_words(self, day: date | None) -> str:
        return day_in_words(day, self.language, today=self._today) if day is not None else ""

    def _number(self, name: str) -> str:
        value = self.params.get(name)
        return number_in_words(int(value), self.language) if value is not None else ""

    def tell_name(self) -> str:
        return (self.values.person.call_name or self.values.person.name).strip()

    def tell_business(self) -> str:
        return self.work.rules.business_name

    def tell_tier(self) -> str:
        return tier_in_words(self.work, self.values.person.tier, self.language)

    def tell_points(self) -> str:
        return number_in_words(self.values.person.points, self.language)

    def tell_points_expiring(self) -> str:
        return self._number("points")

    def tell_gift_points(self) -> str:
        return self._number("gift_points")

    def tell_owner(self) -> str:
        return self.values.person.owner or ""

    def tell_branch(self) -> str:
        return self.values.person.branch or ""

    def tell_occasion(self) -> str:
        """Return what the occasion is called: a holiday by its name, another one by the campaign's title."""
        if self.campaign.when.kind is OccasionKind.HOLIDAY:
            try:
                return self.work.texts.button(f"occasion.{self.campaign.when.holiday}", self.language)
            except KeyError:
                pass
        return in_language(self.campaign.title, self.language)

    def tell_date(self) -> str:
        """Return the day of the invitation, of the points' end, or of the occasion."""
        if (at := self._invited_at()) is not None:
            return self._in_words(at.date())
        return self._in_words(self._last_good_on() or self._on)

    def tell_days(self) -> str:
        """Return in how many days that is: points expire at an instant, mostly when their last day is over."""
        if (last_on := self._last_good_on()) is not None:
            return str(max(0, (last_on - self._today).days))
        on = self._on
        return str((on - self._today).days) if on is not None and on >= self._today else ""

    def _last_good_on(self) -> date | None:
        if "expires_at" not in self.params:
            return None
        return last_day(datetime.fromisoformat(self.params["expires_at"]), self._zone)

    def tell_years(self) -> str:
        on, person = self._on, self.values.person
        if on is None:
            return ""
        if self.campaign.when.kind is OccasionKind.BIRTHDAY:
            return str(on.year - person.birth_year) if person.birth_year else ""
        if self.campaign.when.kind is OccasionKind.ANNIVERSARY:
            return str(on.year - person.joined_at.astimezone(self._zone).year)
        return ""

    def tell_voucher(self) -> str:
        code = self._code()
        return in_groups(code[0] if code is not None else str(self.params.get("voucher", "")))

    def tell_voucher_until(self) -> str:
        code = self._code()
        return self._in_words(
            last_day(code[1], self._zone) if code is not None else _day(self.params.get("voucher_until"))
        )

    def _code(self) -> tuple[str, datetime] | None:
        return self.values.vouchers.get(int(self.params.get("voucher_id", 0)))

    def _bought(self) -> rows.Bought | None:
        return self.values.bought.get(int(self.params.get("purchase_id", 0)))

    def tell_product(self) -> str:
        bought = self._bought()
        return bought.product if bought is not None else ""

    def tell_amount(self) -> str:
        bought = self._bought()
        return money_in_words(bought.amount_minor, bought.currency, self.language) if bought is not None else ""

    def tell_place(self) -> str:
        invitation = self.campaign.invitation
        return in_language(invitation.place if invitation is not None else self.params.get("place", {}), self.language)

    def tell_time(self) -> str:
        at = self._invited_at()
        return at.strftime("%H:%M") if at is not None else ""

    def _invited_at(self) -> datetime | None:
        """Return when what people are invited to begins, by the clocks of the business that invites."""
        if self.campaign.invitation is not None:
            return self.campaign.invitation.at
        if self.campaign.when.kind is OccasionKind.RSVP and "at" in self.params:
            return datetime.fromisoformat(self.params["at"]).astimezone(self.values.zone)
        return None

    def tell_custom(self) -> dict[str, str]:
        return {name: str(value) for name, value in (self.values.person.custom or {}).items()}


_TOLD: Mapping[str, Callable[[_Teller], Any]] = {
    name: getattr(_Teller, f"tell_{name}") for name in (*VARIABLES, "custom")
}
"""How each variable is told."""


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except (TypeError, ValueError):
        return None


def sample_context(campaign: Campaign, fields: Sequence[str], *, empty: bool = False) -> dict[str, Any]:
    """Return values to try a message with: examples of everything, or nothing known at all."""
    found: dict[str, Any] = dict.fromkeys(VARIABLES, "") if empty else dict(VARIABLES)
    found["business"] = VARIABLES["business"]
    found["custom"] = dict.fromkeys(fields, "" if empty else "example")
    if empty:
        found |= {name: next(iter(words.values()), "") for name, words in campaign.fallbacks.items()}
    return found
