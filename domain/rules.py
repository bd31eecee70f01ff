"""The business's rules, as services need them: taken from the settings, kept apart from how those are written."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from domain.calendars import LeapDayPolicy, QuietHours
from domain.campaigns.rules import CampaignRules
from domain.desk import DeskRules
from domain.languages import LANGUAGES
from domain.loyalty import ContactRules, LoyaltyRules, RecordRules
from domain.surveys.rules import SurveyRules

NOTICE_VERSION = 1
"""The version of the privacy notice; it grows when the notice's meaning changes, and people are shown it again."""


@dataclass(frozen=True, slots=True)
class BirthdayRules:
    """When birthday care goes out, in each person's own zone."""

    enabled: bool = True
    send_at: time = time(9)
    leap_day: LeapDayPolicy = LeapDayPolicy.FEB_28
    late_after: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long which words are kept; ``None`` keeps them until the person asks otherwise."""

    inbox: timedelta | None = timedelta(days=7)
    outbox: timedelta | None = timedelta(days=30)
    media: timedelta | None = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules together."""

    business_name: str = "Our shop"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    languages: tuple[str, ...] = LANGUAGES
    answer_within: timedelta = timedelta(hours=4)
    reopen_within: timedelta = timedelta(days=7)
    gather_for: timedelta = timedelta(minutes=5)
    album_wait: timedelta = timedelta(seconds=1)
    show_staff_names: bool = True
    media_limit_bytes: int = 20 * 1024 * 1024
    quiet: QuietHours = field(default_factory=lambda: QuietHours(time(21), time(8)))
    birthday: BirthdayRules = field(default_factory=BirthdayRules)
    retention: Retention = field(default_factory=Retention)
    loyalty: LoyaltyRules = field(default_factory=LoyaltyRules)
    contact: ContactRules = field(default_factory=ContactRules)
    record: RecordRules = field(default_factory=RecordRules)
    desk: DeskRules = field(default_factory=DeskRules)
    surveys: SurveyRules = field(default_factory=SurveyRules)
    campaigns: CampaignRules = field(default_factory=CampaignRules)
