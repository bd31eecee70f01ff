"""The year lived through by the program: planned, fed, paused, killed; then held against what was counted by hand."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from campaigns import delivery, planning
from domain.calendars import QuietHours
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.rules import Rules
from services.campaigns import book, control
from services.campaigns.document import read_values
from services.work import Work
from storage import tables
from storage.campaign_optouts import add_optout
from storage.database import Database, open_database
from tests.proofs.campaign_count import Count, Slip
from tests.proofs.campaign_world import SHOP_ZONE, Care, Guest, World, instant_of
from tests.services.shop import BOT
from texts import Texts

_SLICE = 2_000
_FEED = 400
_MOST_ASKED = 10_000


class PowerCut(Exception):
    """The program was killed in the middle of a transaction."""


@dataclass(slots=True)
class Result:
    """What came of a year."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


class Year:
    """One run of a made-up year on one database; ``cuts`` is the share of transactions that are killed."""

    def __init__(self, url: str, world: World, *, cuts: float, texts: Texts | None = None) -> None:
        self.database: Database = open_database(url)
        self.world = world
        self.cut_count = 0
        self._url = url
        self._cuts = cuts
        self._chance = Random(world.seed)
        self._texts = texts or Texts()
        usual = Rules(business_name="Tailor & Son", zone=ZoneInfo(SHOP_ZONE))
        self._rules = replace(
            usual,
            quiet=QuietHours(time(21), time(8)),
            contact=replace(usual.contact, unbudgeted=()),
            campaigns=replace(usual.campaigns, shipped=(), per_second=100_000),
        )
        self._purchases = 0
        self._complaints: dict[int, list[int]] = {}

    @asynccontextmanager
    async def _working(self, minute: int) -> AsyncIterator[Work]:
        async with self.database.write() as tx:
            yield Work(tx, instant_of(minute), BOT, self._rules, self._texts)

    async def live(self, *, progress: Callable[[float], None] | None = None) -> None:
        """Live through all looks at the clock."""
        async with self._working(0) as work:
            for care in self.world.campaigns:
                added = await book.add_campaign(work, read_values(document_of(care), name=care.key), by=SYSTEM)
                assert not isinstance(added, Refusal), added
        deeds = sorted(
            [(deed[0], guest.id, nth, deed) for guest in self.world.guests for nth, deed in enumerate(guest.deeds)]
        )
        joins = sorted(self.world.guests, key=lambda guest: guest.joined)
        for nth, minute in enumerate(self.world.ticks):
            async with self.database.write() as tx:
                while joins and joins[0].joined <= minute:
                    await _join(tx, joins.pop(0))
                while deeds and deeds[0][0] <= minute:
                    await self._does(tx, deeds[0][1], deeds[0][3])
                    deeds.pop(0)
            await self._staff(minute)
            await self._look(minute)
            if progress is not None and nth % 50 == 0:
                progress(nth / len(self.world.ticks))

    async def _staff(self, minute: int) -> None:
        """Let marketers start, pause, resume and cancel what is to be now."""
        for care in self.world.campaigns:
            if minute not in (care.cancelled, care.launched_look, *(end for pause in care.pauses for end in pause)):
                continue
            async with self._working(minute) as work:
                done: Any = None
                if care.cancelled == minute:
                    done = await control.cancel(work, care.key, by=SYSTEM)
                elif care.launched_look == minute:
                    done = await control.launch(work, care.key, by=SYSTEM)
                elif any(begin == minute for begin, _ in care.pauses) and await self._is(work, care, "running"):
                    done = await control.pause(work, care.key, by=SYSTEM)
                elif any(end == minute for _, end in care.pauses) and await self._is(work, care, "paused"):
                    done = await control.resume(work, care.key, by=SYSTEM)
                # what was to be started after its day is refused, and stays a draft
                assert not isinstance(done, Refusal) or await self._is(work, care, "draft"), done

    async def _is(self, work: Work, care: Care, state: str) -> bool:
        kept = await book.get_campaign(work, care.key)
        return kept is not None and kept.state.value == state

    async def _look(self, minute: int) -> None:
        await self._ask(minute, control.start_due)
        await self._ask(minute, control.give_up_cancelled)
        await self._ask(minute, planning.open_runs)
        await self._ask(minute, lambda work: planning.plan_runs(work, limit=_SLICE))
        await self._ask(minute, lambda work: planning.plan_dated(work, limit=_SLICE))
        await self._ask(minute, lambda work: planning.plan_happened(work, limit=_SLICE))
        await self._ask(minute, lambda work: delivery.feed(work, limit=_FEED), after=self._send)

    async def _ask(self, minute: int, tick: Any, *, after: Any = None) -> None:
        """Ask a tick until nothing is left; now and then the power fails before the commit, and it is asked again."""
        for _ in range(_MOST_ASKED):
            try:
                async with self._working(minute) as work:
                    done = await tick(work)
                    if done and self._chance.random() < self._cuts:
                        raise PowerCut
            except PowerCut:
                await self._restart()
                continue
            if not done:
                return
            if after is not None:
                await after(minute)
        raise AssertionError("a tick never came to its end")

    async def _restart(self) -> None:
        self.cut_count += 1
        await self.database.close()
        self.database = open_database(self._url)

    async def _send(self, minute: int) -> None:
        """Let what was handed over arrive."""
        at = instant_of(minute)
        async with self.database.write() as tx:
            queued = tables.outbox.c.state == "queued"
            await tx.execute(update(tables.outbox).where(queued).values(state="sent", settled_at=at))
            waiting = tables.deliveries.c.state == "queued"
            await tx.execute(update(tables.deliveries).where(waiting).values(state="sent", settled_at=at))

    async def _does(self, tx: Any, number: int, deed: tuple[int, str, Any]) -> None:
        minute, what, value = deed
        at = instant_of(minute)
        if what == "buys":
            self._purchases += 1
            row = {"id": self._purchases, "customer_id": number, "source_key": f"s{self._purchases}", "bought_at": at}
            await tx.execute(insert(tables.purchases).values(**row, amount_minor=900, currency="CNY", noted_at=at))
        elif what == "consent":
            kind, given, until = value
            await _consent(tx, number, kind, given, instant_of(until) if until is not None else None, at)
        elif what == "opts_out":
            await add_optout(tx, number, value, now=at)
        elif what == "complains":
            case_id = number * 1000 + len(self._complaints.setdefault(number, []))
            case = {"id": case_id, "number": case_id, "customer_id": number, "kind": "complaint", "state": "open"}
            await tx.execute(insert(tables.cases).values(**case, opened_at=at))
            self._complaints[number].append(case_id)
        elif what == "is_content":
            done = {"state": "closed", "resolved_at": at, "closed_at": at, "resolutions": 1}
            case_id = self._complaints[number].pop()
            await tx.execute(update(tables.cases).where(tables.cases.c.id == case_id).values(**done))
        elif what == "corrects":
            his = tables.customers.c.id == number
            await tx.execute(update(tables.customers).where(his).values(**_birth(value)))
        elif what == "moves":
            his = tables.customers.c.id == number
            await tx.execute(update(tables.customers).where(his).values(zone=value))
        else:
            reach = "reachable" if what == "unblocks" else "blocked"
            his = tables.contact_points.c.customer_id == number
            await tx.execute(update(tables.contact_points).where(his).values(reach=reach))

    async def compare(self, count: Count) -> Result:
        """Hold every row against the count, person by person and look by look."""
        columns = tables.deliveries.c
        names = ("campaign", "occasion", "customer_id", "state", "reason", "queued_at", "variant")
        async with self.database.read() as tx:
            rows = list(await tx.execute(select(*(columns[name] for name in names))))
        real = {(row.campaign, row.occasion, row.customer_id): row for row in rows}
        faults = [f"{name}: planned by nobody's count" for name in real.keys() - count.slips.keys()]
        faults += [f"{name}: counted, and not planned" for name in count.slips.keys() - real.keys()]
        for name in sorted(real.keys() & count.slips.keys()):
            given, wanted = _told(real[name]), _wanted(count.slips[name])
            if given != wanted:
                faults.append(f"{name}: {given}, counted {wanted}")
        figures: dict[str, Any] = {
            "guests": len(self.world.guests),
            "campaigns": len(self.world.campaigns),
            "looks at the clock": len(self.world.ticks),
            "messages": sum(row.state == "sent" for row in rows),
            "power cuts": self.cut_count,
        }
        why = Counter(row.reason for row in rows if row.state == "skipped")
        return Result(faults, figures | {f"not told: {reason}": number for reason, number in sorted(why.items())})


