"""Why somebody is not greeted, or not yet, as staff read it."""

from domain.contact import Hold

HOLDOUT, LATE = "holdout", "late"
"""Why a delivery may be skipped the moment it is planned."""
_OURS = (
    HOLDOUT,
    LATE,
    "opted_out",
    "greeted",
    "changed",
    "birthday_changed",
    "turn",
    "solemn",
    "fault",
    "no_gift",
    "cancelled",
    "stopped",
    "withdrawn",
    "expired",
    "blocked",
    "not_found",
    "assumed",
)
_WORDED = frozenset({*Hold, *_OURS})


def why_key(reason: str | None) -> str:
    """Return the key of the words for why people are skipped, held or not reached, as deliveries name the reason."""
    return f"campaign.why.{reason if reason in _WORDED else 'other'}"
