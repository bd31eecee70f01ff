"""The card of a campaign with what can be done about it, as the wizard and the list both end in it."""

from collections.abc import Iterable

from domain.campaigns import ApprovalNeeded, CampaignState
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from domain.people import Permission
from handlers.staff.verbs import Ask, Done
from services.campaigns import staff_view
from services.campaigns.book import Kept
from texts.catalogue import safe

UNKNOWN = Refusal("campaign_staff.refused.unknown")
_EDITABLE = frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.PAUSED})
_LAUNCHED = frozenset({CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED})


def way(ask: Ask, name: str, verb: str, campaign_id: int, *more: str) -> Button:
    """Return a button that does something with a campaign; ``name`` is that of its words."""
    data = ":".join([f"k:{verb}:0:{campaign_id}", *more])
    return Button(ask.context.label(f"campaign_staff.button.{name}"), data=data)


def in_rows(buttons: Iterable[Button], width: int = 2) -> Rows:
    """Return buttons in rows of so many."""
    every = list(buttons)
    return tuple(tuple(every[at : at + width]) for at in range(0, len(every), width))


async def overview(ask: Ask, kept: Kept, *, head: str = "") -> Done | Refusal:
    """Show everything about a campaign, and what whoever asks may do with it; ``head`` is HTML above it."""
    said = await staff_view.card(ask.work, kept, by=ask.member, language=ask.language)
    if isinstance(said, Refusal):
        return said
    html = f"{head}\n\n{said}" if head else said
    return Done("campaign_staff.card", {"card": safe(html)}, buttons=_ways(ask, kept), shown=True, deed=False)


def _ways(ask: Ask, kept: Kept) -> Rows:
    rows: list[tuple[Button, ...]] = []
    if ask.member.may(Permission.RUN_CAMPAIGNS):
        rows += _of_marketers(ask, kept)
    if ask.member.may(Permission.APPROVE) and kept.asked_at is not None and kept.approved_version != kept.version:
        yes = way(ask, "approve", "campaignyes", kept.id, str(kept.version))
        rows.append((yes, way(ask, "send_back", "campaignback", kept.id)))
    if kept.state in _LAUNCHED:
        rows.append(
            (way(ask, "results", "campaignnews", kept.id, "results"), way(ask, "watch", "campaignnews", kept.id))
        )
    if kept.campaign.invitation is not None:
        rows.append((way(ask, "guests", "guests", kept.id),))
    return tuple(rows)


def _of_marketers(ask: Ask, kept: Kept) -> list[tuple[Button, ...]]:
    def go(name: str) -> Button:
        return way(ask, name, "campaigngo", kept.id, name)

    def step(name: str) -> Button:
        return way(ask, f"step.{name}", "campaignset", kept.id, name)

    rows: list[tuple[Button, ...]] = []
    if kept.state in _EDITABLE:
        rows += [(step("whom"), step("words")), (step("hour"), step("gift")), (step("kind"), step("name"))]
    trying = (way(ask, "dry_run", "campaigntry", kept.id, "dry"), way(ask, "test", "campaigntry", kept.id, "me"))
    if kept.state in (*_EDITABLE, CampaignState.RUNNING):
        rows.append(trying)
    asks = (go("ask"),) if ask.work.rules.campaigns.approval is not ApprovalNeeded.NEVER else ()
    if kept.state is CampaignState.DRAFT:
        rows += [(go("start"), *asks), (way(ask, "discard", "campaignset", kept.id, "drop"),)]
    elif kept.state is CampaignState.SCHEDULED:
        rows.append((go("start"), go("cancel")))
    elif kept.state is CampaignState.RUNNING:
        rows.append((go("pause"), go("cancel")))
    elif kept.state is CampaignState.PAUSED:
        rows += [(go("resume"), go("cancel")), *([asks] if asks else [])]
    if kept.state in _LAUNCHED:
        rows.append((way(ask, "unknown", "campaignlost", kept.id),))
    return rows
