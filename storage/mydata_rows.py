"""Whose rows are whose: how a part of what is kept about one person is asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, Text, cast, literal, or_, select

from storage.tables import (
    branches,
    case_tags,
    cases,
    contact_points,
    dialogues,
    escalations,
    feedback,
    feedback_words,
    interactions,
    media,
    outbox,
    point_entries,
    point_uses,
    purchases,
    referrals,
    refunds,
    sla_results,
    survey_answers,
    survey_responses,
)

Ids = Sequence[int]
"""All records of one person, those merged into one included."""


@dataclass(frozen=True, slots=True)
class Part:
    """One heading of the file: which rows of a table, which of its columns, and why the others are not shown.

    ``left_out`` gives the columns by reason. ``more`` are values looked up in other tables.
    """

    name: str
    table: Table
    shown: str
    left_out: Mapping[str, str] = field(default_factory=dict)
    whose: Callable[[Ids], ColumnElement[bool]] | None = None
    more: tuple[ColumnElement[Any], ...] = ()

    def query(self, ids: Ids) -> Select[Any]:
        """Return the rows of one person, oldest first."""
        columns = [self.table.c[name] for name in self.shown.split()]
        whose = self.whose(ids) if self.whose else self.table.c.customer_id.in_(ids)
        return select(*columns, *self.more).where(whose).order_by(*self.table.primary_key.columns)

    def decided(self) -> set[str]:
        """Return the columns that are shown, or left out for a reason."""
        return {*self.shown.split(), *(name for names in self.left_out.values() for name in names.split())}


def looked_up(value: Column[Any], key: Column[Any], by: Column[Any], name: str) -> ColumnElement[Any]:
    """Return ``value`` of the row whose ``key`` is ``by``, as ``name``."""
    return select(value).where(key == by).scalar_subquery().label(name)


def branch(by: Column[Any]) -> ColumnElement[Any]:
    """Return the code of the branch with this id."""
    return looked_up(branches.c.code, branches.c.id, by, "branch")


def case_number(by: Column[Any]) -> ColumnElement[Any]:
    """Return the public number of the case with this id."""
    return looked_up(cases.c.number, cases.c.id, by, "case_number")


def said(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for what was said with the person, and what staff noted in their cases."""
    his_cases = select(cases.c.id).where(cases.c.customer_id.in_(ids))
    return or_(interactions.c.customer_id.in_(ids), interactions.c.case_id.in_(his_cases))


def said_openly(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for what the person could read."""
    return said(ids) & (interactions.c.visibility == "customer")


def shown_files(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for files in what the person could read."""
    return media.c.id.in_(select(interactions.c.media_id).where(said_openly(ids)))


def running(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for dialogues the person is in."""
    his = select(contact_points.c.id).where(contact_points.c.customer_id.in_(ids))
    return dialogues.c.contact_point_id.in_(his) & (dialogues.c.step != "")


def told_besides(ids: Ids) -> ColumnElement[bool]:
    """What was said to the person outside the conversation on record, such as an apology, while its wording is kept."""
    his = contact_points.c.customer_id.in_(ids)
    to_chat = outbox.c.chat_key.in_(select(literal("x") + cast(contact_points.c.chat_id, Text)).where(his))
    to_contact = outbox.c.chat_key.in_(select(literal("c") + cast(contact_points.c.id, Text)).where(his))
    words = outbox.c.interaction_id.is_(None) & outbox.c.body.is_not(None) & outbox.c.action.in_(["send", "edit"])
    return or_(to_chat, to_contact) & words


def his_answers(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for answers in surveys."""
    his = select(survey_responses.c.id).where(survey_responses.c.customer_id.in_(ids))
    return survey_answers.c.response_id.in_(his)


def of_his_cases(column: Column[Any], ids: Ids) -> ColumnElement[bool]:
    """Return the condition that a column names a case of theirs."""
    return column.in_(select(cases.c.id).where(cases.c.customer_id.in_(ids)))


def tagged(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for tags of their cases."""
    return of_his_cases(case_tags.c.case_id, ids)


def clocked(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for clocks of their cases."""
    return of_his_cases(sla_results.c.case_id, ids)


def escalated(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for escalations of their cases."""
    return of_his_cases(escalations.c.case_id, ids)


def his_refunds(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for refunds of their purchases."""
    return refunds.c.purchase_id.in_(select(purchases.c.id).where(purchases.c.customer_id.in_(ids)))


def his_uses(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for where their points went."""
    return point_uses.c.entry_id.in_(select(point_entries.c.id).where(point_entries.c.customer_id.in_(ids)))


def his_words(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for words of their feedback."""
    return feedback_words.c.feedback_id.in_(select(feedback.c.id).where(feedback.c.customer_id.in_(ids)))


def brought(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for people they brought."""
    return referrals.c.referrer_id.in_(ids)


def came_by(ids: Ids) -> ColumnElement[bool]:
    """Return the condition for who brought them."""
    return referrals.c.referred_id.in_(ids)
