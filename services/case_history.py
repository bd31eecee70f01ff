"""What became of a case, step by step: every state, owner, priority and escalation with its author and time."""

from datetime import datetime
from typing import Any

from domain.cases import Case
from domain.people import ActorKind
from services import escalations
from services.work import Work
from storage.audit import AuditRow, list_of_subject
from storage.members import list_members
from storage.people import get_customer

_SHOWN = ("state", "owner_id", "priority", "level", "held_until_at", "ended_as", "merged_into", "confidential", "tag")


async def history_in_words(work: Work, case: Case, language: str) -> list[str]:
    """Return the steps of a case as lines of Telegram HTML, oldest first, and then those of its ladder."""
    names = {member.id: member.name for member in await list_members(work.tx, active=False)}
    customer = await get_customer(work.tx, case.customer_id)
    teller = _Teller(work, language, names, customer.name if customer else "?")
    lines = [teller.line(row) for row in await list_of_subject(work.tx, "case", case.id)]
    lines = [line for line in lines if line]
    ladder = await escalations.history_in_words(work, case, language)
    if ladder:
        lines += ["", work.texts.say("casework.history.ladder", language), *ladder]
    return lines


class _Teller:
    """Tells rows of the audit in one language."""

    def __init__(self, work: Work, language: str, names: dict[int, str], customer: str) -> None:
        self._work = work
        self._language = language
        self._names = names
        self._customer = customer

    def line(self, row: AuditRow) -> str:
        """Return one step, empty when nothing staff look for was changed by it."""
        what = [self._changed(name, row) for name in _SHOWN]
        told = " · ".join(words for words in what if words)
        if row.action == "case.open":
            told = self._word("opened")
        if not told:
            return ""
        at = self._work.texts.moment(row.at, self._language, zone=self._work.rules.zone, now=self._work.now)
        return self._work.texts.say("casework.history.line", self._language, at=at, who=self._who(row), what=told)

    def _changed(self, name: str, row: AuditRow) -> str:
        before, after = (row.before or {}).get(name), (row.after or {}).get(name)
        if before == after:
            return ""
        if name == "tag":
            return f"+ #{after}" if after else f"− #{before}"
        if name == "confidential":
            return self._word("confidential" if after else "not_confidential")
        if name == "merged_into":
            return ""
        if name == "held_until_at":
            return self._word("until", moment=self._moment(after)) if after else ""
        if name == "ended_as":
            return self._word(f"ended.{after}") if after else ""
        if name == "level":
            return self._word("level", level=after)
        return f"{self._value(name, before)} → {self._value(name, after)}"

    def _value(self, name: str, value: Any) -> str:
        if name == "owner_id":
            return self._names.get(value, "?") if value is not None else self._word("nobody")
        if value is None:
            return "–"
        key = f"desk.state.{value}" if name == "state" else f"desk.priority.{value}"
        return self._work.texts.button(key, self._language)

    def _moment(self, value: str) -> str:
        at = datetime.fromisoformat(value)
        return self._work.texts.moment(at, self._language, zone=self._work.rules.zone, now=self._work.now)

    def _who(self, row: AuditRow) -> str:
        if row.actor_kind == ActorKind.STAFF:
            return self._names.get(row.actor_id or 0, "?")
        if row.actor_kind == ActorKind.CUSTOMER:
            return self._customer
        return self._word(f"by.{row.actor_kind}")

    def _word(self, key: str, **values: Any) -> str:
        return self._work.texts.button(f"casework.history.{key}", self._language, **values)
