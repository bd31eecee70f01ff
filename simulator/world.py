"""The simulated Telegram as one object: made, steered and looked at through its verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulator.clock import SimulatorClock
from simulator.methods.intake import start_courier
from simulator.state import Settings
from simulator.verbs.acting import ActingVerbs
from simulator.verbs.groups import GroupVerbs
from simulator.verbs.looking import LookingVerbs
from simulator.verbs.people import PeopleVerbs
from simulator.verbs.steering import SteeringVerbs

VERBS = (
    "add_bot",
    "add_person",
    "block",
    "unblock",
    "deactivate",
    "set_privacy",
    "commands",
    "add_group",
    "join_group",
    "leave_group",
    "set_bot_rights",
    "demote",
    "set_forum",
    "migrate_group",
    "topics",
    "add_topic",
    "delete_topic",
    "close_topic",
    "reopen_topic",
    "send",
    "send_album",
    "start",
    "edit",
    "delete_message",
    "tap",
    "tap_latest",
    "react",
    "messages",
    "wait_message",
    "callback_answers",
    "calls",
    "pending_updates",
    "stats",
    "now",
    "jump",
    "jump_to",
    "set_latency",
    "set_limits",
    "add_fault",
    "clear_faults",
    "set_deleted_topic",
    "push_update",
    "repeat_update",
)


@dataclass(eq=False)
class World(PeopleVerbs, GroupVerbs, ActingVerbs, LookingVerbs, SteeringVerbs):
    """A Telegram of one's own: bots, people and groups, with a clock that can be moved.

    ``World()`` starts at the present; ``World.starting(instant)`` elsewhere. It belongs to one event loop.
    """

    @classmethod
    def starting(cls, start: datetime | None = None, settings: Settings | None = None) -> World:
        """Make a world whose clock starts at an aware instant, or now."""
        return cls(clock=SimulatorClock(start), settings=settings or Settings())

    def open(self) -> None:
        """Take up the deliveries to webhooks again after ``close``."""
        for bot in self.bots.values():
            start_courier(self, bot)

    def close(self) -> None:
        """Stop the deliveries to webhooks."""
        for bot in self.bots.values():
            bot.webhook.stop()
