"""Is what the program kept what was counted? Every message, every asking with its answers, every figure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.outcomes import Refusal
from domain.people import SYSTEM
from services.surveys.results import Results, results
from services.work import Work
from storage.tables import deliveries, outbox, survey_answers, survey_responses
from tests.proofs.survey_count import Count
from tests.proofs.survey_ledger import SKIPPED, Reply, Slip, Value
from tests.proofs.survey_play import Play, of_all
from tests.proofs.survey_world import EPOCH

_MOST = 12
"""So many differences of one kind are told."""
Key = tuple[Any, ...]


def _minute(at: datetime | None) -> int | None:
    return None if at is None else round((at - EPOCH).total_seconds() / 60)


class Check:
    """Compares one stage with the count."""

    def __init__(self, play: Play, count: Count) -> None:
        self._play = play
        self._count = count
        self.figures: dict[str, Any] = {}

    async def faults(self, work: Work) -> list[str]:
        """Return every difference in words; empty when there is none."""
        found = [*self._play.faults[:_MOST], *self._play.stage.faults[:_MOST]]
        found += _differences("message", await self._kept_slips(work), dict(self._counted_slips()))
        found += _differences("asking", await self._kept_replies(work), dict(self._counted_replies()))
        found += _differences("answers", await self._kept_answers(work), dict(self._counted_answers()))
        found += [fault async for fault in self._messages(work)]
        for key in self._count.paper:
            found += await self._figures(work, key)
        return found

    # --- messages

    def _counted_slips(self) -> Iterator[tuple[Key, Key]]:
        for slip in self._count.slips():
            yield (slip.guest, slip.campaign, slip.occasion), _slip(slip)

    async def _kept_slips(self, work: Work) -> dict[Key, Key]:
        kept = {}
        for row in (await work.tx.execute(select(deliveries))).all():
            name = await self._play.name_of(work, row.occasion)
            due = _minute(row.due_at) if row.state == "planned" else None
            reason = None if row.state == "sent" else row.reason
            key = (row.customer_id, row.campaign, name)
            kept[key] = (row.state, reason, _minute(row.queued_at), due, _minute(row.late_after_at))
        return kept

    async def _messages(self, work: Any) -> Any:
        """Yield unless each invitation and reminder is exactly one message, made when its delivery was queued."""
        rows = await work.tx.execute(
            select(deliveries.c.id, deliveries.c.queued_at, outbox.c.created_at, outbox.c.purpose, outbox.c.target_ref)
            .select_from(deliveries.outerjoin(outbox, outbox.c.delivery_id == deliveries.c.id))
            .where(deliveries.c.campaign.startswith("survey:"))
        )
        told: Counter[int] = Counter()
        for row in rows.all():
            told[row.id] += row.created_at is not None
            if row.created_at != row.queued_at:
                yield f"delivery {row.id}: queued at {row.queued_at}, its message is of {row.created_at}"
        for delivery_id, count in told.items():
            if count > 1:
                yield f"delivery {delivery_id} has {count} messages"

    # --- askings

    def _counted_replies(self) -> Iterator[tuple[Key, Key]]:
        for reply in self._count.replies():
            yield (
                (reply.guest, reply.paper.key, reply.occasion),
                (
                    reply.paper.version,
                    reply.asked,
                    reply.state,
                    reply.ended,
                    reply.started,
                    reply.score,
                    reply.low,
                    reply.opened,
                    reply.case,
                    reply.remind if reply.state == "open" else None,
                    reply.expires,
                ),
            )

    async def _kept_replies(self, work: Work) -> dict[Key, Key]:
        kept = {}
        for row in (await work.tx.execute(select(survey_responses))).all():
            kept[await self._key(work, row)] = (
                row.version,
                _minute(row.asked_at),
                row.state,
                _minute(row.ended_at),
                _minute(row.answered_at),
                row.score,
                _minute(row.low_at),
                await self._case(work, row, row.opened_case_id),
                await self._case(work, row, row.case_id),
                _minute(row.remind_at) if row.state == "open" else None,
                _minute(row.expires_at),
            )
        return kept

    async def _key(self, work: Work, row: Any) -> Key:
        occasion = of_all(row.occasion, row.customer_id)
        return row.customer_id, row.survey, await self._play.name_of(work, occasion)

    async def _case(self, work: Work, row: Any, case_id: int | None) -> str | None:
        """Return how the count calls a case; one that nobody has named yet by the asking that opened it first."""
        if case_id is None:
            return None
        if f"case:{case_id}" not in self._play.names:
            first = await work.tx.execute(
                select(survey_responses)
                .where(survey_responses.c.opened_case_id == case_id)
                .order_by(survey_responses.c.low_at.is_(None), survey_responses.c.low_at, survey_responses.c.id)
            )
            guest, survey, occasion = await self._key(work, first.first())
            self._play.names[f"case:{case_id}"] = f"low:{guest}/{survey}/{occasion}"
        return self._play.names[f"case:{case_id}"]

    # --- answers

    def _counted_answers(self) -> Iterator[tuple[Key, Key]]:
        for reply in self._count.replies():
            counting = reply.counting()
            for question, value in reply.answers.items():
                yield (reply.guest, reply.paper.key, reply.occasion, question), (value, question in counting)

    async def _kept_answers(self, work: Work) -> dict[Key, Key]:
        rows = await work.tx.execute(
            select(
                survey_answers, survey_responses.c.survey, survey_responses.c.occasion, survey_responses.c.customer_id
            )
            .join(survey_responses, survey_responses.c.id == survey_answers.c.response_id)
            .where(survey_answers.c.replaced_at.is_(None))
        )
        kept: dict[Key, Key] = {}
        for row in rows.all():
            key = (*await self._key(work, row), row.question)
            assert key not in kept, f"{key} has two standing answers"
            kept[key] = (_value(row), bool(row.counts))
        return kept

    # --- figures

    async def _figures(self, work: Work, key: str) -> list[str]:
        """Compare the figures that a business reads with those counted from the replies."""
        found = await results(work, key, by=SYSTEM)
        if isinstance(found, Refusal):
            return [f"{key} has no results: {found}"]
        counted = self._funnel(key)
        shown = {name: getattr(found, name) for name in counted}
        faults = [
            f"{key}: {name} is {shown[name]}, counted {counted[name]}"
            for name in counted
            if shown[name] != counted[name]
        ]
        rate = counted["started"] / counted["asked"] if counted["asked"] else None
        if not _alike(found.response_rate.value, rate) or found.response_rate.n != counted["asked"]:
            faults.append(f"{key}: response rate {found.response_rate}, counted {rate} of {counted['asked']}")
        faults += self._scores(key, found)
        self.figures[key] = {**counted, **{f"{of} {key}": value for of, value in self._told(key, found).items()}}
        return faults

    def _told(self, key: str, found: Results) -> dict[str, str]:
        return {
            f"{one.estimate.method} of {one.key}": f"{one.estimate.value:.3f} (n {one.estimate.n})"
            for one in found.questions
            if one.estimate is not None and one.estimate.value is not None
        }

    def _asked(self, key: str) -> list[Reply]:
        return [reply for reply in self._count.replies() if reply.paper.key == key and _came(reply)]

    def _funnel(self, key: str) -> dict[str, int]:
        asked = self._asked(key)
        states = Counter(reply.state for reply in asked)
        return {
            "asked": len(asked),
            "started": sum(reply.started is not None for reply in asked),
            "finished": states["finished"],
            "stopped": states["stopped"],
            "expired": states["expired"],
            "open": states["open"],
        }

    def _scores(self, key: str, found: Results) -> Iterator[str]:
        given: dict[str, list[int]] = defaultdict(list)
        kinds = {one["key"]: one["kind"] for one in self._count.paper[key].questions}
        for reply in self._asked(key):
            for question, value in reply.counting().items():
                if value != SKIPPED and kinds[question] in ("nps", "csat", "ces"):
                    given[question].append(value)
        shown = {one.key: one.estimate for one in found.questions if one.estimate is not None}
        for question, values in given.items():
            score = _score(kinds[question], values)
            estimate = shown[question]
            if estimate.n != len(values) or not _alike(estimate.value, score):
                yield f"{key}.{question}: {estimate}, counted {score} of {len(values)}"
            if estimate.low is None or estimate.high is None or not estimate.low <= score <= estimate.high:
                yield f"{key}.{question}: the interval of {estimate} leaves {score} out"


def _came(reply: Reply) -> bool:
    """Tell whether an asking reached its guest: it was sent, or it was dealt with, perhaps after its reminder."""
    return reply.slip.state == "sent" or reply.started is not None or reply.state in ("finished", "stopped")


def _slip(slip: Slip) -> Key:
    due = slip.due if slip.state == "planned" else None
    return slip.state, slip.reason, slip.queued, due, slip.late


def _value(row: Any) -> Value:
    if row.skipped:
        return SKIPPED
    if row.kind == "choice":
        return row.choices[0]
    if row.kind == "multi_choice":
        return tuple(row.choices)
    return row.text if row.kind == "text" else row.number


def _score(kind: str, values: list[int]) -> float:
    n = len(values)
    if kind == "nps":
        return 100 * (sum(value > 8 for value in values) - sum(value < 7 for value in values)) / n
    if kind == "csat":
        return sum(value > 3 for value in values) / n
    return sum(values) / n


def _alike(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) < 1e-9)


def _differences(what: str, kept: Mapping[Key, Key], counted: Mapping[Key, Key]) -> list[str]:
    found = [
        f"{what} {key}: kept {kept.get(key)}, counted {counted.get(key)}"
        for key in sorted(kept.keys() | counted.keys(), key=str)
        if kept.get(key) != counted.get(key)
    ]
    return [*found[:_MOST], *([f"… and {len(found) - _MOST} more {what}s"] if len(found) > _MOST else [])]
