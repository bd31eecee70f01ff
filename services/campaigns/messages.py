"""The words of campaigns, rendered for one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.surveys import in_language
from services.campaigns.book import Kept
from services.campaigns.templates import MessageFault, render_text, variables_in
from services.campaigns.variables import Values, context_of, load_values
from services.work import Work

__all__ = ("MessageFault", "Rendered", "Values", "load_values", "render", "render_text")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as one person reads it: Telegram HTML, and the key of its picture."""

    html: str
    picture: str | None


def render(
    work: Work, kept: Kept, *, variant: str | None, values: Values, params: Mapping[str, Any], language: str
) -> Rendered:
    """Return a campaign's message for one person, in their language, else in English. Raises :class:`MessageFault`."""
    variants = kept.campaign.variants
    chosen = next((one for one in variants if one.key == variant), variants[0])
    text = in_language(chosen.text, language)
    if not text:
        raise MessageFault("there is no text in any language; write one")
    context = context_of(work, kept.campaign, values, params, language, wanted=variables_in(text))
    return Rendered(render_text(text, context, with_picture=chosen.picture is not None), chosen.picture)
