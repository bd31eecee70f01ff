"""Importing purchases: sales of another system, each key once, with points by the rules or, for the past, without."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from domain.earning import reckon
from domain.instants import from_ms, to_ms
from domain.outcomes import Refusal
from domain.people import SYSTEM
from domain.purchases import Purchase
from domain.tiers import tier_called
from services.imports import cells
from services.imports.columns import KEY_LETTERS, Layout, Row, Wrong, aliases_of, read_key
from services.imports.known import Known
from services.imports.outcomes import Outcome, Result
from services.imports.whom import look_up
from services.purchases import note_recorded, record_purchase
from services.tiers import reckon_tiers
from services.work import Work
from storage import imports as rows
from storage.imports import Run
from texts.tables import read_table

_CHANNEL_LETTERS = 32
_TOLD_FOR = timedelta(days=1)
"""Nobody is told of what an import brings of longer ago."""
_TAKEN = ("is recorded already with other content; mend the line, or give it an id of its own", "id")
_REFUSALS = {
    "purchase.refused.key_taken": _TAKEN,
    "purchase.refused.forgotten": ("was forgotten at their own wish; take the line out", "customer"),
}
_TOO_LITTLE = {
    "amount": "is not more than nothing; refunds are no purchases: leave them out here",
    "cost": "is less than nothing; write what the goods cost you",
}


class Purchases:
    """Imports purchases under keys of another system; without ``points`` they earn nothing and nobody is told."""

    def __init__(self, known: Known, *, points: bool = True) -> None:
        self._points = points
        self.least = 10 if points else 100
        self.layout = _layout(known)

    async def store(self, work: Work, lines: Sequence[Row], *, dry_run: bool) -> list[Outcome]:
        """Record the purchases of one slice; with ``dry_run`` nothing is written."""
        work = _soon_stale(work)
        people = await look_up(work, [row.values["customer"] for row in lines], lock=not (dry_run or self._points))
        recorded = await rows.list_recorded(work.tx, [row.key for row in lines])
        standing = await rows.follow_merges(work.tx, [known.customer_id for known in recorded.values()])
        tiers = await rows.list_tiers(work.tx, people.ids) if dry_run and self._points else None
        outcomes = []
        for row in lines:
            try:
                wish = _wish(row, people.one(row.values["customer"]), work)
                if known := recorded.get(row.key):
                    if not replace(known, customer_id=standing[known.customer_id]).is_told_again(wish):
                        raise Wrong(*_TAKEN)
                    outcomes.append(Outcome(row.line, Result.SAME))
                elif dry_run:
                    outcomes.append(Outcome(row.line, Result.NEW, _promise(work, wish, tiers)))
                elif self._points:
                    outcomes.append(Outcome(row.line, Result.NEW, await _record(work, wish)))
                else:
                    await _add(work, wish)
                    outcomes.append(Outcome(row.line, Result.NEW))
            except Wrong as wrong:
                value = str(row.values.get(wrong.column, row.key))
                outcomes.append(Outcome(row.line, Result.BAD, str(wrong), wrong.column, value))
        return outcomes

    async def finish(self, work: Work, run: Run, *, after_id: int, limit: int) -> int | None:
        """Let the tiers of those rise whose purchases earned nothing; with points that is done already."""
        if self._points:
            return None
        buyers = await rows.list_buyers(work.tx, since=run.started_at, after_id=after_id, limit=limit)
        await reckon_tiers(work, buyers, by=SYSTEM, quiet=True)
        return buyers[-1] if buyers else None

    def close(self) -> None:
        """Nothing was kept."""


def _soon_stale(work: Work) -> Work:
    """Return the same work under rules that tell nobody of what was longer ago than an import may speak of."""
    loyalty = work.rules.loyalty
    notices = replace(loyalty.notices, stale_after=min(_TOLD_FOR, loyalty.notices.stale_after))
    return replace(work, rules=replace(work.rules, loyalty=replace(loyalty, notices=notices)))


def _wish(row: Row, customer_id: int, work: Work) -> Purchase:
    values = row.values
    return Purchase(
        0,
        customer_id,
        row.key,
        from_ms(to_ms(values["bought_at"])),
        values["amount"],
        values["currency"],
        values.get("cost"),
        items=values.get("items"),
        channel=values.get("channel"),
        branch_id=values.get("branch_id"),
        noted_at=work.now,
    )


async def _record(work: Work, wish: Purchase) -> str:
    """Record a purchase as any other; returns what came of it."""
    done = await record_purchase(
        work,
        wish.customer_id,
        source_key=wish.source_key,
        bought_at=wish.bought_at,
        amount_minor=wish.amount_minor,
        currency=wish.currency,
        by=SYSTEM,
        cost_minor=wish.cost_minor,
        items=wish.items,
        channel=wish.channel,
        branch_id=wish.branch_id,
    )
    if isinstance(done, Refusal):
        raise Wrong(*_REFUSALS[done.key])
    return f"{done.entry.points:+,} points" if done.entry else ""


async def _add(work: Work, wish: Purchase) -> None:
    """Record a purchase that earns nothing with the next bulk write: what ``record_purchase`` does, but the tier."""
    purchase = await rows.add_purchase(work.tx, wish)
    await note_recorded(work, purchase, by=SYSTEM)


def _promise(work: Work, wish: Purchase, tiers: dict[int, str] | None) -> str:
    """Return what a purchase would earn as things stand, before the cap of a day."""
    loyalty = work.rules.loyalty
    if tiers is None or not loyalty.enabled or wish.currency != loyalty.currency:
        return ""
    tier = tier_called(loyalty.tiering, tiers[wish.customer_id])
    on = wish.bought_at.astimezone(work.rules.zone).date()
    working = reckon(loyalty.earning, tier, amount_minor=wish.amount_minor, currency=wish.currency, on=on)
    return f"about {working.points:+,} points"


def _layout(known: Known) -> Layout:
    rules = known.rules
    readers: dict[str, Any] = {
        "id": read_key,
        "customer": lambda cell: {"customer": cells.words(cell, letters=KEY_LETTERS)},
        "bought_at": lambda cell: {"bought_at": cells.instant(cell, zone=rules.zone, now=known.now)},
        "amount": lambda cell: {"amount": cell},
        "currency": lambda cell: {"currency": cells.currency(cell)},
        "cost": lambda cell: {"cost": cell},
        "items": lambda cell: {"items": cells.items(cell)},
        "channel": lambda cell: {"channel": cells.words(cell, letters=_CHANNEL_LETTERS)},
        "branch": lambda cell: {"branch_id": known.branch(cell)},
    }
    return Layout(
        readers,
        ("id", "customer", "bought_at", "amount"),
        aliases_of(list(readers), read_table("columns_purchases")),
        check=partial(_read_money, usual=rules.loyalty.currency),
    )


def _read_money(values: dict[str, Any], *, usual: str) -> None:
    """Turn what a line says in its currency into minor units of it."""
    currency = values.setdefault("currency", usual)
    for column, least in (("amount", 1), ("cost", 0)):
        if column in values:
            try:
                minor = cells.amount(values[column], currency)
            except Wrong as wrong:
                raise Wrong(str(wrong), column) from None
            if minor < least:
                raise Wrong(_TOO_LITTLE[column], column)
            values[column] = minor