_SAME = {"birthday_changed": "changed", "quiet_hours": "late"}


def _told(row: Any) -> tuple[str, str | None, datetime | None, str | None]:
    sent_at = row.queued_at if row.state == "sent" else None
    reason = _SAME.get(row.reason, row.reason) if row.state == "skipped" else None
    return row.state, reason, sent_at, row.variant if sent_at else None


def _wanted(slip: Slip) -> tuple[str, str | None, datetime | None, str | None]:
    reason = slip.reason if slip.state == "skipped" else None
    return slip.state, reason, slip.sent_at, slip.variant if slip.sent_at else None


async def _join(tx: Any, guest: Guest) -> None:
    at = instant_of(guest.joined)
    row = {"id": guest.id, "name": f"Guest {guest.id}", "language": guest.language, "zone": guest.zone}
    await tx.execute(
        insert(tables.customers).values(**row, **_birth(guest.birth), code=f"G{guest.id:05}", created_at=at)
    )
    point = {"id": guest.id, "customer_id": guest.id, "bot_id": BOT, "chat_id": 10_000 + guest.id}
    await tx.execute(insert(tables.contact_points).values(**point, reach="reachable", reach_since_at=at))
    for kind, given in (("care", guest.care), ("offers", guest.offers)):
        if given is not None:
            await _consent(tx, guest.id, kind, given, None, at)


