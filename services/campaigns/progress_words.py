"""How far a campaign is, in words for staff."""

from collections.abc import Mapping

from domain.campaigns import CampaignState
from services.campaigns.book import Kept
from services.campaigns.plain_words import title_words
from services.campaigns.progress import Progress
from services.campaigns.why import why_key
from services.work import Work
from texts.catalogue import safe
from texts.days import bar, number_in_words

_MOST_REASONS = 4
_CELLS = 12


def progress_in_words(work: Work, kept: Kept, found: Progress, language: str) -> str:
    """Return how far a campaign is, as Telegram HTML of some lines."""
    say = work.texts.say

    def number(count: int) -> str:
        return number_in_words(count, language)

    state = work.texts.button(f"campaign_results.state.{kept.state}", language)
    lines = [
        say("campaign_results.watch.head", language, title=title_words(work, kept.campaign, language), state=state)
    ]
    if found.total:
        drawn = bar(found.settled, found.total, cells=_CELLS)
        share = found.settled * 100 // found.total
        lines.append(say("campaign_results.watch.bar", language, bar=drawn, share=share))
    on_way = found.queued + found.sending
    counts = {"sent": number(found.sent), "total": number(found.total), "planned": number(found.planned)}
    lines.append(say("campaign_results.watch.counts", language, on_way=number(on_way), **counts))
    lines.append(
        say("campaign_results.watch.taps", language, answered=number(found.answered), clicked=number(found.clicked))
    )
    if found.held:
        lines.append(_reasons(work, "held", found.held, language))
    if found.skipped:
        lines.append(_reasons(work, "skipped", found.skipped, language))
    if found.failed or found.unknown:
        failed, unknown = number(sum(found.failed.values())), number(found.unknown)
        lines.append(
            say(
                "campaign_results.watch.failed",
                language,
                failed=failed,
                blocked=number(found.blocked),
                unknown=unknown,
            )
        )
    if end := _end(work, kept, found, language):
        lines.append(end)
    return "\n".join(lines)


def _reasons(work: Work, name: str, counts: Mapping[str, int], language: str) -> str:
    """Return a line of how many, and the commonest reasons."""
    known = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = [
        work.texts.say(
            "campaign_results.watch.reason",
            language,
            why=work.texts.button(why_key(why), language),
            n=number_in_words(count, language),
        )
        for why, count in known[:_MOST_REASONS]
    ]
    total = number_in_words(sum(counts.values()), language)
    return work.texts.say(f"campaign_results.watch.{name}", language, n=total, reasons=safe(" · ".join(parts)))


def _end(work: Work, kept: Kept, found: Progress, language: str) -> str:
    """Return when it will be through, or what it waits for; nothing when there is nothing to say."""
    if kept.state is not CampaignState.RUNNING:
        return ""
    if found.planning:
        return work.texts.say("campaign_results.watch.planning", language)
    moments = {"waits": found.paused_until, "finish": found.finish_at}
    return "\n".join(
        work.texts.say(
            f"campaign_results.watch.{key}",
            language,
            at=work.texts.moment(at, language, zone=work.rules.zone, now=work.now),
        )
        for key, at in moments.items()
        if at is not None
    )
