"""Campaigns in the hands of staff: looked at, tried, started, stopped, approved; what nobody knows the arrival of."""

from datetime import UTC, datetime, timedelta

from domain.campaigns import CampaignState
from domain.campaigns.schedule import usual_at
from domain.deeds import Deed, why_not
from domain.instants import local_instant
from domain.moments import instant_of, read_when
from domain.outcomes import Refusal
from domain.outgoing import Button, Rows
from handlers.staff.campaign_cards import UNKNOWN, in_rows, overview, way
from handlers.staff.verbs import Ask, Done, Verb
from services.campaigns import approval, control, staff_view, trial, wizard
from services.campaigns.book import Kept, wrong_state
from services.campaigns.plain_words import title_words
from services.campaigns.trial import Tried
from services.case_door import actor_of
from storage.campaign_feed import Unknown
from texts.catalogue import safe

_OTHER = "other"
_PAGE = 12
_MOST_UNKNOWN = 6
_PAID = "campaign_control.refused.paid"
_ASK_FIRST = frozenset({"campaign_staff.refused.unapproved", "campaign_staff.refused.changed_since"})
_STALE = Refusal("campaign_staff.refused.choice")


async def _kept(ask: Ask) -> Kept | None:
    return await wizard.find_by_id(ask.work, ask.number())


def _title(ask: Ask, kept: Kept) -> str:
    return title_words(ask.work, kept.campaign, ask.language)


async def on_campaigns(ask: Ask) -> Done | Refusal:
    """List the campaigns with their figures; each can be looked at. Ready-made ones stand on pages of their own."""
    if ask.argument() == "ready":
        return await _ready_made(ask, max(0, ask.number(1)))
    listed = await staff_view.list_lines(ask.work, by=ask.member, language=ask.language)
    if isinstance(listed, Refusal):
        return listed
    rows: list[tuple[Button, ...]] = [
        (Button(_title(ask, kept), data=f"k:campaignview:0:{kept.id}"),) for kept, _ in listed.lines
    ]
    if listed.ready_made:
        label = ask.context.label("campaign_staff.button.ready_made")
        rows.append((Button(label, data="k:campaigns:0:ready"),))
    if why_not(Deed.RUN_CAMPAIGNS, ask.member) is None:
        rows.append((Button(ask.context.label("campaign_staff.button.new"), data="k:campaign:0"),))
    rows.append((Button(ask.context.label("campaign_staff.button.calendar"), data="k:calendar:0"),))
    if not listed.lines:
        return Done("campaign_staff.none", buttons=tuple(rows), shown=True, deed=False)
    lines = safe("\n\n".join(line for _, line in listed.lines))
    return Done("campaign_staff.list", {"lines": lines}, buttons=tuple(rows), shown=True, deed=False)


async def _ready_made(ask: Ask, page: int) -> Done | Refusal:
    found = await staff_view.list_ready_made(ask.work, by=ask.member)
    if isinstance(found, Refusal):
        return found
    shown = found[page * _PAGE : (page + 1) * _PAGE]
    if not shown:
        return Done("campaign_staff.no_ready_made", shown=True, deed=False)
    rows = in_rows(Button(_title(ask, kept), data=f"k:campaignview:0:{kept.id}") for kept in shown)
    if len(found) > (page + 1) * _PAGE:
        more = Button(ask.context.label("campaign_staff.button.more"), data=f"k:campaigns:0:ready:{page + 1}")
        rows = (*rows, (more,))
    return Done("campaign_staff.ready_made", buttons=rows, shown=True, deed=False)


