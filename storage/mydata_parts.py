"""What is kept about one person, and which of it is handed to them.

Each table is either shown by one or several parts, or has a reason why it is not; so is each column of a table that is
shown. A table or column added later without that decision fails a test.
"""

from storage.mydata_rows import (
    Part,
    branch,
    brought,
    came_by,
    case_number,
    clocked,
    escalated,
    his_answers,
    his_refunds,
    his_uses,
    his_words,
    looked_up,
    running,
    said_openly,
    shown_files,
    tagged,
    told_besides,
)
from storage.tables import (
    audit,
    bans,
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

_OWN = "a number of the program's own, which says nothing more"
_WHO = "this whole file is about the person"
_STAFF = "names a member of staff"
_SENDING = "how it travels, not what is said"
_SHOWN = "shown under another name"


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
        more=(branch(customers.c.branch_id),),
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
        whose=said_openly,
        more=(
            case_number(interactions.c.case_id),
            looked_up(media.c.name, media.c.id, interactions.c.media_id, "file"),
        ),
    ),
    Part(
        "files_sent",
        media,
        "name mime size state kept_at",
        {_OWN: "id bot_id file_unique_id file_id sha256"},
        whose=shown_files,
    ),
    Part("unfinished", dialogues, "name step data updated_at due_at", {_OWN: "contact_point_id"}, whose=running),
    Part(
        "told_besides",
        outbox,
        "created_at state body settled_at",
        {
            _OWN: "id bot_id dedupe_key coalesce_key customer_id case_id interaction_id delivery_id",
            _SENDING: "lane chat_key purpose on_unknown action target_kind target_ref attempts not_before_at claimed_at"
            " sent_chat_id message_id message_count error",
        },
        whose=told_besides,
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
    Part("case_tags", case_tags, "tag at", {_OWN: "case_id"}, more=(case_number(case_tags.c.case_id),), whose=tagged),
    Part(
        "answer_times",
        sla_results,
        "kind started_at due_at ended_at kept worked_s priority tier",
        {_OWN: "id case_id", _STAFF: "member_id"},
        more=(case_number(sla_results.c.case_id),),
        whose=clocked,
    ),
    Part(
        "escalations",
        escalations,
        "level cause reason at ended_at ended_as",
        {_OWN: "id case_id repeats answer_due_at", _STAFF: "by_kind by_id told taken_by"},
        more=(case_number(escalations.c.case_id),),
        whose=escalated,
    ),
    Part(
        "tasks",
        tasks,
        "kind text why created_at due_at word_at done_at outcome cancelled_at",
        {_OWN: "id key reminded_at case_id", _WHO: "customer_id", _STAFF: "owner_id by_kind by_id done_by"},
        more=(case_number(tasks.c.case_id),),
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
        more=(case_number(survey_responses.c.case_id),),
    ),
    Part(
        "survey_answers",
        survey_answers,
        "response_id question kind number choices text on_date skipped answered_at replaced_at",
        {_OWN: "id counts interaction_id"},
        whose=his_answers,
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
        more=(case_number(feedback.c.case_id),),
    ),
    Part("feedback_words", feedback_words, "feedback_id interaction_id", whose=his_words),
    Part(
        "purchases",
        purchases,
        "id source_key bought_at amount_minor currency refunded_minor items channel noted_at",
        {_WHO: "customer_id", _SHOWN: "branch_id", "is what the thing cost the business": "cost_minor"},
        more=(branch(purchases.c.branch_id),),
    ),
    Part("refunds", refunds, "purchase_id source_key at amount_minor reason", {_OWN: "id"}, whose=his_refunds),
    Part(
        "points",
        point_entries,
        "id kind points at source_key rule working reason actor_kind purchase_id reverses_id uncovered forgiven",
        {_WHO: "customer_id", _STAFF: "actor_id", _SHOWN: "case_id"},
        more=(case_number(point_entries.c.case_id),),
    ),
    Part(
        "point_lots",
        point_lots,
        "id entry_id points remaining available_at awaits lasts_s expires_at",
        {_WHO: "customer_id"},
    ),
    Part("point_uses", point_uses, "lot_id entry_id points", {_OWN: "id"}, whose=his_uses),
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
            looked_up(rewards.c.key, rewards.c.id, vouchers.c.reward_id, "reward"),
            looked_up(rewards.c.texts, rewards.c.id, vouchers.c.reward_id, "reward_texts"),
            branch(vouchers.c.branch_id),
        ),
    ),
    Part("brought_by_you", referrals, "at rewarded_at void_reason", _REFERRALS_OUT, whose=brought),
    Part("you_were_brought", referrals, "at rewarded_at void_reason", _REFERRALS_OUT, whose=came_by),
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
