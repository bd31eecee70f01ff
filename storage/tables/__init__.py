"""All tables. Each says in ``info["erasure"]`` what becomes of its rows when a customer asks to be forgotten."""

from storage.tables.access import api_answers, api_keys, webhook_deliveries, webhook_endpoints, webhook_events
from storage.tables.base import DELETED, EMPTIED, KEPT, NOBODYS, metadata
from storage.tables.care import deliveries, notices
from storage.tables.desk import cases, feedback, feedback_words, topics
from storage.tables.loyalty import (
    point_accounts,
    point_entries,
    point_lots,
    point_uses,
    purchases,
    referrals,
    refunds,
    rewards,
    tier_changes,
    vouchers,
)
from storage.tables.people import (
    branches,
    consents,
    contact_points,
    customer_events,
    customer_tags,
    customers,
    link_codes,
    segments,
    staff_groups,
    staff_members,
)
from storage.tables.running import approvals, audit, counters, erasures, files, import_runs, jobs
from storage.tables.speech import dialogues, interactions, media
from storage.tables.traffic import inbox, outbox, pauses

__all__ = [
    "DELETED",
    "EMPTIED",
    "KEPT",
    "MAY_BE_ONE_CUSTOMERS",
    "NOBODYS",
    "api_answers",
    "api_keys",
    "approvals",
    "audit",
    "branches",
    "cases",
    "consents",
    "contact_points",
    "counters",
    "customer_events",
    "customer_tags",
    "customers",
    "deliveries",
    "dialogues",
    "erasures",
    "feedback",
    "feedback_words",
    "files",
    "import_runs",
    "inbox",
    "interactions",
    "jobs",
    "link_codes",
    "media",
    "metadata",
    "notices",
    "outbox",
    "pauses",
    "point_accounts",
    "point_entries",
    "point_lots",
    "point_uses",
    "purchases",
    "referrals",
    "refunds",
    "rewards",
    "segments",
    "staff_groups",
    "staff_members",
    "tier_changes",
    "topics",
    "vouchers",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_events",
]

MAY_BE_ONE_CUSTOMERS = tuple(table for table in metadata.sorted_tables if table.info["erasure"] not in (KEPT, NOBODYS))
"""Tables with a step in ``storage.erasure``."""
