"""Verbs that steer the world: time, latency, limits, faults, hand-made updates."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from simulator.errors import ControlError
from simulator.limits import Limits
from simulator.model import Json
from simulator.state import State

_DELETED_TOPIC = ("message thread not found", "TOPIC_DELETED", "general")


class SteeringVerbs(State):
    """Time, trouble and raw updates come from here."""

    def now(self) -> str:
        """Return the present instant in ISO form, UTC."""
        return self.clock.now().isoformat()

    def jump(self, seconds: float) -> str:
        """Move the clock forward and return the new instant in ISO form."""
        return self.clock.jump(seconds).isoformat()

    def jump_to(self, iso: str | datetime) -> str:
        """Move the clock forward to an instant (ISO form with an offset) and return it."""
        instant = iso if isinstance(iso, datetime) else datetime.fromisoformat(iso)
        return self.clock.jump_to(instant).isoformat()

    def set_latency(self, seconds: float) -> None:
        """Have every call take so many real seconds longer."""
        self.latency_s = seconds

    def set_limits(self, **numbers: Any) -> Json:
        """Change the flood limits, ``enabled`` among them, and return them all."""
        known = {field.name for field in fields(Limits)}
        for name, value in numbers.items():
            if name not in known:
                raise ControlError(f"no such limit: {name}; known: {', '.join(sorted(known))}")
            setattr(self.limits, name, value)
        return asdict(self.limits)

    def add_fault(self, kind: str, method: str = "*", **plan: Any) -> None:
        """Plan a fault; the arguments are those of ``FaultPlan.add``."""
        self.faults.add(kind=kind, method=method, **plan)

    def clear_faults(self) -> None:
        """Forget the planned faults."""
        self.faults.clear()

    def set_deleted_topic(self, outcome: str) -> None:
        """Choose what a send to a deleted topic meets: one of two refusals, or ``"general"``.

        ``"general"`` puts the message silently into the General topic, as Telegram has done.
        """
        if outcome not in _DELETED_TOPIC:
            raise ControlError(f"outcome is one of {', '.join(_DELETED_TOPIC)}")
        self.deleted_topic = outcome

    def push_update(self, update: Json, token: str | None = None) -> int | None:
        """Queue a hand-made, even malformed, update; without an ``update_id`` it gets the next one."""
        return self.bot(token).queue.put_raw(update)

    def repeat_update(self, update_id: int, token: str | None = None) -> None:
        """Deliver an update once more under its old id."""
        if not self.bot(token).queue.repeat(update_id):
            raise ControlError(f"no update {update_id} is remembered")
