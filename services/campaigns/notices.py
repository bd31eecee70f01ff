"""Telling those who run campaigns what happened to one by itself."""

from typing import Any

from services.campaigns.book import Kept
from services.campaigns.plain_words import title_words
from services.marketers import tell_those_who_run_campaigns
from services.work import Work


async def tell_marketers(work: Work, kept: Kept, key: str, *, dedupe_key: str | None = None, **values: Any) -> int:
    """Tell everybody who may run campaigns about one, with its key and title; returns how many were told."""

    def in_language(language: str) -> dict[str, Any]:
        return {"campaign": kept.key, "title": title_words(work, kept.campaign, language), **values}

    return await tell_those_who_run_campaigns(work, key, values=in_language, dedupe_key=dedupe_key)
