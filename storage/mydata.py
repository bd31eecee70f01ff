"""Everything that is kept about one person, part by part, to be handed to them.

Each table is either shown by one or several parts, or has a reason why it is not; so is each column of a table that is
shown. A table or column added later without that decision fails a test.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, Table, Text, cast, func, literal, or_, select

from storage.database import Tx
from storage.tables import (
    audit,
    bans,
    branches,
    campaign_optouts,
    campaign_taps,
    case_tags,
    cases,
    consents,
    contact_points,
    customer_events,
    customer_tags,
    customers,
    deliveries,
    dialogues,
    escalations,
    feedback,
    feedback_words,
    files,
    interactions,
    jobs,
    link_codes,
    media,
    notices,
    outbox,
    point_entries,
    point_lots,
    point_uses,
    purchases,
    referrals,
    refunds,
    rewards,
    sla_results,
    survey_answers,
    survey_responses,
    tasks,
    tier_changes,
    vouchers,
    webhook_events,
)

Ids = Sequence[int]
"""All records of one person, those merged into one included."""

_OWN = "a number of the program's own, which says nothing more"
_WHO = "this whole file is about the person"
_STAFF = "names a member of staff"
_SENDING = "how it travels, not what is said"
_SHOWN = "shown under another name"


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


def _looked_up(value: Column[Any], key: Column[Any], by: Column[Any], name: str) -> ColumnElement[Any]:
    """Return ``value`` of the row whose ``key`` is ``by``, as ``name``."""
    return select(value).where(key == by).scalar_subquery().label(name)


def _branch(by: Column[Any]) -> ColumnElement[Any]:
    return _looked_up(branches.c.code, branches.c.id, by, "branch")


def _case_number(by: Column[Any]) -> ColumnElement[Any]:
    return _looked_up(cases.c.number, cases.c.id, by, "case_number")


def _said(ids: Ids) -> ColumnElement[bool]:
    his_cases = select(cases.c.id).where(cases.c.customer_id.in_(ids))
    return or_(interactions.c.customer_id.in_(ids), interactions.c.case_id.in_(his_cases))


def _said_openly(ids: Ids) -> ColumnElement[bool]:
    return _said(ids) & (interactions.c.visibility == "customer")


def _shown_files(ids: Ids) -> ColumnElement[bool]:
    return media.c.id.in_(select(interactions.c.media_id).where(_said_openly(ids)))


def _running(ids: Ids) -> ColumnElement[bool]:
    his = select(contact_points.c.id).where(contact_points.c.customer_id.in_(ids))
    return dialogues.c.contact_point_id.in_(his) & (dialogues.c.step != "")


def _told_besides(ids: Ids) -> ColumnElement[bool]:
    """What was said to the person outside the conversation on record, such as an apology, while its wording is kept."""
    his = contact_points.c.customer_id.in_(ids)
    to_chat = outbox.c.chat_key.in_(select(literal("x") + cast(contact_points.c.chat_id, Text)).where(his))
    to_contact = outbox.c.chat_key.in_(select(literal("c") + cast(contact_points.c.id, Text)).where(his))
    words = outbox.c.interaction_id.is_(None) & outbox.c.body.is_not(None) & outbox.c.action.in_(["send", "edit"])
    return or_(to_chat, to_contact) & words


def _his_answers(ids: Ids) -> ColumnElement[bool]:
    his = select(survey_responses.c.id).where(survey_responses.c.customer_id.in_(ids))
    return survey_answers.c.response_id.in_(his)


def _of_his_cases(column: Column[Any], ids: Ids) -> ColumnElement[bool]:
    return column.in_(select(cases.c.id).where(cases.c.customer_id.in_(ids)))


def _tagged(ids: Ids) -> ColumnElement[bool]:
    return _of_his_cases(case_tags.c.case_id, ids)


def _clocked(ids: Ids) -> ColumnElement[bool]:
    return _of_his_cases(sla_results.c.case_id, ids)


def _escalated(ids: Ids) -> ColumnElement[bool]:
    return _of_his_cases(escalations.c.case_id, ids)


def _his_refunds(ids: Ids) -> ColumnElement[bool]:
    return refunds.c.purchase_id.in_(select(purchases.c.id).where(purchases.c.customer_id.in_(ids)))


def _his_uses(ids: Ids) -> ColumnElement[bool]:
    return point_uses.c.entry_id.in_(select(point_entries.c.id).where(point_entries.c.customer_id.in_(ids)))


def _his_words(ids: Ids) -> ColumnElement[bool]:
    return feedback_words.c.feedback_id.in_(select(feedback.c.id).where(feedback.c.customer_id.in_(ids)))


def _brought(ids: Ids) -> ColumnElement[bool]:
    return referrals.c.referrer_id.in_(ids)


def _came_by(ids: Ids) -> ColumnElement[bool]:
    return referrals.c.referred_id.in_(ids)


_OF_CONSENT = audit.c.action.like("consent.%")
_AUDIT_SHOWN = "at actor_kind action subject_kind before after"
_AUDIT_OUT = {_OWN: "id subject_id", _STAFF: "actor_id", _WHO: "customer_id"}
_REFERRALS_OUT = {_OWN: "id", "is about somebody else": "referrer_id referred_id"}

PARTS = (
    Part(
        "records",
        customers,
        "name language zone zone_source call_name phone phone_proved_at birth_month birth_day birth_year"
        " birth_calendar birth_leap preferences custom code tier tier_since_at tier_review_at lost_at lost_reason"
        " source source_key created_at",
        {
            _OWN: "id",
            _STAFF: "owner_id",
            _SHOWN: "branch_id",
            "all records that were merged into one are here": "merged_into",
            "whoever was forgotten has no file": "erased_at",
        },
        whose=lambda ids: customers.c.id.in_(ids),
        more=(_branch(customers.c.branch_id),),
    ),
    Part("tags", customer_tags, "tag at", {_WHO: "customer_id"}),
    Part(
        "chats",
        contact_points,
        "chat_id username reach reach_since_at notice_version banned_until_at slowed_at",
        {_OWN: "id bot_id customer_id"},
    ),
    Part("consents", consents, "kind given until_at notice_version changed_at", {_WHO: "customer_id"}),
    Part(
        "consent_history",
        audit,
        _AUDIT_SHOWN,
        _AUDIT_OUT,
        whose=lambda ids: audit.c.customer_id.in_(ids) & _OF_CONSENT,
    ),
    Part(
        "conversation",
        interactions,
        "id at author_kind direction kind text entities extra media_group_id version_of reply_to",
        {
            _OWN: "bot_id chat_id message_id update_id",
            _WHO: "customer_id",
            _STAFF: "author_id",
            _SHOWN: "case_id media_id",
            "notes of staff to each other are counted, not quoted": "visibility",
        },
        whose=_said_openly,
        more=(
            _case_number(interactions.c.case_id),
            _looked_up(media.c.name, media.c.id, interactions.c.media_id, "file"),
        ),
    ),
    Part(
        "files_sent",
        media,
        "name mime size state kept_at",
        {_OWN: "id bot_id file_unique_id file_id sha256"},
        whose=_shown_files,
    ),
    Part("unfinished", dialogues, "name step data updated_at due_at", {_OWN: "contact_point_id"}, whose=_running),
    Part(
        "told_besides",
        outbox,
        "created_at state body settled_at",
        {
            _OWN: "id bot_id dedupe_key coalesce_key customer_id case_id interaction_id delivery_id",
            _SENDING: "lane chat_key purpose on_unknown action target_kind target_ref attempts not_before_at claimed_at"
            " sent_chat_id message_id message_count error",
        },
        whose=_told_besides,
    ),
    Part(
        "cases",
        cases,
        "number kind state aspect order_ref summary opened_at first_response_due_at first_response_at promised_at"
        " promise_renewals resolved_at closed_at last_customer_at last_staff_at"
        " priority priority_why next_response_due_at resolution_due_at paused_at held_until_at reopens resolutions"
        " ended_as confidential",
        {
            _OWN: "id contact_point_id staff_group_id promise_warned level sla_clocks sla_look_at sla_told cause_id",
            _WHO: "customer_id",
            _STAFF: "owner_id resolver_id about_member_id",
            "the number of the other case stands among its words": "merged_into",
        },
    ),
    Part("case_tags", case_tags, "tag at", {_OWN: "case_id"}, more=(_case_number(case_tags.c.case_id),), whose=_tagged),
    Part(
        "answer_times",
        sla_results,
        "kind started_at due_at ended_at kept worked_s priority tier",
        {_OWN: "id case_id", _STAFF: "member_id"},
        more=(_case_number(sla_results.c.case_id),),
        whose=_clocked,
    ),
    Part(
        "escalations",
        escalations,
        "level cause reason at ended_at ended_as",
        {_OWN: "id case_id repeats answer_due_at", _STAFF: "by_kind by_id told taken_by"},
        more=(_case_number(escalations.c.case_id),),
        whose=_escalated,
    ),
    Part(
        "tasks",
        tasks,
        "kind text why created_at due_at word_at done_at outcome cancelled_at",
        {_OWN: "id key reminded_at case_id", _WHO: "customer_id", _STAFF: "owner_id by_kind by_id done_by"},
        more=(_case_number(tasks.c.case_id),),
    ),
    Part(
        "surveys",
        survey_responses,
        "id survey version state language tier asked_at score text answered_at finished_at ended_at low_at",
        {
            _OWN: "occasion case_id step picked cause campaign purchase_id delivery_id opened_case_id"
            " remind_at expires_at",
            _WHO: "customer_id",
            _STAFF: "member_id",
        },
        more=(_case_number(survey_responses.c.case_id),),
    ),
    Part(
        "survey_answers",
        survey_answers,
        "response_id question kind number choices text on_date skipped answered_at replaced_at",
        {_OWN: "id counts interaction_id"},
        whose=_his_answers,
    ),
    Part(
        "bans",
        bans,
        "reason at until_at lifted_at",
        {_OWN: "id", _WHO: "customer_id", _STAFF: "by_kind by_id"},
    ),
    Part(
        "feedback",
        feedback,
        "id at kind stars aspect text finished_at",
        {_WHO: "customer_id", _SHOWN: "case_id"},
        more=(_case_number(feedback.c.case_id),),
    ),
    Part("feedback_words", feedback_words, "feedback_id interaction_id", whose=_his_words),
    Part(
        "purchases",
        purchases,
        "id source_key bought_at amount_minor currency refunded_minor items channel noted_at",
        {_WHO: "customer_id", _SHOWN: "branch_id", "is what the thing cost the business": "cost_minor"},
        more=(_branch(purchases.c.branch_id),),
    ),
    Part("refunds", refunds, "purchase_id source_key at amount_minor reason", {_OWN: "id"}, whose=_his_refunds),
    Part(
        "points",
        point_entries,
        "id kind points at source_key rule working reason actor_kind purchase_id reverses_id uncovered forgiven",
        {_WHO: "customer_id", _STAFF: "actor_id", _SHOWN: "case_id"},
        more=(_case_number(point_entries.c.case_id),),
    ),
    Part(
        "point_lots",
        point_lots,
        "id entry_id points remaining available_at awaits lasts_s expires_at",
        {_WHO: "customer_id"},
    ),
    Part("point_uses", point_uses, "lot_id entry_id points", {_OWN: "id"}, whose=_his_uses),
    Part(
        "tiers",
        tier_changes,
        "at before after cause spend_minor actor_kind",
        {_OWN: "id", _WHO: "customer_id", _STAFF: "actor_id"},
    ),
    Part(
        "vouchers",
        vouchers,
        "code entry_id points state issued_at expires_at used_at used_by_kind",
        {_OWN: "id", _WHO: "customer_id", _STAFF: "used_by_id", _SHOWN: "reward_id branch_id"},
        more=(
            _looked_up(rewards.c.key, rewards.c.id, vouchers.c.reward_id, "reward"),
            _looked_up(rewards.c.texts, rewards.c.id, vouchers.c.reward_id, "reward_texts"),
            _branch(vouchers.c.branch_id),
        ),
    ),
    Part("brought_by_you", referrals, "at rewarded_at void_reason", _REFERRALS_OUT, whose=_brought),
    Part("you_were_brought", referrals, "at rewarded_at void_reason", _REFERRALS_OUT, whose=_came_by),
    Part(
        "notices",
        notices,
        "kind data ready_at stale_at state reason",
        {_OWN: "id delivery_id", _WHO: "customer_id", "what keeps it from being told twice": "key"},
    ),
    Part(
        "events",
        customer_events,
        "name at source_key data",
        {_OWN: "id", _WHO: "customer_id"},
    ),
    Part(
        "unasked_messages",
        deliveries,
        "campaign occasion occasion_on zone due_at late_after_at state reason consent planned_at queued_at settled_at"
        " params",
        {_OWN: "id variant version recalls held", _WHO: "customer_id"},
    ),
    Part(
        "taps_on_messages",
        campaign_taps,
        "campaign kind button at",
        {_OWN: "id delivery_id", _WHO: "customer_id", _STAFF: "by_id"},
    ),
    Part("unwanted_occasions", campaign_optouts, "topic at", {_WHO: "customer_id"}),
    Part(
        "files_made",
        files,
        "kind name mime wanted_at",
        {
            _OWN: "id dedupe_key",
            _WHO: "customer_id",
            "made from what stands here, and forgotten after a while": "recipe content",
        },
    ),
    Part(
        "link_codes",
        link_codes,
        "created_at expires_at used_at",
        {_OWN: "id", _WHO: "customer_id", "only a hash is kept": "code_hash"},
    ),
    Part("told_to_other_systems", webhook_events, "kind at data", {_OWN: "id", _WHO: "customer_id"}),
    Part(
        "changes",
        audit,
        _AUDIT_SHOWN,
        _AUDIT_OUT,
        whose=lambda ids: audit.c.customer_id.in_(ids) & ~_OF_CONSENT,
    ),
)
"""The headings of the file, in their order."""

_SETTINGS = "the business's own settings; about no customer"
_ENGINE = "the program's own book-keeping; holds no words and names nobody"
NOT_SHOWN: dict[str, str] = {
    "api_answers": "short-lived copies of what other systems were answered, made of what stands here",
    "api_keys": _SETTINGS,
    "approvals": "questions of one member of staff to another; what came of them stands under points",
    "branches": _SETTINGS,
    "campaign_pictures": _SETTINGS,
    "campaign_runs": _SETTINGS,
    "campaign_versions": _SETTINGS,
    "campaign_watchers": "who of staff watches a campaign",
    "campaigns": _SETTINGS,
    "canned_answers": _SETTINGS,
    "causes": _SETTINGS,
    "counters": _ENGINE,
    "erasures": "whoever was forgotten has no file",
    "import_runs": _ENGINE,
    "inbox": "what came in from Telegram, word for word, for some days; what was said stands under conversation",
    "jobs": _ENGINE,
    "keyword_rules": _SETTINGS,
    "pauses": _ENGINE,
    "point_accounts": "up to when debts were settled; the entries and lots stand here",
    "rewards": "the catalogue; the reward behind a voucher stands with it",
    "segments": _SETTINGS,
    "staff_focus": "which case a member of staff has at hand",
    "staff_groups": _SETTINGS,
    "staff_members": _SETTINGS,
    "survey_versions": _SETTINGS,
    "survey_waves": _SETTINGS,
    "surveys": _SETTINGS,
    "topics": "where staff see a case; holds no words",
    "webhook_deliveries": "how the events that stand here travelled",
    "webhook_endpoints": _SETTINGS,
}
"""Why the other tables are not in the file."""

DECISIONS: dict[str, tuple[Part, ...] | str] = {
    **{part.table.name: tuple(one for one in PARTS if one.table is part.table) for part in PARTS},
    **NOT_SHOWN,
}
"""For every table: the parts that show it, or why it is not shown."""


async def stream_part(tx: Tx, part: Part, ids: Ids) -> AsyncIterator[dict[str, Any]]:
    """Yield the rows of one part, a few at a time; empty values are left out."""
    await tx.flush()
    async with tx.connection.stream(part.query(ids)) as rows:
        async for row in rows:
            yield {name: value for name, value in row._mapping.items() if value not in (None, [], {})}


async def count_rows(tx: Tx, ids: Ids, names: Sequence[str]) -> dict[str, int]:
    """Return how many rows these parts hold."""
    wanted = [part for part in PARTS if part.name in names]
    counts = (select(func.count()).select_from(part.query(ids).order_by(None).subquery()) for part in wanted)
    row = (await tx.execute(select(*(count.scalar_subquery() for count in counts)))).one()
    return {part.name: number for part, number in zip(wanted, row, strict=True)}


async def count_notes(tx: Tx, ids: Ids) -> int:
    """Return how many notes staff wrote to each other in this person's cases."""
    notes = select(func.count()).where(_said(ids), interactions.c.visibility != "customer")
    return int((await tx.execute(notes.select_from(interactions))).scalar_one())


async def last_wanted_at(tx: Tx, ids: Ids) -> datetime | None:
    """Return when this person's file was last asked for; one that could not be made does not count."""
    failed = select(jobs.c.ref).where(jobs.c.kind == "make_file", jobs.c.state == "failed", jobs.c.ref == files.c.id)
    asked = files.c.customer_id.in_(ids) & (files.c.kind == "mydata")
    statement = select(files.c.wanted_at).where(asked, ~failed.exists()).order_by(files.c.wanted_at.desc()).limit(1)
    at: datetime | None = (await tx.execute(statement)).scalar_one_or_none()
    return at
