"""What came of a campaign: by message and against those held out, how sure that is, what it cost and brought in."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.campaigns import Campaign, CampaignState
from domain.campaigns.learning import ALPHA, LEAST_REACHED, Arm, Comparison, Finding, Uplift, compare, uplift
from domain.campaigns.outcomes import MEASURED, OF_ANYBODY, Cost, Deed, Gain, Group, Results, Warning, Worth
from domain.outcomes import Refusal
from domain.people import Actor, Permission
from domain.surveys.scores import share
from services.campaigns.book import Kept, get_campaign, list_versions
from services.campaigns.progress import ANSWERED, CLICKED
from services.permits import may
from services.work import Work
from storage import campaign_results as rows
from storage import campaigns as campaign_rows
from storage.campaign_results import Purchases, Scope, Unit

__all__ = ("ALPHA", "Counted", "count", "results", "scope_of", "verdict")

_Is = Callable[[Unit], bool]
_Counts = Mapping[Unit, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything that was counted of a campaign, by unit."""

    units: _Counts
    deeds: Mapping[Deed, _Counts]
    points: Mapping[Unit, tuple[int, int]]
    purchases: Mapping[Unit, Purchases]


async def results(work: Work, key: str, *, by: Actor, occasion: str | None = None) -> Results | Refusal:
    """Return what came of a campaign so far, or of one of its occasions; a report, for a connection that only reads."""
    if not await may(work, by, Permission.READ):
        return Refusal("desk.refused.not_allowed")
    kept = await get_campaign(work, key)
    if kept is None:
        return Refusal("campaign_results.refused.unknown", {"campaign": key})
    scope = await scope_of(work, kept, occasion)
    counted = await count(work, kept, scope)
    first_at, last_at = await rows.first_and_last(work.tx, scope)
    return await _results(work, kept, scope, counted, first_at, last_at)


async def scope_of(work: Work, kept: Kept, occasion: str | None = None) -> Scope:
    """Return which deliveries are counted; compared are those in versions with the same messages as now."""
    row = await campaign_rows.get_campaign(work.tx, kept.key)
    assert row is not None
    versions = await list_versions(work, kept.key)
    same = [one.version for one in versions if one.campaign.variants == kept.campaign.variants]
    until = work.now
    if kept.state is CampaignState.CANCELLED and kept.ended_at is not None:
        until = min(until, kept.ended_at)
    return Scope(
        campaign=kept.key,
        occasion=occasion,
        since=kept.created_at - kept.campaign.learning.attribution,
        until=until,
        window=kept.campaign.learning.attribution,
        versions=same,
        before=row.winner_at if row.winner is not None else None,
    )


async def count(work: Work, kept: Kept, scope: Scope) -> Counted:
    """Count what happened within the windows of a campaign's deliveries."""
    tx, campaign = work.tx, kept.campaign
    points = await rows.sum_points(tx, scope)
    purchases = await rows.sum_purchases(tx, scope, currency=work.rules.loyalty.currency)
    deeds = {
        Deed.ANSWERS: await rows.count_taps(tx, scope, ANSWERED),
        Deed.CLICKS: await rows.count_taps(tx, scope, CLICKED),
        Deed.BLOCKS: await rows.count_blocks(tx, scope, bot_id=work.bot_id),
        Deed.OPTOUTS: await rows.count_optouts(tx, scope, topic=campaign.topic, consent=campaign.consent.value),
        Deed.COMPLAINTS: await rows.count_complaints(tx, scope),
        Deed.PURCHASES: {unit: found.buyers for unit, found in purchases.items()},
        Deed.POINTS: {unit: found[0] for unit, found in points.items()},
    }
    return Counted(await rows.count_units(tx, scope), deeds, points, purchases)


def verdict(campaign: Campaign, counted: Counted) -> Comparison:
    """Compare the messages of a campaign by its measure, among those who got the words as they stand now."""
    deed = counted.deeds[MEASURED[campaign.learning.measure]]
    arms = []
    for variant in campaign.variants:
        is_its = _compared(variant.key)
        arms.append(Arm(variant.key, _sum(counted.units, is_its), _sum(deed, is_its)))
    return compare(arms)


def _compared(key: str) -> _Is:
    return lambda unit: unit.variant == key and unit.reached and unit.compared and not unit.held_out


def _sum(counts: _Counts, wanted: _Is) -> int:
    return sum(count for unit, count in counts.items() if wanted(unit))


async def _results(
    work: Work, kept: Kept, scope: Scope, counted: Counted, first_at: datetime | None, last_at: datetime | None
) -> Results:
    campaign = kept.campaign
    everybody = _group("", counted, lambda unit: not unit.held_out)
    held_out = _held_out(counted)
    uplifts = _uplifts(counted, held_out)
    open_until = last_at + scope.window if last_at is not None and last_at + scope.window > work.now else None
    comparison = verdict(campaign, counted)
    return Results(
        key=kept.key,
        title=campaign.title,
        version=kept.version,
        occasion=scope.occasion,
        attribution=scope.window,
        first_at=first_at,
        open_until=open_until,
        measure=campaign.learning.measure,
        all=everybody,
        variants=tuple(_group(key, counted, _sent_as(key)) for key in _keys(campaign, counted)),
        held_out=held_out,
        comparison=comparison,
        winner=kept.winner,
        uplifts=uplifts,
        cost=await _cost(work, campaign, scope, everybody),
        gain=_gain(work, counted, uplifts.get(Deed.PURCHASES)),
        currency=work.rules.loyalty.currency,
        warnings=tuple(_warnings(work, kept, scope, everybody, held_out, comparison, open_until)),
    )


