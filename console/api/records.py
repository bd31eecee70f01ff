"""How a customer's record goes in and out of the API."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictBool, StrictFloat, StrictInt, StringConstraints

from console.api.shapes import BranchCode, Shape, SourceKey, words
from domain.languages import LANGUAGES
from domain.people import Birthday
from domain.records import CALL_NAME_LETTERS, NAME_LETTERS, PREFERENCES_LETTERS, TAG_LETTERS, LostReason
from storage.records import Record

_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"

Name = Annotated[str, words(NAME_LETTERS)]
CallName = Annotated[str, words(CALL_NAME_LETTERS)]
Phone = Annotated[str, words(40)]
Zone = Annotated[str, words(64)]
Language = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(LANGUAGES)})$")]
Preferences = Annotated[str, StringConstraints(max_length=PREFERENCES_LETTERS, pattern=_TEXT)]
Tag = Annotated[str, words(TAG_LETTERS)]
FieldKey = Annotated[str, words(64)]
FieldValue = (
    Annotated[str, StringConstraints(max_length=500, pattern=_TEXT)] | StrictBool | StrictInt | StrictFloat | None
)


class BirthdayIn(Shape):
    """A birthday, solar or lunar; the year may be left out."""

    month: Annotated[int, Field(strict=True, ge=1, le=12)]
    day: Annotated[int, Field(strict=True, ge=1, le=31)]
    year: Annotated[int, Field(strict=True, ge=1900, le=2100)] | None = None
    lunar: StrictBool = False
    leap: StrictBool = Field(False, description="Born in a lunar leap month.")

    def value(self) -> Birthday:
        """Return it as the record keeps it."""
        return Birthday(self.month, self.day, self.year, self.lunar, self.leap and self.lunar)


class Fields(Shape):
    """What can be said of a customer; what is left out stays as it is."""

    call_name: CallName | None = Field(None, description="How this person likes to be addressed.")
    phone: Phone | None = Field(None, description="In any spelling.", examples=["138 0013 8000"])
    language: Language | None = Field(None, examples=["zh_TW"])
    zone: Zone | None = Field(None, description="An IANA zone or a city.", examples=["Asia/Taipei"])
    birthday: BirthdayIn | None = None
    preferences: Preferences | None = Field(None, description="What is good to know, in plain words.")
    custom: dict[FieldKey, FieldValue] | None = Field(
        None, description="Fields that the shop declared; null takes one away.", max_length=50
    )
    tags: Annotated[list[Tag], Field(max_length=100)] | None = Field(None, description="All of them.")
    branch: BranchCode | None = None
    source_key: SourceKey | None = Field(None, description="Your key for this customer; unique.")


class NewCustomer(Fields):
    """A customer to be added."""

    name: Name = Field(examples=["Ann Lee"])


class CustomerChange(Fields):
    """Fields to change; null empties one."""

    name: Name | None = None
    lost_reason: LostReason | None = Field(None, description="Why somebody is no customer any more; null: is one.")


class BirthdayOut(BaseModel):
    """A birthday."""

    month: int
    day: int
    year: int | None
    lunar: bool
    leap: bool


class CustomerOut(BaseModel):
    """A customer."""

    code: str = Field(description="The public id: member number and referral code.")
    name: str
    call_name: str | None
    phone: str | None = Field(description="E.164.")
    phone_proved_at: datetime | None = Field(description="When Telegram said that the number is this person's.")
    language: str
    zone: str | None
    zone_source: str | None
    birthday: BirthdayOut | None
    preferences: str | None
    custom: dict[str, Any]
    tags: list[str]
    tier: str
    tier_since_at: datetime | None
    branch: str | None
    source_key: str | None
    lost_reason: str | None
    created_at: datetime


def customer_out(record: Record, branches: dict[int, str]) -> CustomerOut:
    """Return a record as the API shows it."""
    birthday = record.birthday
    return CustomerOut(
        code=record.code,
        name=record.name,
        call_name=record.call_name,
        phone=record.phone,
        phone_proved_at=record.phone_proved_at,
        language=record.language,
        zone=record.zone,
        zone_source=record.zone_source,
        birthday=BirthdayOut(
            month=birthday.month, day=birthday.day, year=birthday.year, lunar=birthday.lunar, leap=birthday.leap
        )
        if birthday
        else None,
        preferences=record.preferences,
        custom=record.custom,
        tags=list(record.tags),
        tier=record.tier,
        tier_since_at=record.tier_since_at,
        branch=branches.get(record.branch_id) if record.branch_id is not None else None,
        source_key=record.source_key,
        lost_reason=record.lost_reason,
        created_at=record.created_at,
    )


EXAMPLE: dict[str, Any] = {
    "code": "7K3M9QX2AB",
    "name": "Ann Lee",
    "call_name": "Ann",
    "phone": "+8613800138000",
    "phone_proved_at": None,
    "language": "zh_CN",
    "zone": "Asia/Shanghai",
    "zone_source": "phone",
    "birthday": {"month": 8, "day": 15, "year": None, "lunar": True, "leap": False},
    "preferences": "No nuts",
    "custom": {"shoe_size": 38},
    "tags": ["regular", "tea"],
    "tier": "silver",
    "tier_since_at": "2026-05-01T02:00:00Z",
    "branch": "store12",
    "source_key": "crm-4711",
    "lost_reason": None,
    "created_at": "2026-01-10T08:15:00Z",
}
