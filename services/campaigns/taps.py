"""The buttons under a campaign's message, and what a tap on one does."""

from domain.campaigns import ButtonKind, CampaignButton
from domain.outgoing import Button, Rows
from domain.surveys import in_language
from services.campaigns.book import Kept
from services.work import Work

FEWER = "c:cm"
TAP = "c:cp"


def buttons_of(work: Work, kept: Kept, *, delivery_id: int, language: str) -> Rows:
    """Return the buttons under one person's message: the campaign's own, two a row, then one for fewer of these."""
    own = [_button(one, delivery_id, language) for one in kept.campaign.buttons if one.kind is not ButtonKind.MUTE]
    rows = tuple(tuple(own[at : at + 2]) for at in range(0, len(own), 2))
    fewer = work.texts.button("campaign_tap.fewer", language)
    return (*rows, (Button(fewer, data=f"{FEWER}:{delivery_id}"),))


def _button(one: CampaignButton, delivery_id: int, language: str) -> Button:
    label = in_language(one.label, language)
    if one.kind is ButtonKind.LINK:
        return Button(label, url=one.url)
    return Button(label, data=f"{TAP}:{delivery_id}:{one.key}")