async def _consent(tx: Any, number: int, kind: str, given: bool, until: datetime | None, at: datetime) -> None:
    values = {"given": given, "until_at": until, "changed_at": at}
    made = tx.insert(tables.consents).values(customer_id=number, kind=kind, notice_version=1, **values)
    await tx.execute(made.on_conflict_do_update(index_elements=["customer_id", "kind"], set_=values))


def _birth(birth: Any) -> dict[str, Any]:
    calendar, month, day = birth or ("solar", None, None)
    return {"birth_calendar": calendar, "birth_month": month, "birth_day": day}


def document_of(care: Care) -> dict[str, Any]:
    """Return a campaign as its document is written."""
    when: dict[str, Any] = {"occasion": care.kind, "late_after": f"{care.late}m"}
    given = {
        "at": f"{care.at:%H:%M}" if care.at and care.kind != "cron" else None,
        "holiday": care.holiday,
        "on": care.on.isoformat() if care.on else None,
        "lead_days": care.lead,
        "after": f"{care.after}m" if care.after else None,
        "jitter": f"{care.jitter}m" if care.jitter else None,
        "weekdays": [("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day - 1] for day in care.weekdays],
        "cron": "40 20 5 * *" if care.kind == "cron" else None,
        "every": "month" if care.kind == "every" else None,
        "day": care.day if care.kind == "every" else None,
    }
    when |= {name: value for name, value in given.items() if value}
    solemn = care.holiday == "qingming"
    document: dict[str, Any] = {
        "key": care.key,
        "fallback": "en",
        "title": {"en": care.key},
        "consent": care.consent,
        "priority": care.priority,
        "solemn": solemn,
        "when": when,
        "learning": {"holdout": care.holdout / 1000},
    }
    if care.language is not None:
        document["segment"] = f'language = "{care.language}"'
    if len(care.variants) > 1:
        document["variants"] = [
            {"key": key, "weight": weight, "text": {"en": f"{key} for {{{{ name }}}}"}} for key, weight in care.variants
        ]
    else:
        document["text"] = {"en": "Dear {{ name }}"}
    return json.loads(json.dumps(document))  # type: ignore[no-any-return]


async def live_through(
    url: str,
    world: World,
    *,
    cuts: float = 0.01,
    texts: Texts | None = None,
    progress: Callable[[float], None] | None = None,
) -> Result:
    """Count a year, let the program live through it on the database at ``url``, and compare."""
    count = Count(world).run()
    year = Year(url, world, cuts=cuts, texts=texts)
    try:
        await year.live(progress=progress)
        return await year.compare(count)
    finally:
        await year.database.close()


def span_of(world: World) -> timedelta:
    """Return how long the made-up time lasts."""
    return timedelta(minutes=world.ticks[-1])
