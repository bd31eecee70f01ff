"""Taking the better of a campaign's messages for everybody still to come: looked at once, when its time has come."""

from collections.abc import Mapping
from dataclasses import replace

from domain.campaigns import CampaignState
from domain.campaigns.learning import Comparison, Finding
from domain.campaigns.outcomes import MEASURED, Deed
from domain.people import SYSTEM
from services.campaigns.book import Kept, list_campaigns
from services.campaigns.notices import tell_marketers
from services.campaigns.progress import ANSWERED, CLICKED
from services.campaigns.results import Counted, scope_of, verdict
from services.campaigns.watching import Step
from services.work import Work
from storage import campaign_results as result_rows
from storage import campaigns as rows
from storage.audit import add_audit
from storage.campaign_results import Scope, Unit


async def decide_winners(work: Work) -> int:
    """Take winners where it is time to; returns how many campaigns were decided on."""
    step = await look(work)
    return await step(work) if step is not None else 0


async def look(work: Work) -> Step | None:
    """Read which campaigns are to be decided on, and how; returns what is to be written, ``None`` for nothing.

    A comparison is made once for each set of messages: looked at again and again, chance alone would name a winner
    sooner or later. With too few people reached it waits.
    """
    found = {}
    for kept in await list_campaigns(work, state=CampaignState.RUNNING):
        comparison = await _compare(work, kept)
        if comparison is not None and comparison.finding is not Finding.TOO_FEW:
            found[kept.key] = (kept, comparison)
    if not found:
        return None

    async def decide(writing: Work) -> int:
        return sum([await _decide(writing, kept, comparison) for kept, comparison in found.values()])

    return decide


async def _compare(work: Work, kept: Kept) -> Comparison | None:
    """Return how a campaign's messages compare, ``None`` when that is not asked, or not yet, or was asked before."""
    learning = kept.campaign.learning
    if learning.decide_after is None or len(kept.campaign.variants) < 2 or kept.winner is not None:
        return None
    row = await rows.get_campaign(work.tx, kept.key)
    if row is None or row.winner_at is not None:
        return None
    scope = await scope_of(work, kept)
    first_at, _ = await result_rows.first_and_last(work.tx, scope)
    if first_at is None or work.now < first_at + learning.decide_after:
        return None
    deed = MEASURED[learning.measure]
    units = await result_rows.count_units(work.tx, scope)
    counts = await _count(work, scope, deed)
    return verdict(kept.campaign, Counted(units, {deed: counts}, {}, {}))


async def _count(work: Work, scope: Scope, deed: Deed) -> Mapping[Unit, int]:
    tx = work.tx
    if deed is Deed.PURCHASES:
        found = await result_rows.sum_purchases(tx, scope, currency=work.rules.loyalty.currency)
        return {unit: one.buyers for unit, one in found.items()}
    if deed is Deed.POINTS:
        return {unit: people for unit, (people, _) in (await result_rows.sum_points(tx, scope)).items()}
    return await result_rows.count_taps(tx, scope, ANSWERED if deed is Deed.ANSWERS else CLICKED)


async def _decide(work: Work, seen: Kept, comparison: Comparison) -> int:
    """Write down the winner, or that there is none; marketers hear of it."""
    await rows.hold_campaigns(work.tx)
    row = await rows.get_campaign(work.tx, seen.key)
    if row is None or row.version != seen.version or row.winner_at is not None or row.state != seen.state.value:
        return 0
    await rows.change_campaign(work.tx, seen.id, winner=comparison.winner, winner_at=work.now, changed_at=work.now)
    add_audit(
        work.tx,
        at=work.now,
        actor=SYSTEM,
        action="campaign.decide",
        subject=("campaign", seen.id),
        after={"key": seen.key, "winner": comparison.winner, "finding": comparison.finding.value},
    )
    name = "winner" if comparison.winner is not None else "no_winner"
    await tell_marketers(
        work,
        replace(seen, winner=comparison.winner),
        f"campaign_results.notice.{name}",
        variant=comparison.winner or "–",
    )
    return 1