async def on_view(ask: Ask) -> Done | Refusal:
    """Show one campaign with everything that can be done about it."""
    if (refusal := why_not(Deed.CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept = await _kept(ask)
    return await overview(ask, kept) if kept is not None else UNKNOWN


# Letting it go


async def on_go(ask: Ask) -> Done | Refusal:
    """Start, pause, resume or end a campaign, or ask for a second look; what cannot be undone is asked about first."""
    if (refusal := why_not(Deed.RUN_CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept, deed, sure = await _kept(ask), ask.argument(1), ask.argument(2)
    if kept is None:
        return UNKNOWN
    if deed == "start":
        return await _start(ask, kept, sure)
    if deed == "ask":
        return await _ask_approval(ask, kept)
    if deed == "cancel" and sure != "yes":
        yes = way(ask, "cancel_yes", "campaigngo", kept.id, "cancel", "yes")
        values: dict[str, object] = {"title": _title(ask, kept)}
        return Done("campaign_staff.cancel_sure", values, buttons=((yes, _back(ask, kept)),), shown=True, deed=False)
    by = actor_of(ask.member)
    if deed == "resume":
        done = await control.resume(ask.work, kept.key, by=by, paid_yes=sure == "paid")
        return await _said(ask, kept, done, deed)
    if deed not in ("pause", "cancel"):
        return _STALE
    act = control.pause if deed == "pause" else control.cancel
    return await _said(ask, kept, await act(ask.work, kept.key, by=by), deed)


def _back(ask: Ask, kept: Kept) -> Button:
    return way(ask, "overview", "campaignview", kept.id)


async def _start(ask: Ask, kept: Kept, sure: str) -> Done | Refusal:
    if not sure:
        return await _ask_when(ask, kept)
    if sure == _OTHER and not ask.words:
        values: dict[str, object] = {"title": _title(ask, kept)}
        return Done(None, values, prompt="campaign_staff.prompt.moment", arguments=ask.arguments[:3], deed=False)
    at = _tomorrow(ask, kept) if sure == "tomorrow" else None
    if sure == _OTHER:
        at = _moment(ask, kept)
        if at is None or at <= ask.work.now:
            return Refusal("campaign_staff.refused.moment")
    done = await control.launch(ask.work, kept.key, at=at, by=actor_of(ask.member), paid_yes=sure == "paid")
    return await _said(ask, kept, done, "start")


async def _ask_when(ask: Ask, kept: Kept) -> Done | Refusal:
    if kept.state not in (CampaignState.DRAFT, CampaignState.SCHEDULED):
        return wrong_state(kept)
    looked = await trial.count(ask.work, kept, by=actor_of(ask.member))
    if isinstance(looked, Refusal):
        return looked
    values: dict[str, object] = {"title": _title(ask, kept), "count": looked, "tomorrow": _tomorrow(ask, kept)}
    rows: Rows = (
        (way(ask, "start_now", "campaigngo", kept.id, "start", "now"),),
        (
            Button(
                ask.context.label("campaign_staff.button.start_tomorrow", **ask.context.told(values)),
                data=f"k:campaigngo:0:{kept.id}:start:tomorrow",
            ),
        ),
        (way(ask, "start_other", "campaigngo", kept.id, "start", _OTHER),),
        (_back(ask, kept),),
    )
    return Done("campaign_staff.start_sure", values, buttons=rows, shown=True, deed=False)


def _tomorrow(ask: Ask, kept: Kept) -> datetime:
    zone = ask.work.rules.zone
    day = ask.work.now.astimezone(zone).date() + timedelta(days=1)
    at = usual_at(kept.campaign.when, ask.work.rules)
    return local_instant(datetime.combine(day, at), zone).astimezone(UTC)


def _moment(ask: Ask, kept: Kept) -> datetime | None:
    """Return the instant that was written, at the campaign's usual hour where none was; ``None``: there is none."""
    zone = ask.work.rules.zone
    now = ask.work.now.astimezone(zone)
    read = read_when(ask.words, now=now.replace(tzinfo=None))
    return instant_of(read, now=ask.work.now, zone=zone, usual=usual_at(kept.campaign.when, ask.work.rules))


async def _said(ask: Ask, kept: Kept, done: Kept | Refusal, deed: str) -> Done | Refusal:
    """Say what came of it, with the card as it is now; what is lacking is said with the way to it."""
    if not isinstance(done, Refusal):
        head = ask.context.text(f"campaign_staff.did.{deed}", title=_title(ask, done))
        return await overview(ask, done, head=head)
    if done.key == _PAID:
        pay = way(ask, "pay", "campaigngo", kept.id, deed, "paid")
        return Done(done.key, done.values, buttons=((pay, _back(ask, kept)),), shown=True, deed=False)
    if done.key in _ASK_FIRST:
        asking = way(ask, "ask", "campaigngo", kept.id, "ask")
        return Done(done.key, done.values, buttons=((asking, _back(ask, kept)),), shown=True, deed=False)
    return done


async def _ask_approval(ask: Ask, kept: Kept) -> Done | Refusal:
    asked = await approval.ask_approval(ask.work, kept.key, by=actor_of(ask.member))
    if isinstance(asked, Refusal):
        return asked
    names = ask.context.label("campaign_staff.comma").join(member.name for member in asked.told)
    key = "asked" if names else "asked_nobody"
    return await overview(ask, asked.kept, head=ask.context.text(f"campaign_staff.did.{key}", names=names))


# Approving


async def on_yes(ask: Ask) -> Done | Refusal:
    """Approve a campaign in the version that was looked at."""
    if (refusal := why_not(Deed.APPROVE_CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept = await _kept(ask)
    if kept is None:
        return UNKNOWN
    version = ask.number(1) if ask.argument(1) else None
    done = await approval.approve(ask.work, kept.key, by=actor_of(ask.member), version=version)
    if isinstance(done, Refusal):
        return done
    return Done("campaign_staff.did.approve", {"title": _title(ask, done)}, shown=True)


async def on_send_back(ask: Ask) -> Done | Refusal:
    """Send a campaign back, with what should be different."""
    if (refusal := why_not(Deed.APPROVE_CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept = await _kept(ask)
    if kept is None:
        return UNKNOWN
    if not ask.words:
        values: dict[str, object] = {"title": _title(ask, kept)}
        return Done(None, values, prompt="campaign_staff.prompt.reason", arguments=ask.arguments[:1], deed=False)
    done = await approval.send_back(ask.work, kept.key, by=actor_of(ask.member), reason=ask.words)
    return done if isinstance(done, Refusal) else Done("campaign_staff.did.send_back", {"title": _title(ask, done)})


# Trying


async def on_try(ask: Ask) -> Done | Refusal:
    """Send it to whoever asks, or look at what would happen to some of the people it is for."""
    if (refusal := why_not(Deed.RUN_CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept = await _kept(ask)
    if kept is None:
        return UNKNOWN
    if ask.argument(1) == "tap":
        return Done("campaign_staff.test.tap", deed=False)
    if ask.argument(1) == "dry":
        tried = await trial.try_run(ask.work, kept.key, by=actor_of(ask.member))
        return tried if isinstance(tried, Refusal) else _tried(ask, kept, tried)
    done = await trial.test_to_me(ask.work, kept.key, by=ask.member, language=ask.language)
    return done if isinstance(done, Refusal) else Done("campaign_staff.test.sent", deed=False)


def _tried(ask: Ask, kept: Kept, tried: Tried) -> Done:
    text = ask.context.text
    lines = [text("campaign_staff.tried.head", title=_title(ask, kept), meant=tried.meant)]
    if tried.looked_at:
        lines.append(text("campaign_staff.tried.looked_at", count=tried.looked_at, go=tried.would_go))
    if tried.skips:
        why = staff_view.reasons_words(ask.work, dict(tried.skips), ask.language)
        lines.append(text("campaign_staff.tried.skips", why=why))
    lines += [text("campaign_staff.tried.fault", name=name, fault=fault) for name, fault in tried.faults]
    if tried.fault_count > len(tried.faults):
        lines.append(text("campaign_staff.tried.more_faults", count=tried.fault_count - len(tried.faults)))
    if tried.languages:
        spread = ask.context.label("campaign_staff.comma").join(
            f"{ask.context.label(f'language.{one}')} {number}" for one, number in sorted(tried.languages.items())
        )
        lines.append(text("campaign_staff.tried.languages", spread=spread, longest=tried.longest))
    if tried.finish_at is not None:
        moment = ask.work.texts.moment(tried.finish_at, ask.language, zone=ask.work.rules.zone, now=ask.work.now)
        lines.append(text("campaign_staff.tried.finish", at=moment))
    rows = ((way(ask, "test", "campaigntry", kept.id, "me"), _back(ask, kept)),)
    return Done("campaign_staff.card", {"card": safe("\n".join(lines))}, buttons=rows, shown=True, deed=False)


# What nobody knows the arrival of


async def on_unknown(ask: Ask) -> Done | Refusal:
    """List the messages nobody knows the arrival of; send them once more, or take them for delivered."""
    if (refusal := why_not(Deed.RUN_CAMPAIGNS, ask.member)) is not None:
        return refusal
    kept, answer = await _kept(ask), ask.argument(1)
    if kept is None:
        return UNKNOWN
    head = ""
    if answer:
        if answer not in ("again", "there"):
            return _STALE
        one = ask.number(2) if ask.argument(2) else None
        again = answer == "again"
        done = await staff_view.decide_unknown(ask.work, kept, by=ask.member, again=again, row_id=one)
        if isinstance(done, Refusal):
            return done
        head = ask.context.text(f"campaign_staff.lost.{answer}", count=done)
    found = await staff_view.unknown_ones(ask.work, kept, by=ask.member, limit=_MOST_UNKNOWN)
    return found if isinstance(found, Refusal) else _unknown(ask, kept, found, head)


def _unknown(ask: Ask, kept: Kept, found: list[Unknown], head: str) -> Done:
    if not found:
        none = head or ask.context.text("campaign_staff.lost.none")
        return Done("campaign_staff.card", {"card": safe(none)}, buttons=((_back(ask, kept),),), shown=True, deed=False)
    rows: list[tuple[Button, ...]] = []
    for one in found:
        named = {"name": one.name or "–"}
        again = Button(
            ask.context.label("campaign_staff.button.again", **named),
            data=f"k:campaignlost:0:{kept.id}:again:{one.row.id}",
        )
        there = Button(
            ask.context.label("campaign_staff.button.there", **named),
            data=f"k:campaignlost:0:{kept.id}:there:{one.row.id}",
        )
        rows.append((again, there))
    rows.append(
        (
            way(ask, "again_all", "campaignlost", kept.id, "again"),
            way(ask, "there_all", "campaignlost", kept.id, "there"),
        )
    )
    rows.append((_back(ask, kept),))
    said = ask.context.text("campaign_staff.lost.some", title=_title(ask, kept))
    card = safe(f"{head}\n\n{said}" if head else said)
    return Done("campaign_staff.card", {"card": card}, buttons=tuple(rows), shown=True, deed=False)


VERBS = (
    Verb("campaigns", on_campaigns, needs_case=False, menu=False),
    Verb("campaignview", on_view, needs_case=False, menu=False, command=False),
    Verb("campaigngo", on_go, needs_case=False, menu=False, command=False),
    Verb("campaignyes", on_yes, needs_case=False, menu=False, command=False),
    Verb("campaignback", on_send_back, needs_case=False, menu=False, command=False),
    Verb("campaigntry", on_try, needs_case=False, menu=False, command=False),
    Verb("campaignlost", on_unknown, needs_case=False, menu=False, command=False),
)
