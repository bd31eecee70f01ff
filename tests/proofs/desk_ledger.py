"""What must hold at the desk after a storm: no case claimed twice, no escalation missed, no clock counted twice."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.e2e.town import Json
from tests.proofs.desk_crowd import DeskCrowd
from tests.proofs.ledger import Ledger

_GRACE = timedelta(minutes=1)
_QUIET = ("warning",)


class DeskLedger(Ledger):
    """The foundation's ledger, and the desk's promises."""

    NAMES = (*Ledger.NAMES, "escalations", "sla_results", "staff_members")

    def faults(self) -> list[str]:
        """Return every broken promise in words; empty when all hold."""
        return [
            *super().faults(),
            *self._nobody_claimed_what_was_claimed(),
            *self._each_reason_was_heard(),
            *self._each_rung_told_its_people(),
            *self._no_rung_waits_unseen(),
            *self._each_missed_clock_was_handed_up(),
            *self._no_clock_counts_twice(),
        ]

    def figures(self) -> Json:
        """Return what happened, in numbers."""
        rungs = [row for row in self.tables["escalations"] if row.cause not in _QUIET]
        causes = Counter(row.cause for row in rungs)
        return {**super().figures(), "rungs": len(rungs), "breaches": causes["breach"], "taken": self._taken()}

    def _taken(self) -> int:
        return sum(row.ended_as == "taken" for row in self.tables["escalations"])

    def _nobody_claimed_what_was_claimed(self) -> Iterator[str]:
        for row in self.tables["audit"]:
            if row.action == "case.take" and (row.before or {}).get("owner_id") is not None:
                yield f"case {row.subject_id} was claimed by {row.actor_id} though it was somebody's"
        for case_id, count in Counter(r.case_id for r in self.tables["escalations"] if _open(r)).items():
            if count > 1:
                yield f"case {case_id} has {count} open escalations"

    def _each_reason_was_heard(self) -> Iterator[str]:
        """Each command that was done stands in one escalation; what was refused was refused aloud."""
        assert isinstance(self.crowd, DeskCrowd)
        reasons = Counter(row.reason for row in self.tables["escalations"] if row.cause == "hand")
        done = Counter(
            row.text.removeprefix("/escalate ")
            for row in self.tables["interactions"]
            if row.text.startswith("/escalate ")
        )
        for reason in self.crowd.handed_up:
            if reasons[reason] != done[reason] or reasons[reason] > 1:
                yield f"{reason!r} stands in {reasons[reason]} escalations, and {done[reason]} times on record"

    def _each_rung_told_its_people(self) -> Iterator[str]:
        """Whoever was to be told by name has a message of it, once a telling."""
        chats = {row.id: row.user_id for row in self.tables["staff_members"]}
        sent = [row for row in self.tables["outbox"] if row.purpose == "escalation" and row.target_kind == "member"]
        for row in sent:
            if row.state == "sent" and row.sent_chat_id != chats[row.target_ref]:
                yield f"row {row.id} was told in chat {row.sent_chat_id}"
        known = {row.dedupe_key: row for row in sent}
        for rung in self.tables["escalations"]:
            asked = rung.told if rung.ended_as != "joined" and rung.cause not in _QUIET else ()
            for member_id in asked:
                row = known.get(f"ladder:{rung.id}:0:m{member_id}")
                if row is None or row.state not in ("sent", "dropped"):
                    yield f"{member_id} was never told of escalation {rung.id}"

    def _no_rung_waits_unseen(self) -> Iterator[str]:
        now = datetime.fromisoformat(self.town.world.now())
        for row in self.tables["escalations"]:
            if _open(row) and row.answer_due_at is not None and row.answer_due_at < now - _GRACE:
                yield f"escalation {row.id} has waited since {row.answer_due_at}, and nobody was told"

    def _each_missed_clock_was_handed_up(self) -> Iterator[str]:
        now = datetime.fromisoformat(self.town.world.now())
        breached = {row.case_id for row in self.tables["escalations"] if row.cause == "breach"}
        for case in self.tables["cases"]:
            due_at = case.first_response_due_at
            live = case.state in ("new", "open")
            if live and case.first_response_at is None and due_at and due_at < now - _GRACE and case.id not in breached:
                yield f"case {case.id} is overdue since {due_at}, and was never handed up"

    def _no_clock_counts_twice(self) -> Iterator[str]:
        ran = [row for row in self.tables["sla_results"] if row.ended_at > row.started_at]  # else: within one batch
        clocks = Counter((row.case_id, row.kind, row.started_at) for row in ran)
        yield from (f"the clock {clock} ended {count} times" for clock, count in clocks.items() if count > 1)


def _open(row: object) -> bool:
    return getattr(row, "ended_at", None) is None and getattr(row, "cause", "") not in _QUIET
