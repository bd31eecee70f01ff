"""Campaigns: what goes out by itself, to whom, when, and what comes of it."""

from domain.campaigns.definition import (
    WHOLE,
    ButtonKind,
    Campaign,
    CampaignButton,
    CampaignState,
    Gift,
    Invitation,
    Learning,
    Measure,
    OccasionKind,
    PauseReason,
    TaskPlan,
    Variant,
    When,
)
from domain.campaigns.rules import ApprovalNeeded, CampaignRules

__all__ = (
    "WHOLE",
    "ApprovalNeeded",
    "ButtonKind",
    "Campaign",
    "CampaignButton",
    "CampaignRules",
    "CampaignState",
    "Gift",
    "Invitation",
    "Learning",
    "Measure",
    "OccasionKind",
    "PauseReason",
    "TaskPlan",
    "Variant",
    "When",
)
