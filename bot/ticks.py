"""Clock ticks: they only ask the database what is due. What is due is answered the same after a restart."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.dispatcher import place_of
from campaigns import changes, delivery, planning, survey_plans, surveys
from domain.rules import Rules
from services import (
    api_keys,
    approvals,
    bans,
    casework,
    confidential,
    digest,
    drafts,
    earning,
    escalations,
    expiring,
    lag,
    notice_feed,
    outages,
    ownership,
    points,
    promises,
    retention,
    rhythm,
    sla_watch,
    statements,
    task_watch,
    tiers,
    views,
    vouchers,
    webhooks,
)
from services.campaigns import control, guests, reports, watching, winners
from services.work import Work
from storage.database import Database, Tx
from storage.outbox import clear_pauses
from texts import Texts

log = structlog.get_logger("ticks")

_SLICE = 100
_LOTS = 500
_PEOPLE = 20
"""How many people are told something in one transaction: each costs several statements."""
_AUDIENCE = 5_000
"""How many people of a campaign are planned in one transaction, which takes less than a tenth of a second."""
_MOST_SLICES = 10_000


@dataclass(frozen=True, slots=True)
class Tick:
    """One question asked every ``every_s`` seconds; ``ask`` answers how much it did, and is asked again until 0.

    Where much is to be read, ``reads`` does that first on a connection that only reads, and gives what is then asked
    instead, or ``None`` when there is nothing to do: so counting never holds the writer. ``then`` names the question
    that follows from something done, and is asked at once: what was opened is planned, what was planned is handed on.
    """

    name: str
    every_s: float
    ask: Callable[[Work], Awaitable[int]]
    reads: Callable[[Work], Awaitable[Callable[[Work], Awaitable[int]] | None]] | None = None
    then: str = ""


async def _clear_pauses(work: Work) -> int:
    await clear_pauses(work.tx, bot_id=work.bot_id, now=work.now)
    return 0


TICKS = (
    Tick("open_drafts", 2, lambda work: drafts.open_due(work, limit=_SLICE)),
    Tick("campaign_start", 2, control.start_due, then="campaign_open"),
    Tick("campaign_open", 2, planning.open_runs, then="campaign_plan"),
    Tick("campaign_plan", 2, lambda work: planning.plan_runs(work, limit=_AUDIENCE), then="campaign_feed"),
    Tick(
        "campaign_dated",
        60,
        lambda work: planning.plan_dated(work, limit=_LOTS),
        reads=lambda work: planning.look_dated(work, limit=_LOTS),
    ),
    Tick(
        "campaign_happened",
        60,
        lambda work: planning.plan_happened(work, limit=_LOTS),
        reads=lambda work: planning.look_happened(work, limit=_LOTS),
    ),
    Tick("campaign_feed", 1, lambda work: delivery.feed(work, limit=_SLICE)),
    Tick("campaign_faults", 5, delivery.watch_faults),
    Tick("campaign_cancelled", 5, control.give_up_cancelled),
    Tick("campaign_finish", 30, planning.finish, reads=planning.look_finished),
    Tick("campaign_watch", 2, watching.tell_new, reads=watching.look_new),
    Tick("campaign_watchers", 15, watching.tell_watchers, reads=watching.look),
    Tick("campaign_results", 2, reports.tell_results, reads=reports.look),
    Tick("campaign_winners", 300, winners.decide_winners, reads=winners.look),
    Tick("campaign_places", 60, guests.tell_placed, reads=guests.look),
    Tick("promises", 15, lambda work: promises.keep_promises(work, limit=_SLICE)),
    Tick("remind_tasks", 30, lambda work: task_watch.remind_due(work, limit=_SLICE)),
    Tick("task_progress", 15, lambda work: task_watch.send_progress(work, limit=_SLICE)),
    Tick("survey_cases", 60, lambda work: survey_plans.plan_cases(work, limit=_SLICE)),
    Tick("survey_purchases", 60, lambda work: survey_plans.plan_purchases(work, limit=_SLICE)),
    Tick("survey_events", 60, lambda work: survey_plans.plan_events(work, limit=_SLICE)),
    Tick("survey_waves", 60, lambda work: survey_plans.plan_waves(work, limit=_LOTS)),
    Tick("survey_reminders", 60, lambda work: survey_plans.plan_reminders(work, limit=_SLICE)),
    Tick("survey_feed", 5, lambda work: surveys.feed(work, limit=_PEOPLE)),
    Tick("survey_expiry", 60, lambda work: surveys.expire(work, limit=_SLICE)),
    Tick("adopt_cases", 15, lambda work: views.adopt_cases(work, limit=_SLICE)),
    Tick("show_unseen", 60, lambda work: confidential.show_unseen(work, limit=_SLICE)),
    Tick("watch_clocks", 15, lambda work: sla_watch.watch_clocks(work, limit=_PEOPLE)),
    Tick("climb_due", 15, lambda work: escalations.climb_due(work, limit=_SLICE)),
    Tick("end_due_holds", 15, lambda work: casework.end_due_holds(work, limit=_SLICE)),
    Tick("end_bans", 60, lambda work: bans.end_bans(work, limit=_PEOPLE)),
    Tick("send_digest", 60, digest.send_digest),
    Tick("give_unowned", 60, lambda work: ownership.give_unowned(work, limit=_SLICE)),
    Tick("close_forgotten", 60, lambda work: casework.close_forgotten(work, limit=_SLICE)),
    Tick("retention", 600, retention.apply_retention),
    Tick("write_off_expired", 600, lambda work: points.write_off_expired(work, limit=_SLICE)),
    Tick("review_tiers", 300, lambda work: tiers.review_tiers(work, limit=_SLICE)),
    Tick("warn_of_reviews", 60, lambda work: tiers.warn_of_reviews(work, limit=_SLICE)),
    Tick("reward_birthdays", 300, lambda work: earning.reward_birthdays(work, limit=_SLICE)),
    Tick("expire_vouchers", 60, lambda work: vouchers.expire_vouchers(work, limit=_SLICE)),
    Tick("expire_approvals", 60, lambda work: approvals.expire_approvals(work, limit=_SLICE)),
    Tick("tend_webhooks", 60, lambda work: webhooks.tend_webhooks(work, limit=_SLICE)),
    Tick("forget_answers", 600, lambda work: api_keys.forget_answers(work, limit=_SLICE)),
    Tick("note_expiring", 60, lambda work: expiring.note_expiring(work, limit=_LOTS)),
    Tick("plan_statements", 60, lambda work: statements.plan_statements(work, limit=_LOTS)),
    Tick("feed_notices", 2, lambda work: notice_feed.feed_notices(work, limit=_PEOPLE)),
    Tick(
        "warn_of_silence",
        3600,
        lambda work: rhythm.warn_of_silence(work, limit=_SLICE),
        reads=lambda work: rhythm.look(work, limit=_SLICE),
    ),
    Tick("forget_silence", 600, lambda work: rhythm.forget_silence(work, limit=_SLICE)),
    Tick("feed_changes", 5, lambda work: changes.feed(work, limit=_SLICE)),
    Tick("tell_outages", 15, outages.tell_outages),
    Tick("tell_lag", 15, lag.tell_lag),
    Tick("clear_pauses", 300, _clear_pauses),
)
_NAMED = {tick.name: tick for tick in TICKS}


class Ticks:
    """Runs every tick by the scheduler, and all of them at once when the clock was moved."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        bot_id: int,
        rules: Rules,
        texts: Texts,
        committed: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._rules = rules
        self._texts = texts
        self._committed = committed
        self._locks = {tick.name: asyncio.Lock() for tick in TICKS}
        self._jumped = asyncio.Event()
        clock.on_jump(self._jumped.set)

    async def run(self) -> None:
        """Tick until cancelled; everything is asked once at the start."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        options: dict[str, Any] = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        for tick in TICKS:
            scheduler.add_job(self.run_tick, "interval", [tick], seconds=tick.every_s, id=tick.name, **options)
        scheduler.start()
        try:
            while True:
                await self.run_all()
                await self._jumped.wait()
                self._jumped.clear()
        finally:
            scheduler.shutdown(wait=False)

    async def run_all(self) -> None:
        """Ask every question once."""
        for tick in TICKS:
            await self.run_tick(tick)

    async def run_tick(self, tick: Tick) -> None:
        """Ask one question until nothing more is due; a failure is logged and asked again at the next tick."""
        did = False
        async with self._locks[tick.name]:
            try:
                for _ in range(_MOST_SLICES):
                    ask = await self._read_first(tick)
                    if ask is None:
                        break
                    async with self._database.write() as tx:
                        done = await ask(self._work(tx))
                    if not done:
                        break
                    did = True
                    self._committed()
            except Exception as error:
                log.error("tick_failed", tick=tick.name, error=place_of(error))  # never its text: it may quote a person
        if did and tick.then:
            await self.run_tick(_NAMED[tick.then])

    async def _read_first(self, tick: Tick) -> Callable[[Work], Awaitable[int]] | None:
        """Return what is to be asked, ``None`` when what was read says that there is nothing to do."""
        if tick.reads is None:
            return tick.ask
        async with self._database.read() as tx:
            return await tick.reads(self._work(tx))

    def _work(self, tx: Tx) -> Work:
        return Work(tx, self._clock.now(), self._bot_id, self._rules, self._texts)
