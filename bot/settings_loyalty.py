"""The section of the configuration about points, tiers and rewards."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from bot.settings_base import KeyFault, Section, refuse_twins, refuse_unoffered
from bot.settings_values import (
    Clock,
    Currency,
    Day,
    Length,
    Name,
    Period,
    Span,
    Thousandths,
    Weekday,
    Words,
    hint,
    parse_clock,
    parse_length,
    parse_list,
    parse_thousandths,
)
from domain.loyalty import (
    DEFAULT_TIERS,
    Bonus,
    Clawback,
    EarningRules,
    LoyaltyRules,
    NoticeRules,
    Occasion,
    RewardSeed,
    Rounding,
    Tier,
    TierRules,
)
from domain.money import MOST_MINOR, minor_per_unit

_MOST_POINTS = 1_000_000_000
_MOST_PERCENT = 10_000
_DEFAULT_MINOR_PER_UNIT = 100


class OccasionsSection(Section):
    """``[loyalty.earning.occasions]``: points given without a purchase; 0 gives none."""

    first_purchase: int = Field(0, ge=0, le=_MOST_POINTS)
    birthday: int = Field(0, ge=0, le=_MOST_POINTS)
    survey: int = Field(0, ge=0, le=_MOST_POINTS)
    feedback: int = Field(0, ge=0, le=_MOST_POINTS)
    referrer: int = Field(0, ge=0, le=_MOST_POINTS)
    referred: int = Field(0, ge=0, le=_MOST_POINTS)

    def given(self) -> dict[Occasion, int]:
        """Return the points of the occasions for which there are any."""
        return {occasion: points for occasion in Occasion if (points := getattr(self, occasion.value))}


class EarningSection(Section):
    """``[loyalty.earning]``: how points are earned."""

    points_per_unit: Thousandths = parse_thousandths("1")
    rounding: Rounding = Rounding.DOWN
    day_cap: int | None = Field(None, ge=1, le=_MOST_POINTS)
    pending_for: Span = parse_length("0s")
    expire_after: Period = parse_length("365d")
    occasions: OccasionsSection = OccasionsSection()


class BonusSection(Section):
    """One ``[[loyalty.bonuses]]``: local days in which purchases earn more."""

    name: str = Field(min_length=1, max_length=64)
    first_on: Day
    last_on: Day
    percent: int = Field(100, ge=100, le=_MOST_PERCENT)
    extra: int = Field(0, ge=0, le=_MOST_POINTS)
    tiers: Annotated[list[Name], NoDecode, BeforeValidator(parse_list)] = Field([])
    weekdays: Annotated[list[Weekday], NoDecode, BeforeValidator(parse_list)] = Field([])

    @field_validator("last_on", mode="after")
    @classmethod
    def _not_before_the_first(cls, value: Any, info: ValidationInfo) -> Any:
        first_on = info.data.get("first_on")
        if first_on is not None and value < first_on:
            raise ValueError(f"{value} lies before first_on, {first_on}; write the last day of the bonus itself")
        return value

    def rules(self) -> Bonus:
        """Return the bonus as services need it."""
        tiers, weekdays = tuple(self.tiers), tuple(sorted(set(self.weekdays)))
        return Bonus(self.name, self.first_on, self.last_on, self.percent, self.extra, tiers, weekdays)


class TierSection(Section):
    """One ``[[loyalty.tiers]]``; the threshold is in whole units of the currency."""

    key: Name
    threshold: int = Field(ge=0)
    percent: int = Field(100, ge=0, le=_MOST_PERCENT)
    names: Words = Field({})


class TieringSection(Section):
    """``[loyalty.tiering]``: how tiers are reached and kept."""

    window: Length = parse_length("365d")
    keep_for: Length = parse_length("90d")
    notice_before: Span = Field(parse_length("14d"), validate_default=True)

    @field_validator("notice_before", mode="after")
    @classmethod
    def _while_it_is_kept(cls, value: Any, info: ValidationInfo) -> Any:
        keep_for = info.data.get("keep_for")
        if keep_for is not None and value >= keep_for:
            raise ValueError("must be shorter than keep_for, the time between two reviews")
        return value


class RewardSection(Section):
    """One ``[[loyalty.rewards]]``: a seed for the catalogue, which the database owns afterwards."""

    key: Name
    price_points: int = Field(ge=1, le=_MOST_POINTS)
    names: Words
    terms: Words = Field({})
    stock: int | None = Field(None, ge=0, le=2_000_000_000)
    valid_from: Day | None = None
    valid_until: Day | None = None
    voucher_days: int = Field(90, ge=1, le=3650)
    picture: Path | None = None

    @field_validator("names", mode="after")
    @classmethod
    def _has_a_name(cls, value: dict[str, str]) -> dict[str, str]:
        if not value:
            raise ValueError('must not be empty; such as { en = "Tea set", zh_CN = "茶具" }')
        return value

    @field_validator("valid_until", mode="after")
    @classmethod
    def _not_before_it_begins(cls, value: Any, info: ValidationInfo) -> Any:
        begins = info.data.get("valid_from")
        if value is not None and begins is not None and value < begins:
            raise ValueError(f"{value} lies before valid_from, {begins}")
        return value

    def seed(self) -> RewardSeed:
        """Return the reward as services need it."""
        return RewardSeed(
            key=self.key,
            price_points=self.price_points,
            names=self.names,
            terms=self.terms,
            stock=self.stock,
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            voucher_days=self.voucher_days,
            picture=str(self.picture) if self.picture else None,
        )


class NoticesSection(Section):
    """``[loyalty.notices]``: what points members are told."""

    expiring_before: Annotated[list[Length], NoDecode, BeforeValidator(parse_list)] = Field(
        [parse_length("30d"), parse_length("7d")]
    )
    statement_day: int = Field(1, ge=0, le=28)
    statement_at: Clock = parse_clock("10:00")
    bundle_for: Span = parse_length("2m")
    stale_after: Length = parse_length("3d")

    def rules(self) -> NoticeRules:
        """Return the rules of notices as services need them."""
        return NoticeRules(
            expiring_before=tuple(sorted(set(self.expiring_before), reverse=True)),
            statement_day=self.statement_day or None,
            statement_at=self.statement_at,
            bundle_for=self.bundle_for,
            stale_after=self.stale_after,
        )


def _default_tiers() -> list[TierSection]:
    return [
        TierSection(key=tier.key, threshold=tier.threshold_minor // _DEFAULT_MINOR_PER_UNIT, percent=tier.percent)
        for tier in DEFAULT_TIERS
    ]


class LoyaltySection(Section):
    """``[loyalty]``: points, tiers and rewards."""

    enabled: bool = True
    currency: Currency = "CNY"
    clawback: Clawback = Clawback.ZERO
    agent_limit: int = Field(100, ge=0, le=_MOST_POINTS)
    supervisor_limit: int = Field(1000, ge=0, le=_MOST_POINTS)
    approval_for: Length = parse_length("3d")
    earning: EarningSection = EarningSection()
    tiering: TieringSection = TieringSection()
    tiers: list[TierSection] = Field(default_factory=_default_tiers, min_length=1)
    bonuses: list[BonusSection] = Field([])
    rewards: list[RewardSection] = Field([])
    notices: NoticesSection = NoticesSection()

    @field_validator("supervisor_limit", mode="after")
    @classmethod
    def _not_less_than_an_agent(cls, value: int, info: ValidationInfo) -> int:
        agent_limit = info.data.get("agent_limit")
        if agent_limit is not None and value < agent_limit:
            raise ValueError(f"must be at least agent_limit, which is {agent_limit}")
        return value

    @field_validator("tiers", mode="after")
    @classmethod
    def _ascending(cls, value: list[TierSection], info: ValidationInfo) -> list[TierSection]:
        refuse_twins(value, "key")
        if value[0].threshold != 0:
            raise KeyFault("#1.threshold", "must be 0; the first tier is that of everybody")
        for nth, (below, tier) in enumerate(pairwise(value), 2):
            if tier.threshold <= below.threshold:
                mend = f"must be greater than that of {below.key}, {below.threshold}; list tiers from the lowest up"
                raise KeyFault(f"#{nth}.threshold", mend)
        currency = info.data.get("currency")
        if currency is not None and value[-1].threshold * minor_per_unit(currency) > MOST_MINOR:
            raise KeyFault(f"#{len(value)}.threshold", f"must be at most {MOST_MINOR // minor_per_unit(currency)}")
        return value

    @field_validator("bonuses", mode="after")
    @classmethod
    def _for_known_tiers(cls, value: list[BonusSection], info: ValidationInfo) -> list[BonusSection]:
        refuse_twins(value, "name")
        known = [tier.key for tier in info.data.get("tiers", ())]
        for nth, bonus in enumerate(value, 1):
            for tier in bonus.tiers if known else ():
                if tier not in known:
                    mend = hint(tier, known) or f"; loyalty.tiers knows {', '.join(known)}"
                    raise KeyFault(f"#{nth}.tiers", f"unknown tier {tier}{mend}")
        return value

    @field_validator("rewards", mode="after")
    @classmethod
    def _each_once(cls, value: list[RewardSection]) -> list[RewardSection]:
        return refuse_twins(value, "key")

    def check_languages(self, offered: list[str]) -> None:
        """Raise :class:`KeyFault` for a name in a language that is not offered."""
        for nth, tier in enumerate(self.tiers, 1):
            refuse_unoffered(tier.names, offered, f"tiers #{nth}.names")
        for nth, reward in enumerate(self.rewards, 1):
            refuse_unoffered(reward.names, offered, f"rewards #{nth}.names")
            refuse_unoffered(reward.terms, offered, f"rewards #{nth}.terms")

    def in_folder(self, folder: Path) -> Self:
        """Return this section with the paths of pictures taken from ``folder``."""
        rewards = [
            each.model_copy(update={"picture": folder / each.picture}) if each.picture else each
            for each in self.rewards
        ]
        return self.model_copy(update={"rewards": rewards})

    def missing_pictures(self, folder: Path) -> list[str]:
        """Return a line for every picture of a reward that is not there."""
        return [
            f"loyalty.rewards #{nth}.picture: there is no file {folder / reward.picture}"
            for nth, reward in enumerate(self.rewards, 1)
            if reward.picture and not (folder / reward.picture).is_file()
        ]

    def rules(self) -> LoyaltyRules:
        """Return the rules of loyalty as services need them."""
        unit = minor_per_unit(self.currency)
        earning = EarningRules(
            milli_points_per_unit=int(self.earning.points_per_unit * 1000),
            rounding=self.earning.rounding,
            bonuses=tuple(bonus.rules() for bonus in self.bonuses),
            occasions=self.earning.occasions.given(),
            day_cap=self.earning.day_cap,
            pending_for=self.earning.pending_for,
            expire_after=self.earning.expire_after,
        )
        tiering = TierRules(
            tiers=tuple(Tier(tier.key, tier.threshold * unit, tier.percent, tier.names) for tier in self.tiers),
            window=self.tiering.window,
            keep_for=self.tiering.keep_for,
            notice_before=self.tiering.notice_before,
        )
        return LoyaltyRules(
            enabled=self.enabled,
            currency=self.currency,
            earning=earning,
            tiering=tiering,
            clawback=self.clawback,
            agent_limit=self.agent_limit,
            supervisor_limit=self.supervisor_limit,
            approval_for=self.approval_for,
            notices=self.notices.rules(),
            rewards=tuple(reward.seed() for reward in self.rewards),
        )
