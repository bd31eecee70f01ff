"""What a business decides about its campaigns as a whole."""

from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum


class ApprovalNeeded(StrEnum):
    """When a second person looks at a campaign before it goes out."""

    NEVER = "never"
    ABOVE = "above"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class CampaignRules:
    """``send_at`` is the usual local time; ``region`` (ISO 3166, such as ``CN``) says which holidays are kept.

    An occasion missed by more than ``catch_up``, because the program did not run, is not looked for any more.
    ``ahead_s`` is how many seconds' worth of messages wait ready in the outbox, of the ``per_second`` that may go. A
    campaign is paused when, of its last messages (at least ``stop_least``), more than the share ``stop_errors`` failed
    or ``stop_blocks`` found themselves blocked. Paid broadcast costs ``paid_star_tenths`` tenths of a Star a message.
    ``assumed_margin`` is the share of an amount that is margin where the cost of a purchase is not known.
    """

    shipped: tuple[str, ...] = ("birthday",)
    send_at: time = time(10)
    region: str = "CN"
    approval: ApprovalNeeded = ApprovalNeeded.NEVER
    approval_above: int = 50
    catch_up: timedelta = timedelta(days=7)
    ahead_s: float = 6
    stop_least: int = 50
    stop_errors: float = 0.2
    stop_blocks: float = 0.1
    solemn_hold: bool = True
    paid_broadcast: bool = False
    paid_per_second: int = 1000
    paid_star_tenths: int = 1
    message_cost_minor: int = 0
    hour_cost_minor: int = 0
    assumed_margin: float | None = None
    per_second: int = 30