def _keys(campaign: Campaign, counted: Counted) -> list[str]:
    known = [variant.key for variant in campaign.variants]
    older = sorted({unit.variant for unit in counted.units if unit.variant and not unit.held_out} - set(known))
    return [*known, *older]


def _sent_as(key: str) -> _Is:
    return lambda unit: unit.variant == key and not unit.held_out


def _group(key: str, counted: Counted, is_its: _Is) -> Group:
    """Return one message's people; what they did is counted of those whom it reached."""

    def is_reached(unit: Unit) -> bool:
        return is_its(unit) and unit.reached

    reached = _sum(counted.units, is_reached)
    return Group(
        key=key,
        meant=_sum(counted.units, is_its),
        reached=reached,
        shares={deed: share(_sum(counts, is_reached), reached) for deed, counts in counted.deeds.items()},
        points_used=sum(used for unit, (_, used) in counted.points.items() if is_reached(unit)),
        spent_minor=sum(found.spent_minor for unit, found in counted.purchases.items() if is_reached(unit)),
    )


def _is_held_out(unit: Unit) -> bool:
    return unit.held_out


def _held_out(counted: Counted) -> Group | None:
    meant = _sum(counted.units, _is_held_out)
    if not meant:
        return None
    return Group(
        key="",
        meant=meant,
        reached=0,
        shares={deed: share(_sum(counted.deeds[deed], _is_held_out), meant) for deed in OF_ANYBODY},
        points_used=sum(used for unit, (_, used) in counted.points.items() if unit.held_out),
        spent_minor=sum(found.spent_minor for unit, found in counted.purchases.items() if unit.held_out),
    )


def _uplifts(counted: Counted, held_out: Group | None) -> dict[Deed, Uplift]:
    """Compare everybody who was meant, reached or not, with those held out."""
    if held_out is None:
        return {}
    meant = _sum(counted.units, lambda unit: not unit.held_out)
    found = {}
    for deed in OF_ANYBODY:
        did = _sum(counted.deeds[deed], lambda unit: not unit.held_out)
        one = uplift(did, meant, _sum(counted.deeds[deed], _is_held_out), held_out.meant)
        if one is not None:
            found[deed] = one
    return found


async def _cost(work: Work, campaign: Campaign, scope: Scope, everybody: Group) -> Cost:
    rules, gift = work.rules.campaigns, campaign.gift
    gifts = await rows.count_gifts(work.tx, scope) if gift is not None else 0
    is_paid = campaign.paid and rules.paid_broadcast
    hours = campaign.learning.hours
    said = 0 if campaign.task is not None and campaign.task.alone else everybody.reached  # a task alone says nothing
    return Cost(
        messages_minor=said * rules.message_cost_minor,
        gifts_minor=gifts * gift.cost_minor if gift is not None else 0,
        hours_minor=round(hours * rules.hour_cost_minor),
        gifts=gifts,
        hours=hours,
        stars=said * rules.paid_star_tenths / 10 if is_paid else 0,
    )


def _gain(work: Work, counted: Counted, more: Uplift | None) -> Gain | None:
    """Return what further buyers brought in; what one of them brings is the average of all buyers in the windows."""
    found = list(counted.purchases.values())
    buyers = sum(one.buyers for one in found)
    if more is None or not buyers:
        return None
    worth, total = _worth(found, work.rules.campaigns.assumed_margin)
    per_buyer = total / buyers
    people, low, high = more.people
    return Gain(
        buyers=people,
        per_buyer_minor=round(per_buyer),
        minor=round(people * per_buyer),
        low_minor=round(min(low * per_buyer, high * per_buyer)),
        high_minor=round(max(low * per_buyer, high * per_buyer)),
        worth=worth,
    )


def _worth(found: Iterable[Purchases], assumed: float | None) -> tuple[Worth, float]:
    """Return what all purchases brought, and how that is meant."""
    found = list(found)
    uncosted = sum(one.uncosted_minor for one in found)
    if not uncosted:
        return Worth.MARGIN, sum(one.margin_minor for one in found)
    if assumed is not None:
        return Worth.ASSUMED_MARGIN, sum(one.margin_minor for one in found) + uncosted * assumed
    return Worth.AMOUNT, sum(one.spent_minor for one in found)


def _warnings(
    work: Work,
    kept: Kept,
    scope: Scope,
    everybody: Group,
    held_out: Group | None,
    comparison: Comparison,
    open_until: datetime | None,
) -> Iterable[Warning]:
    """Yield what to beware of, the weightiest first."""
    if everybody.meant and everybody.reached < LEAST_REACHED:
        yield Warning("campaign_results.warn.few", {"count": everybody.reached, "least": LEAST_REACHED})
    if open_until is not None:
        yield Warning("campaign_results.warn.open", {"until": open_until.astimezone(work.rules.zone).date()})
    if comparison.finding is Finding.TOO_FEW:
        yield Warning("campaign_results.warn.variants_few", {"least": LEAST_REACHED})
    if everybody.meant and held_out is None:
        yield Warning("campaign_results.warn.no_holdout")
    elif held_out is not None and held_out.meant < LEAST_REACHED:
        yield Warning("campaign_results.warn.holdout_few", {"count": held_out.meant, "least": LEAST_REACHED})
    if kept.version > len(scope.versions) and len(kept.campaign.variants) > 1:
        yield Warning("campaign_results.warn.versions")
