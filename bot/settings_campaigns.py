"""The section of the configuration about campaigns as a whole; each says for itself what it sends, and when."""

from datetime import time
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from bot.settings_base import Section
from bot.settings_values import Name, Span, parse_length, parse_list
from domain.campaigns import ApprovalNeeded, CampaignRules


class AutoStopSection(Section):
    """``[campaigns.auto_stop]``: when a campaign is paused by itself."""

    least: int = Field(50, ge=1, le=100_000)
    errors: float = Field(0.2, gt=0, le=1)
    blocks: float = Field(0.1, gt=0, le=1)


class PaidSection(Section):
    """``[campaigns.paid]``: paid broadcast, which costs Stars a message."""

    enabled: bool = False
    per_second: int = Field(1000, ge=1, le=1000)
    star_tenths: int = Field(1, ge=0, le=1000)

    @property
    def allowed_per_second(self) -> int:
        """How many messages a second may be paid for; 0 when none may."""
        return self.per_second if self.enabled else 0


class CampaignsSection(Section):
    """``[campaigns]``: what holds for all campaigns."""

    shipped: Annotated[list[Name], NoDecode, BeforeValidator(parse_list)] = Field(["birthday"])
    send_at: time = time(10)
    region: str = Field("CN", pattern=r"^[A-Z]{2}$")
    approval: ApprovalNeeded = ApprovalNeeded.NEVER
    approval_above: int = Field(50, ge=0, le=10_000_000)
    catch_up: Span = parse_length("7d")
    ahead_s: float = Field(6, ge=1, le=60)
    solemn_hold: bool = True
    message_cost_minor: int = Field(0, ge=0, le=1_000_000)
    hour_cost_minor: int = Field(0, ge=0, le=100_000_000)
    assumed_margin: float | None = Field(None, gt=0, le=1)
    auto_stop: AutoStopSection = AutoStopSection()
    paid: PaidSection = PaidSection()

    def rules(self) -> CampaignRules:
        """Return the rules as services need them."""
        return CampaignRules(
            shipped=tuple(self.shipped),
            send_at=self.send_at,
            region=self.region,
            approval=self.approval,
            approval_above=self.approval_above,
            catch_up=self.catch_up,
            ahead_s=self.ahead_s,
            stop_least=self.auto_stop.least,
            stop_errors=self.auto_stop.errors,
            stop_blocks=self.auto_stop.blocks,
            solemn_hold=self.solemn_hold,
            paid_broadcast=self.paid.enabled,
            paid_per_second=self.paid.per_second,
            paid_star_tenths=self.paid.star_tenths,
            message_cost_minor=self.message_cost_minor,
            hour_cost_minor=self.hour_cost_minor,
            assumed_margin=self.assumed_margin,
        )
