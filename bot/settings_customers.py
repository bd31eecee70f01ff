"""The sections of the configuration about the customer record, and about how often people are written to unasked."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import NoDecode

from bot.settings_base import KeyFault, Section, refuse_twins, refuse_unoffered
from bot.settings_values import Length, Name, Region, Span, Words, parse_length, parse_list
from domain.loyalty import ContactRules, CustomField, FieldKind, RecordRules


class ContactBudgetSection(Section):
    """``[care.contact_budget]``: how many unasked messages one person gets in a period; 0 is no limit."""

    messages: int = Field(4, ge=0, le=10_000)
    per: Length = parse_length("7d")
    unbudgeted: Annotated[list[Name], NoDecode, BeforeValidator(parse_list)] = Field(["birthday"])


class SuppressionSection(Section):
    """``[care.suppression]``: what holds unasked messages back."""

    open_case: bool = True
    low_score_for: Span = parse_length("14d")
    refund_for: Span = parse_length("7d")


def contact_rules(budget: ContactBudgetSection, suppression: SuppressionSection) -> ContactRules:
    """Return the rules of both sections as services need them."""
    return ContactRules(
        budget=budget.messages or None,
        budget_for=budget.per,
        unbudgeted=tuple(budget.unbudgeted),
        hold_on_open_case=suppression.open_case,
        hold_after_low_score=suppression.low_score_for,
        hold_after_refund=suppression.refund_for,
    )


class FieldSection(Section):
    """One ``[[customers.fields]]``: a field of the customer record that this business wants."""

    key: Name
    kind: FieldKind
    labels: Words = Field({})
    choices: Annotated[list[str], NoDecode, BeforeValidator(parse_list)] = Field([], validate_default=True)

    @field_validator("choices", mode="after")
    @classmethod
    def _as_the_kind_wants(cls, value: list[str]) -> list[str]:
        if any(not choice.strip() for choice in value):
            raise ValueError("must not hold an empty choice")
        if len(set(value)) < len(value):
            raise ValueError("names a choice twice; keep one of them")
        return value

    def check_choices(self, key: str) -> None:
        """Raise :class:`KeyFault` when choices are missing, or there are some where none are chosen among."""
        if self.kind is FieldKind.CHOICE and not self.choices:
            raise KeyFault(f"{key}.choices", 'missing; kind = "choice" needs what can be chosen')
        if self.kind is not FieldKind.CHOICE and self.choices:
            raise KeyFault(f"{key}.choices", f'only kind = "choice" has them, this is "{self.kind}"; take them out')


class CustomersSection(Section):
    """``[customers]``: the customer record."""

    phone_region: Region = "CN"
    link_code_for: Length = timedelta(days=7)
    fields: list[FieldSection] = Field([])

    @field_validator("fields", mode="after")
    @classmethod
    def _each_once(cls, value: list[FieldSection]) -> list[FieldSection]:
        for nth, field in enumerate(value, 1):
            field.check_choices(f"#{nth}")
        return refuse_twins(value, "key")

    def check_languages(self, offered: list[str]) -> None:
        """Raise :class:`KeyFault` for a label in a language that is not offered."""
        for nth, field in enumerate(self.fields, 1):
            refuse_unoffered(field.labels, offered, f"fields #{nth}.labels")

    def rules(self) -> RecordRules:
        """Return the rules of the customer record as services need them."""
        fields = (CustomField(each.key, each.kind, each.labels, tuple(each.choices)) for each in self.fields)
        return RecordRules(phone_region=self.phone_region, fields=tuple(fields), link_code_for=self.link_code_for)
