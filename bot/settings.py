"""The configuration: a TOML file, ``CAREBOT_<SECTION>__<KEY>`` in the environment above it, checked as a whole.

Every key stands in ``config.example.toml`` with its meaning, unit and default.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings_base import KeyFault, Section, refuse_twins
from bot.settings_campaigns import CampaignsSection
from bot.settings_customers import ContactBudgetSection, CustomersSection, SuppressionSection, contact_rules
from bot.settings_desk import DeskSection, TakesSection
from bot.settings_loyalty import LoyaltySection
from bot.settings_surveys import SurveysSection
from bot.settings_values import (
    ApiUrl,
    Clock,
    Code,
    DatabaseUrl,
    Language,
    Length,
    Period,
    PublicUrl,
    Server,
    Zone,
    is_token,
    parse_clock,
    parse_length,
    parse_list,
    parse_proxy,
    parse_secret_token,
    parse_zone,
)
from domain.calendars import LeapDayPolicy, QuietHours
from domain.languages import LANGUAGES
from domain.pacing import MOST_PER_SECOND, Limits
from domain.people import Role
from domain.rules import BirthdayRules, Retention, Rules

ENV_PREFIX = "CAREBOT_"
ENV_DELIMITER = "__"


class WebhookSection(Section):
    """``[telegram.webhook]``: where Telegram brings the updates, with ``mode = "webhook"``."""

    public_url: PublicUrl | None = None
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(8080, ge=1, le=65535)
    path: str = Field("/telegram", pattern=r"^/[A-Za-z0-9/_.-]*$")
    secret_token: SecretStr | None = None

    @field_validator("secret_token", mode="before")
    @classmethod
    def _usable_secret(cls, value: Any) -> Any:
        return parse_secret_token(value) if value is not None else None


class TelegramSection(Section):
    """``[telegram]``: the bot's token, and how updates come."""

    token_file: Path | None = None
    token: SecretStr | None = Field(None, validate_default=True)
    api_base_url: Server = "https://api.telegram.org"
    proxy: SecretStr | None = None
    mode: Literal["polling", "webhook"] = "polling"
    webhook: WebhookSection = Field(default_factory=WebhookSection, validate_default=True)

    @field_validator("token", mode="after")
    @classmethod
    def _given_and_plausible(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and value.get_secret_value().strip():
            return SecretStr(checked_token(value.get_secret_value()))
        if info.data.get("token_file") is None:
            raise ValueError(
                "missing; write the token that @BotFather gave you, or name a file that holds it in "
                "telegram.token_file, or set CAREBOT_TELEGRAM__TOKEN"
            )
        return None

    @field_validator("proxy", mode="after")
    @classmethod
    def _an_http_proxy(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_proxy(value.get_secret_value())
        return value

    @field_validator("webhook", mode="after")
    @classmethod
    def _reachable(cls, value: WebhookSection, info: ValidationInfo) -> WebhookSection:
        if info.data.get("mode") == "webhook" and value.public_url is None:
            raise KeyFault("public_url", 'missing; mode = "webhook" needs the HTTPS address that Telegram reaches')
        return value


def checked_token(token: str) -> str:
    """Return ``token`` without space around it. Raises ``ValueError``, which never repeats it."""
    if not is_token(token.strip()):
        raise ValueError("not a bot token; it looks like 123456789:AAE… , exactly as @BotFather wrote it")
    return token.strip()


class GroupSeed(Section):
    """One ``[[staff.groups]]``: a Telegram group in which staff work."""

    id: int
    name: str = Field(min_length=1, max_length=128)
    language: Language | None = None
    takes: TakesSection = TakesSection()

    @field_validator("id", mode="after")
    @classmethod
    def _of_a_group(cls, value: int) -> int:
        if value >= 0:
            raise ValueError("a group's id is negative, such as -1001234567890; positive ids are people")
        return value


class MemberSeed(Section):
    """One ``[[staff.members]]``: a person who works here."""

    id: int
    name: str = Field(min_length=1, max_length=128)
    role: Role
    language: Language | None = None

    @field_validator("id", mode="after")
    @classmethod
    def _of_a_person(cls, value: int) -> int:
        if value <= 0:
            raise ValueError("a person's id is positive; negative ids are groups")
        return value


class StaffSection(Section):
    """``[staff]``: seeds for the database, which owns staff and groups afterwards."""

    groups: list[GroupSeed] = Field([])
    members: list[MemberSeed] = Field([])

    @field_validator("groups", "members", mode="after")
    @classmethod
    def _each_once(cls, value: list[Any]) -> list[Any]:
        return refuse_twins(value, "id")


class StorageSection(Section):
    """``[storage]``: where everything is kept."""

    url: DatabaseUrl = "sqlite+aiosqlite:///carebot.db"
    media_folder: Path = Path("media")


class BranchSeed(Section):
    """One ``[[business.branches]]``: a shop or office of the business."""

    code: Code
    name: str = Field(min_length=1, max_length=128)


class BusinessSection(Section):
    """``[business]``: who speaks, in which languages, on which clock."""

    name: str = Field("Our shop", min_length=1, max_length=128)
    time_zone: Zone = Field(default_factory=lambda: parse_zone("UTC"))
    languages: Annotated[list[Language], NoDecode, BeforeValidator(parse_list), Field(min_length=1)] = Field(
        list(LANGUAGES)
    )
    branches: list[BranchSeed] = Field([])

    @field_validator("languages", mode="after")
    @classmethod
    def _no_language_twice(cls, value: list[str]) -> list[str]:
        if len(set(value)) < len(value):
            raise ValueError("names a language twice; keep one of them")
        return value

    @field_validator("branches", mode="after")
    @classmethod
    def _no_code_twice(cls, value: list[Any]) -> list[Any]:
        return refuse_twins(value, "code")


class QuietHoursSection(Section):
    """``[care.quiet_hours]``: local hours without outgoing care; equal start and end mean none."""

    start: Clock = parse_clock("21:00")
    end: Clock = parse_clock("08:00")


class CareSection(Section):
    """``[care]``: what customers are promised."""

    answer_within: Length = parse_length("4h")
    reopen_within: Length = parse_length("7d")
    gather_for: Length = parse_length("5m")
    show_staff_names: bool = True
    quiet_hours: QuietHoursSection = QuietHoursSection()
    contact_budget: ContactBudgetSection = ContactBudgetSection()
    suppression: SuppressionSection = SuppressionSection()


class BirthdaySection(Section):
    """``[birthday]``: congratulations to those who asked for them."""

    enabled: bool = True
    send_at: Clock = parse_clock("09:00")
    leap_day: LeapDayPolicy = LeapDayPolicy.FEB_28
    late_after: Length = parse_length("12h")


class RetentionSection(Section):
    """``[retention]``: how long things are kept."""

    inbox: Period = parse_length("7d")
    outbox: Period = parse_length("30d")
    media: Period = parse_length("730d")


class LimitsSection(Section):
    """``[limits]``: how fast Telegram is talked to; 0 switches a limit off."""

    messages_per_second: int = Field(30, ge=0, le=10_000)
    private_chat_gap_s: float = Field(1.0, ge=0, le=3600)
    group_per_minute: int = Field(20, ge=0, le=10_000)
    in_flight: int = Field(64, ge=1, le=1024)


class ApiSection(Section):
    """``[api]``: the REST API for other systems of the business, in the same process."""

    enabled: bool = False
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(8082, ge=1, le=65535)
    per_minute: int = Field(120, ge=1, le=100_000)
    public_url: ApiUrl | None = None


class LogSection(Section):
    """``[log]``: what the program says about itself, to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class DemoSection(Section):
    """``[demo]``: the movable clock of a simulator; never set it for a real bot."""

    clock_url: Server | None = None


class Settings(BaseSettings):
    """All settings together. Section ``limits`` is called ``pace`` here, since ``limits()`` is what others ask for."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=False,
        env_prefix=ENV_PREFIX,
        env_prefix_target="all",
        env_nested_delimiter=ENV_DELIMITER,
    )

    telegram: TelegramSection = Field(default_factory=TelegramSection, validate_default=True)
    staff: StaffSection = StaffSection()
    storage: StorageSection = StorageSection()
    business: BusinessSection = Field(default_factory=BusinessSection)
    care: CareSection = CareSection()
    customers: CustomersSection = Field(default_factory=CustomersSection, validate_default=True)
    loyalty: LoyaltySection = Field(default_factory=LoyaltySection, validate_default=True)
    desk: DeskSection = Field(default_factory=DeskSection, validate_default=True)
    surveys: SurveysSection = SurveysSection()
    campaigns: CampaignsSection = CampaignsSection()
    birthday: BirthdaySection = BirthdaySection()
    retention: RetentionSection = RetentionSection()
    pace: LimitsSection = Field(LimitsSection(), validation_alias="limits")
    api: ApiSection = Field(ApiSection(), validate_default=True)
    log: LogSection = LogSection()
    demo: DemoSection = DemoSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment stands above the file; nothing else is read."""
        return env_settings, init_settings

    @field_validator("customers", "loyalty", "desk", mode="after")
    @classmethod
    def _in_offered_languages(cls, value: Any, info: ValidationInfo) -> Any:
        if "business" in info.data:  # otherwise that section is wrong, and says so
            value.check_languages(info.data["business"].languages)
        return value

    @field_validator("desk", mode="after")
    @classmethod
    def _groups_take_what_there_is(cls, value: DeskSection, info: ValidationInfo) -> DeskSection:
        if {"staff", "business", "loyalty"} <= info.data.keys():
            business = info.data["business"]
            known = {
                "branches": [branch.code for branch in business.branches],
                "tiers": [tier.key for tier in info.data["loyalty"].tiers],
                "languages": list(business.languages),
            }
            for nth, group in enumerate(info.data["staff"].groups, 1):
                group.takes.check(f"/staff.groups #{nth}.takes", known)
        return value

    @field_validator("desk", mode="after")
    @classmethod
    def _of_known_tiers(cls, value: DeskSection, info: ValidationInfo) -> DeskSection:
        if "loyalty" in info.data:
            value.check_tiers([tier.key for tier in info.data["loyalty"].tiers])
        return value

    @field_validator("api", mode="after")
    @classmethod
    def _beside_the_webhook(cls, value: ApiSection, info: ValidationInfo) -> ApiSection:
        telegram = info.data.get("telegram")
        webhook = telegram.webhook if telegram is not None and telegram.mode == "webhook" else None
        here = (value.listen_host, value.listen_port)
        if value.enabled and webhook is not None and here == (webhook.listen_host, webhook.listen_port):
            raise KeyFault("listen_port", "telegram.webhook listens there; write another port")
        return value

    @property
    def token(self) -> str:
        """The bot token. A secret: never in a log, a message or an error."""
        assert self.telegram.token is not None
        return self.telegram.token.get_secret_value()

    @property
    def proxy(self) -> str | None:
        """The HTTP proxy on the way to Telegram, which may hold a password."""
        return self.telegram.proxy.get_secret_value() if self.telegram.proxy else None

    @property
    def bot_id(self) -> int:
        """The bot's Telegram id, which stands at the head of its token."""
        return int(self.token.partition(":")[0])

    @property
    def webhook_secret(self) -> str:
        """What Telegram must show at the webhook: the configured secret, else one derived from the token."""
        chosen = self.telegram.webhook.secret_token
        return chosen.get_secret_value() if chosen else hashlib.sha256(f"webhook {self.token}".encode()).hexdigest()

    def rules(self) -> Rules:
        """Return the business's rules as services need them."""
        return Rules(
            business_name=self.business.name,
            zone=self.business.time_zone,
            languages=tuple(self.business.languages),
            answer_within=self.care.answer_within,
            reopen_within=self.care.reopen_within,
            gather_for=self.care.gather_for,
            show_staff_names=self.care.show_staff_names,
            quiet=QuietHours(self.care.quiet_hours.start, self.care.quiet_hours.end),
            birthday=BirthdayRules(
                enabled=self.birthday.enabled,
                send_at=self.birthday.send_at,
                leap_day=self.birthday.leap_day,
                late_after=self.birthday.late_after,
            ),
            retention=Retention(self.retention.inbox, self.retention.outbox, self.retention.media),
            loyalty=self.loyalty.rules(),
            contact=contact_rules(self.care.contact_budget, self.care.suppression),
            record=self.customers.rules(),
            desk=replace(self.desk.rules(), group_per_minute=self.pace.group_per_minute),
            surveys=self.surveys.rules(),
            campaigns=replace(self.campaigns.rules(), per_second=self.pace.messages_per_second or MOST_PER_SECOND),
        )

    def limits(self) -> Limits:
        """Return how fast Telegram may be talked to."""
        pace = (self.pace.messages_per_second, self.pace.private_chat_gap_s, self.pace.group_per_minute)
        return Limits(*pace, paid_per_second=self.campaigns.paid.allowed_per_second)

    def in_folder(self, folder: Path, token: str | None = None) -> Self:
        """Return these settings with relative paths taken from ``folder``, and the token read from its file."""
        prefix = "sqlite+aiosqlite:///"
        url = self.storage.url
        if url.startswith(prefix):
            path, mark, options = url.removeprefix(prefix).partition("?")
            url = f"{prefix}{folder / path}{mark}{options}"
        storage = self.storage.model_copy(update={"url": url, "media_folder": folder / self.storage.media_folder})
        telegram = self.telegram.model_copy(update={"token": SecretStr(token)}) if token else self.telegram
        loyalty = self.loyalty.in_folder(folder)
        return self.model_copy(update={"storage": storage, "telegram": telegram, "loyalty": loyalty})
